"""ConnectScreen, the form of a new connection, and the question for a secret."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keyring
import keyring.backends.fail
import keyring.backends.null
import pytest
from textual.message import Message
from textual.widgets import Input, OptionList, Select

from core.connections import discovery
from core.connections.secrets import Secret
from core.preview.browser import Explorer
from core.warehouse import connect, lending
from tests.support.keyrings import MemoryKeyring, using
from tests.tui.app_hosts import Host, shown, until, whole
from tui.screens.connect.entries import find_only_link
from tui.screens.connect.form import ConnectionForm
from tui.screens.connect.link import Link, describe_sign_in, missing_secret
from tui.screens.connect.screen import ConnectScreen
from tui.screens.connect.secret import SecretInput, SecretPrompt

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from core.sandbox.launcher import Sandbox

SIZES = [(80, 24), (200, 60)]


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Directories of the test's own, and no keyring."""
    monkeypatch.setenv("SNOWFLAKE_HOME", str(tmp_path))
    monkeypatch.setenv("AMPLIFY_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("AMPLIFY_DATA_DIR", str(tmp_path / "data"))
    return tmp_path


@pytest.fixture(autouse=True)
def no_keyring() -> Iterator[None]:
    with using(keyring.backends.fail.Keyring()):
        yield


@pytest.fixture
def ring() -> MemoryKeyring:
    """A keyring that works."""
    kept = MemoryKeyring()
    keyring.set_keyring(kept)
    return kept


def configure(places: Path, **entries: Mapping[str, object]) -> None:
    """Write Snowflake's connections.toml."""
    lines: list[str] = []
    for name, parameters in entries.items():
        lines += [f"[{name}]", *(f'{key} = "{value}"' for key, value in parameters.items())]
    path = places / "connections.toml"
    path.write_text("\n".join(lines))
    path.chmod(0o600)


async def fill(pilot: Pilot[Any], **texts: object) -> None:
    for name, text in texts.items():
        pilot.app.screen.query_one(f"#{name}", Input).value = str(text)
    await pilot.pause()


def reach(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send sign-ins to the sandbox: the form has no field for an address."""
    address = {key: box.snowflake[key] for key in ("host", "port", "protocol")}
    for key, value in address.items():
        monkeypatch.setenv(f"SNOWFLAKE_{key.upper()}", str(value))
    real = connect.connect

    def redirected(connection: Any, **more: Any) -> Any:
        given = connection if isinstance(connection, str) else {**connection, **address}
        return real(given, **more)

    monkeypatch.setattr(lending, "connect", redirected)


class TestList:
    @pytest.mark.parametrize("size", SIZES)
    async def test_entries_of_snowflakes_files(self, places: Path, size: tuple[int, int]) -> None:
        configure(
            places,
            dev={"account": "acme-dev", "user": "anna", "authenticator": "externalbrowser"},
            default={"account": "acme-prod", "user": "svc", "private_key_file": "/k.p8"},
        )
        app = Host(ConnectScreen())
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            assert "acme-dev · anna · browser sign-in" in shown(app)
            assert "acme-prod · svc · key pair default" in whole(app)
            await pilot.press("enter")
        assert app.answers == [Link("default", "default")]

    async def test_it_begins_where_told(self, places: Path) -> None:
        sso = {"account": "a", "user": "u", "authenticator": "externalbrowser"}
        configure(places, one=sso, two=sso, three=sso)
        app = Host(ConnectScreen("two"))
        async with app.run_test() as pilot:
            await pilot.press("enter")
        assert app.answers == [Link("two", "two")]

    async def test_nothing_configured(self) -> None:
        app = Host(ConnectScreen())
        async with app.run_test() as pilot:
            await pilot.pause()
            assert "No connections found" in whole(app)
            assert "Demo" in shown(app)
            await pilot.press("escape")
        assert app.answers == [None]

    async def test_a_broken_file_is_told_without_its_text(self, places: Path) -> None:
        (places / "connections.toml").write_text('[a]\npassword = "hunter2" x')
        app = Host(ConnectScreen())
        async with app.run_test() as pilot:
            await pilot.pause()
            assert "not valid TOML" in whole(app)
            assert "hunter2" not in whole(app)

    @pytest.mark.parametrize("name", ["[/b]", "]", "[/", "😀", "it's", "x" * 255])
    async def test_hostile_names(self, places: Path, name: str) -> None:
        configure(places, **{f'"{name}"': {"account": name, "user": name, "password": "p"}})
        app = Host(ConnectScreen())
        async with app.run_test(notifications=True) as pilot:
            await pilot.press("enter")
        assert [link.name for link in app.answers] == [name]

    def test_a_single_one_is_taken_without_asking(self, places: Path) -> None:
        configure(places, prod={"account": "a", "user": "u", "password": "p"})
        assert find_only_link() == Link("prod", "prod")
        configure(places, prod={"account": "a", "user": "u"})
        assert find_only_link() is None


class TestSecrets:
    async def test_what_is_kept_nowhere_is_asked(
        self, places: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        configure(places, prod={"account": "a", "user": "u"})
        app = Host(ConnectScreen())
        async with app.run_test() as pilot:
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, SecretPrompt))
            assert "It is not stored" in whole(app)
            await pilot.press(*"hunter2")
            assert "hunter2" not in shown(app) + repr(app.screen.query_one(Input))
            await pilot.press("ctrl+a", "ctrl+c", "ctrl+x")
            assert app.copied == []
            await pilot.press("enter")
        (link,) = app.answers
        assert link.connection["password"] == Secret("hunter2")
        assert "hunter2" not in repr(link) + str(link) + caplog.text

    async def test_no_message_carries_it(self) -> None:
        seen: list[Message] = []

        class Watched(Host):
            def on_event(self, event: Any) -> Any:
                seen.append(event)
                return super().on_event(event)

        app = Watched(SecretPrompt("prod", "token"))
        async with app.run_test(message_hook=seen.append) as pilot:
            field = app.screen.query_one(SecretInput)
            field.value = "hunter2"
            await pilot.press("tab", "shift+tab", "enter")
        assert app.answers == [Secret("hunter2")]
        assert "hunter2" not in repr(seen)

    @pytest.mark.parametrize(
        ("parameters", "asked", "words"),
        [
            ({}, "password", "password"),
            ({"password": "x"}, None, "password"),
            ({"authenticator": "externalbrowser"}, None, "browser sign-in"),
            ({"authenticator": "PROGRAMMATIC_ACCESS_TOKEN"}, "token", "access token"),
            ({"authenticator": "oauth", "token_file_path": "/t"}, None, "OAuth token"),
            ({"authenticator": "https://acme.okta.com"}, None, "single sign-on"),
            ({"private_key_file": "/no/such/key"}, None, "key pair"),
        ],
    )
    def test_which_ones_are_missing(
        self, parameters: dict[str, object], asked: str | None, words: str
    ) -> None:
        assert (missing_secret(parameters), describe_sign_in(parameters)) == (asked, words)

    def test_the_passphrase_of_an_encrypted_key(self, tmp_path: Path) -> None:
        key = tmp_path / "key.p8"
        key.write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
        assert missing_secret({"private_key_file": str(key)}) == "private_key_password"
        key.write_text("-----BEGIN PRIVATE KEY-----\n")
        assert missing_secret({"private_key_file": str(key)}) is None


class TestForm:
    @pytest.fixture
    def login(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
        reach(sandbox, monkeypatch)
        monkeypatch.setenv("SNOWFLAKE_LOGIN_TIMEOUT", "5")
        return {name: sandbox.snowflake[name] for name in ("account", "user", "password")}

    @pytest.mark.parametrize("size", SIZES)
    async def test_fields_follow_the_way_to_sign_in(self, size: tuple[int, int]) -> None:
        app = Host(ConnectionForm())
        async with app.run_test(size=size) as pilot:
            for value, label in (
                ("snowflake_jwt", "Key file"),
                ("programmatic_access_token", "Token"),
                ("snowflake", "Password"),
            ):
                app.screen.query_one("#authenticator", Select).value = value
                await pilot.pause()
                assert label in shown(app)
                assert "Save and connect  F3" in shown(app)

    async def test_what_is_missing_is_said(self) -> None:
        app = Host(ConnectionForm(frozenset({"prod"})))
        async with app.run_test() as pilot:
            await fill(pilot, account="a")
            await pilot.press("f2")
            await pilot.pause()
            assert "User is missing" in whole(app)
            await fill(pilot, name="prod", user="u", password="p")
            await pilot.press("f3")
            await pilot.pause()
            assert "A connection prod exists already" in whole(app)

    async def test_kept_in_the_keyring(
        self, login: dict[str, object], ring: MemoryKeyring, places: Path
    ) -> None:
        app = Host(ConnectScreen())
        async with app.run_test() as pilot:
            await pilot.press("n")
            await until(pilot, lambda: isinstance(app.screen, ConnectionForm))
            await fill(pilot, name="mine", **login)
            await pilot.press("f3")
            await until(pilot, lambda: app.answers)
        assert app.answers == [Link("mine", "mine")]
        assert list(ring.kept.values()) == [login["password"]]
        assert str(login["password"]) not in (places / "config" / "connections.toml").read_text()
        assert discovery.list_connections()["mine"].own
        Explorer.open("mine").close()

    @pytest.mark.parametrize("backend", [keyring.backends.fail, keyring.backends.null])
    async def test_without_a_keyring_it_is_said_and_asked_for(
        self, login: dict[str, object], places: Path, backend: Any
    ) -> None:
        keyring.set_keyring(backend.Keyring())
        app = Host(ConnectScreen())
        async with app.run_test(notifications=True) as pilot:
            await pilot.press("n")
            await until(pilot, lambda: "no keyring" in whole(app))
            await fill(pilot, name="mine", **login)
            await pilot.press("f3")
            await until(pilot, lambda: app.answers)
        (link,) = app.answers
        assert link.connection["password"] == Secret(str(login["password"]))
        assert str(login["password"]) not in (places / "config" / "connections.toml").read_text()
        assert missing_secret(discovery.list_connections()["mine"].parameters) == "password"

    async def test_a_wrong_password_is_told_and_nothing_kept(
        self, login: dict[str, object], ring: MemoryKeyring
    ) -> None:
        app = Host(ConnectionForm())
        async with app.run_test() as pilot:
            await fill(pilot, **{"name": "mine", **login, "password": "hunter2"})
            await pilot.press("f3")
            await until(pilot, lambda: "✗" in shown(app))
            assert "password is wrong" in whole(app)
            assert "hunter2" not in whole(app)
            assert app.answers == []
        assert ring.kept == {}
        assert "mine" not in discovery.list_connections()

    async def test_trying_alone_keeps_nothing(
        self, login: dict[str, object], ring: MemoryKeyring
    ) -> None:
        app = Host(ConnectionForm())
        async with app.run_test() as pilot:
            await fill(pilot, **login)
            await pilot.press("f2")
            await until(pilot, lambda: "The sign-in succeeded" in whole(app))
        assert ring.kept == {}

    async def test_forgotten_after_a_question(
        self, login: dict[str, object], ring: MemoryKeyring
    ) -> None:
        from core.connections.saved import remember

        remember("mine", {**login, "password": Secret(str(login["password"]))})
        app = Host(ConnectScreen("mine"))
        async with app.run_test() as pilot:
            await pilot.press("x")
            await pilot.press("n")
            assert "mine" in discovery.list_connections()
            await pilot.press("x")
            await pilot.press("y")
            await until(pilot, lambda: "mine" not in discovery.list_connections())
            await until(pilot, lambda: "mine" not in shown(app))
        assert ring.kept == {}


async def test_the_demo_starts_and_ends(places: Path) -> None:
    app = Host(ConnectScreen())
    async with app.run_test() as pilot:
        app.screen.query_one(OptionList)
        await pilot.press("d")
        await until(pilot, lambda: app.answers)
    (link,) = app.answers
    try:
        assert link.is_demo
        assert link.options["bucket"]
        Explorer.open(link.connection).close()
    finally:
        link.close()
    assert (places / "data").is_dir()
