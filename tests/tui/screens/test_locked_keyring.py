"""A keyring that is locked, or waits to be unlocked: the app says so, and goes on meanwhile."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from core.connections import discovery, keyring_store, saved
from core.connections.secrets import Secret
from tests.support.keyrings import AskingKeyring, LockedKeyring, MemoryKeyring, using
from tests.support.waiting import PATIENCE
from tests.tui.app_driver import place, workbench
from tests.tui.app_hosts import until, whole
from tui.screens.error import ErrorDialog
from tui.screens.help import HelpScreen

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox


@pytest.fixture(autouse=True)
def kept(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection whose password is in the keyring."""
    monkeypatch.setenv("SNOWFLAKE_HOME", str(tmp_path))
    monkeypatch.setenv("AMPLIFY_CONFIG_DIR", str(tmp_path / "config"))
    login = {**sandbox.snowflake, "password": Secret(str(sandbox.snowflake["password"]))}
    with using(MemoryKeyring()):
        saved.remember("mine", login)
    assert discovery.list_connections()["mine"].own


async def test_a_locked_keyring_is_told(sandbox: Sandbox) -> None:
    with using(LockedKeyring()):
        async with workbench(sandbox, {**place(sandbox), "connection": "mine"}) as drive:
            await until(drive.pilot, lambda: isinstance(drive.app.screen, ErrorDialog))
            told = whole(drive.app)
            assert "keyring cannot be used" in told
            assert "Unlock it" in told
            await drive.press("escape")
            assert "not signed in" in whole(drive.app)


async def test_the_app_answers_while_the_keyring_does_not(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up = threading.Event()

    class Asking(threading.Thread):
        def join(self, timeout: float | None = None) -> None:
            given_up.wait(PATIENCE)  # however long help takes

    monkeypatch.setattr(keyring_store, "threading", SimpleNamespace(Thread=Asking))
    ring = AskingKeyring()
    with using(ring):
        async with workbench(sandbox, {**place(sandbox), "connection": "mine"}) as drive:
            await until(drive.pilot, lambda: "signing in" in whole(drive.app))
            await drive.press("f1")
            await until(drive.pilot, lambda: isinstance(drive.app.screen, HelpScreen))
            await drive.press("escape")
            assert "signing in" in whole(drive.app)
            given_up.set()
            await until(drive.pilot, lambda: isinstance(drive.app.screen, ErrorDialog))
            assert "keyring did not answer" in whole(drive.app)
            assert "unlocked" in whole(drive.app)
    ring.answered.set()
