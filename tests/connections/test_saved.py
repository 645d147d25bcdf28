"""Connections saved by this program: without their secrets, and used by name like the others."""

from __future__ import annotations

import os
import stat
import threading
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from keyring.backends import chainer, fail, null

from core.connections import discovery, keyring_store, saved
from core.connections.secrets import Secret, reveal
from core.errors import LocalResourceError, UsageError
from core.preview.browser import Explorer
from tests.support.keyrings import AskingKeyring, LockedKeyring, MemoryKeyring, using
from tests.support.waiting import AT_ONCE

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

PARAMETERS = {
    "account": 'my"account\\',
    "user": "üser\t\x7f",
    "port": 443,
    "oauth_disable_pkce": True,
    "password": Secret("hunter2"),
    "role": "",
    "warehouse": None,
}


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in list(os.environ):
        if variable.startswith(("SNOWFLAKE", "XDG_")):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AMPLIFY_CONFIG_DIR", str(tmp_path / "config"))
    return tmp_path / "config" / "connections.toml"


@pytest.fixture
def keyring() -> Iterator[MemoryKeyring]:
    backend = MemoryKeyring()
    with using(backend):
        yield backend


def shown(name: str) -> dict[str, object]:
    return {key: reveal(value) for key, value in discovery.resolve(name).parameters.items()}


class TestRemembering:
    def test_by_name_everywhere(self, keyring: MemoryKeyring, own: Path) -> None:
        assert saved.remember(" prod ", PARAMETERS) == saved.Remembered()
        expected = {k: reveal(v) for k, v in PARAMETERS.items() if v}
        assert shown("prod") == expected
        connection = discovery.list_connections()["prod"]
        assert (connection.own, connection.origin) == (True, own)
        assert list(saved.list_own_connections()) == ["prod"]

    def test_no_secret_is_in_the_file(self, keyring: MemoryKeyring, own: Path) -> None:
        saved.remember("prod", {**PARAMETERS, "token": "hunter3"})
        assert "hunter" not in own.read_text()
        assert stat.S_IMODE(own.stat().st_mode) == 0o600
        assert sorted(keyring.kept.values()) == ["hunter2", "hunter3"]
        assert "hunter" not in repr(discovery.resolve("prod"))

    def test_listing_does_not_ask_the_keyring(self, keyring: MemoryKeyring) -> None:
        saved.remember("prod", PARAMETERS)
        with using(LockedKeyring()):
            assert discovery.list_connections()["prod"].parameters["password"]
            with pytest.raises(LocalResourceError, match="KeyringLocked"):
                shown("prod")

    def test_a_second_one_and_a_new_first_one(self, keyring: MemoryKeyring) -> None:
        saved.remember("prod", PARAMETERS)
        saved.remember("a.b [c]", {"account": "x"})
        saved.remember("prod", {"account": "y", "token": Secret("t")})
        assert shown("prod") == {"account": "y", "token": "t"}
        assert shown("a.b [c]") == {"account": "x"}
        assert list(keyring.kept.values()) == ["t"]

    def test_what_was_added_to_the_file_by_hand_stays(
        self, keyring: MemoryKeyring, own: Path
    ) -> None:
        saved.remember("prod", PARAMETERS)
        added = """
[by-hand]
account = "x"
login_timeout = 1.5
since = 2024-01-31
[by-hand.session_parameters]
QUERY_TAG = "t"
"""
        own.write_text(own.read_text() + added)
        saved.remember("test", {"account": "y"})
        tables = tomllib.loads(own.read_text())
        assert tables["by-hand"] == tomllib.loads(added)["by-hand"]
        saved.forget("test")
        assert list(tomllib.loads(own.read_text())) == ["by-hand", "prod"]

    def test_the_environment_wins(
        self, keyring: MemoryKeyring, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        saved.remember("prod", PARAMETERS)
        monkeypatch.setenv("SNOWFLAKE_CONNECTIONS_PROD_PASSWORD", "other")
        keyring.kept.clear()
        assert shown("prod")["password"] == "other"

    def test_snowflakes_files_win_and_keep_their_names(
        self, keyring: MemoryKeyring, own: Path, tmp_path: Path
    ) -> None:
        saved.remember("prod", {"account": "ours"})
        theirs = tmp_path / ".snowflake" / "connections.toml"
        theirs.parent.mkdir()
        theirs.write_text('[prod]\naccount = "theirs"\n')
        theirs.chmod(0o600)
        assert shown("prod") == {"account": "theirs"}
        before = theirs.read_bytes()
        with pytest.raises(UsageError, match="already"):
            saved.remember("prod", {"account": "ours"})
        with pytest.raises(UsageError, match="not saved by this program"):
            saved.forget("prod")
        assert theirs.read_bytes() == before

    @pytest.mark.parametrize("name", ["", "  ", "a\nb", "environment"])
    def test_names_that_cannot_be(self, keyring: MemoryKeyring, name: str, own: Path) -> None:
        with pytest.raises(UsageError):
            saved.remember(name, PARAMETERS)
        assert not own.exists()
        assert not keyring.kept

    def test_what_cannot_be_kept(self, keyring: MemoryKeyring, own: Path) -> None:
        with pytest.raises(UsageError, match="session_parameters"):
            saved.remember("prod", {**PARAMETERS, "session_parameters": {"A": 1}})
        with pytest.raises(UsageError, match="user"):
            saved.remember("prod", {"user": Secret("u")})
        with pytest.raises(UsageError, match="user"):
            saved.remember("prod", {"user": "\udcff"})  # of a terminal that is no UTF-8
        assert not keyring.kept

    def test_a_directory_that_cannot_be_written(
        self, keyring: MemoryKeyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("AMPLIFY_CONFIG_DIR", str(tmp_path / "file"))
        assert discovery.list_connections() == {}
        with pytest.raises(LocalResourceError, match="cannot be written"):
            saved.remember("prod", PARAMETERS)
        assert not keyring.kept

    def test_a_session_by_name(self, keyring: MemoryKeyring, sandbox: Sandbox) -> None:
        saved.remember("ours", sandbox.snowflake)
        with Explorer.open("ours") as explorer:
            assert "DEMO" in explorer.databases(threading.Event())


class TestForgetting:
    def test_all_of_it(self, keyring: MemoryKeyring, own: Path) -> None:
        saved.remember("prod", PARAMETERS)
        saved.remember("test", {"account": "x"})
        saved.forget("prod")
        assert list(discovery.list_connections()) == ["test"]
        assert not keyring.kept
        assert list(tomllib.loads(own.read_text())) == ["test"]

    def test_a_locked_keyring_does_not_hold_it_up(self, keyring: MemoryKeyring) -> None:
        saved.remember("prod", PARAMETERS)
        with using(LockedKeyring()):
            saved.forget("prod")
        assert discovery.list_connections() == {}


class TestKeyrings:
    @pytest.mark.parametrize("backend", [fail.Keyring(), null.Keyring(), LockedKeyring()])
    def test_without_one_secrets_are_asked_for(
        self, backend: fail.Keyring | null.Keyring | LockedKeyring, own: Path
    ) -> None:
        with using(backend):
            remembered = saved.remember("prod", PARAMETERS)
            assert remembered.asked == ("password",)
            assert remembered.why
            assert "password" not in shown("prod")
            assert "hunter" not in own.read_text()

    def test_which_keep_secrets(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for backend, expected in (
            (fail.Keyring(), False), (null.Keyring(), False), (MemoryKeyring(), True),
        ):  # fmt: skip
            with using(backend):
                assert keyring_store.is_available() is expected
        # Every backend that a test module defines joins the chain by itself.
        monkeypatch.setattr(chainer.ChainerBackend, "backends", [])
        with using(chainer.ChainerBackend()):
            assert keyring_store.is_available() is False

    def test_one_that_does_not_answer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(keyring_store, "_SECONDS", 0.1)
        backend = AskingKeyring()
        with using(backend):
            started = time.monotonic()
            with pytest.raises(LocalResourceError, match="did not answer"):
                keyring_store.fetch("prod", "password")
            assert time.monotonic() - started < AT_ONCE
        backend.answered.set()

    def test_one_that_lost_the_secret(self, keyring: MemoryKeyring) -> None:
        saved.remember("prod", PARAMETERS)
        keyring.kept.clear()
        with pytest.raises(LocalResourceError, match="no password") as caught:
            shown("prod")
        assert "SNOWFLAKE_CONNECTIONS_PROD_PASSWORD" in caught.value.hint
