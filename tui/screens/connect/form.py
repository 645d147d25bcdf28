"""The form of a new connection: the sign-in is tested before the connection is saved."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Select, Static

from core.facade import Remembered, Secret, keyring_store, saved
from tui.screens.actions import Action, ActionBar
from tui.screens.connect.link import Link
from tui.screens.connect.secret import SecretInput
from tui.screens.dialog import Dialog, DialogScreen
from tui.screens.failure import Failure
from tui.widgets.text_input import TextInput

_WAYS: Final = {
    "Password": "snowflake",
    "Password and second factor": "username_password_mfa",
    "Key pair": "snowflake_jwt",
    "Access token": "programmatic_access_token",
    "Browser (single sign-on)": "externalbrowser",
}
# The fields of each authentication method, besides those that all have.
_FIELDS: Final = {
    "snowflake": ("password",),
    "username_password_mfa": ("password",),
    "snowflake_jwt": ("private_key_file", "private_key_password"),
    "programmatic_access_token": ("token",),
    "externalbrowser": (),
}
_REQUIRED: Final = ("name", "account", "user", "password", "private_key_file", "token")
_LABELS: Final = {
    "name": "Name",
    "account": "Account",
    "user": "User",
    "authenticator": "Sign in by",
    "password": "Password",
    "private_key_file": "Key file",
    "private_key_password": "Passphrase",
    "token": "Token",
    "role": "Role",
    "warehouse": "Warehouse",
}
_PLACEHOLDERS: Final = {
    "name": "a name for this connection",
    "account": "ORGANIZATION-ACCOUNT",
    "private_key_file": "~/.snowflake/rsa_key.p8",
    "private_key_password": "if the key file has one",
    "role": "the user's default",
    "warehouse": "the user's default",
}


class Tested(Message):
    """A sign-in was tested.

    Args:
        parameters: the connector's arguments.
        error: why the sign-in or the saving failed; None if neither did.
        kept: where the secrets were stored; None if the connection was not to be saved.
    """

    def __init__(
        self,
        parameters: Mapping[str, object],
        error: Exception | None = None,
        kept: Remembered | None = None,
    ) -> None:
        super().__init__()
        self.parameters = parameters
        self.error = error
        self.kept = kept


class KeyringFound(Message):
    """Whether there is a keyring, which may take a while to find out."""

    def __init__(self, found: bool) -> None:
        super().__init__()
        self.found = found


class Field(Horizontal):
    """A label and an input, side by side.

    Args:
        name: the connector's parameter.
        widget: the input.
    """

    def __init__(self, name: str, widget: Widget) -> None:
        super().__init__(id=f"field-{name.replace('_', '-')}")
        self._label = _LABELS[name]
        self._widget = widget

    def compose(self) -> ComposeResult:
        """Yield label and input."""
        yield Static(self._label, classes="label", markup=False)
        yield self._widget


class ConnectionForm(DialogScreen["Link | None"]):
    """Asks for a new connection, tests it, saves it; dismisses with its link, or None.

    Args:
        taken: the names of the existing connections.
    """

    HELP = """\
A new connection to Snowflake. The sign-in is tested before the connection is saved.

The account is the part of your Snowflake address before .snowflakecomputing.com, such as \
MYORG-ACCOUNT1. Role and warehouse may be empty.

Passwords, tokens and passphrases are stored in the system's keyring, never in a file. Without a \
keyring, the app asks for them each time."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "test", "Test the sign-in"),
        Binding("f3", "keep", "Test, save and connect"),
        Binding("f4", "connect_unsaved", "Test and connect without saving"),
        Binding("escape", "close", "Back"),
    ]

    def __init__(self, taken: frozenset[str] = frozenset()) -> None:
        super().__init__()
        self._taken = taken
        self._after: str | None = None
        self._testing = False
        self._keyring: bool | None = None

    def compose(self) -> ComposeResult:
        """Yield the fields, the result of the test, and the buttons."""
        with Dialog("New connection"):
            with VerticalScroll(classes="body", can_focus=False):
                for name in ("name", "account", "user"):
                    yield Field(name, _input(name))
                yield Field(
                    "authenticator",
                    Select(
                        _WAYS.items(),
                        value="snowflake",
                        allow_blank=False,
                        compact=True,
                        id="authenticator",
                    ),
                )
                for name in ("password", "private_key_file", "private_key_password", "token"):
                    yield Field(name, _input(name))
                for name in ("role", "warehouse"):
                    yield Field(name, _input(name))
                yield Static(id="where", classes="muted", markup=False)
            yield Static(id="status", markup=False)
            yield ActionBar(
                Action("Save and connect", "F3", "keep", "primary"),
                Action("Connect without saving", "F4", "connect_unsaved"),
                Action("Test", "F2", "test"),
                Action("Back", "esc", "close"),
            )

    def on_mount(self) -> None:
        """Find out whether there is a keyring."""
        self._show_fields()
        post = self.post_message
        _in_thread(lambda: post(KeyringFound(keyring_store.is_available())))

    @on(KeyringFound)
    def _note_keyring(self, message: KeyringFound) -> None:
        self._keyring = message.found
        self._show_fields()

    @on(Select.Changed)
    def _show_fields(self) -> None:
        """Show the fields of the authentication method."""
        wanted = _FIELDS[self._way]
        for name in {each for names in _FIELDS.values() for each in names}:
            self.query_one(f"#field-{name.replace('_', '-')}").display = name in wanted
        self.query_one("#where", Static).update(Content(self._where()))

    @property
    def _way(self) -> str:
        return str(self.query_one("#authenticator", Select).value)

    def _where(self) -> str:
        if not set(_FIELDS[self._way]) - {"private_key_file"}:
            return "Your browser opens for the sign-in; no secret is stored."
        if self._keyring is False:
            return "This machine has no keyring: the app stores no secret, and asks each time."
        return "Secrets are stored in the system's keyring, never in a file."

    # ---------------------------------------------------------------------------- the sign-in

    def action_test(self) -> None:
        """Sign in and out again."""
        self._test(None)

    def action_keep(self) -> None:
        """Test the sign-in; if it succeeds, save the connection and use it."""
        self._test("keep")

    def action_connect_unsaved(self) -> None:
        """Test the sign-in; if it succeeds, use the connection without saving it."""
        self._test("open")

    @on(Input.Submitted)
    @on(SecretInput.Entered)
    def _next(self) -> None:
        """Move the focus to the next field."""
        self.focus_next()

    def _test(self, then: str | None) -> None:
        if self._testing:
            return
        if problem := self._find_problem(then):
            self._show_status(problem, "-bad")
            return
        self._after, self._testing = then, True
        browser = self._way == "externalbrowser"
        self._show_status(
            "Signing in: look at your browser…" if browser else "Signing in…", "-busy"
        )
        parameters, post = self._parameters(), self.post_message
        name = self._text("name") if then == "keep" else None
        _in_thread(lambda: post(_test(parameters, name)))

    def _find_problem(self, then: str | None) -> str | None:
        """Return what is missing or invalid; None if nothing is."""
        for name in _REQUIRED:
            if name == "name" and then != "keep":
                continue
            if self._is_needed(name) and not self._text(name):
                self.query_one(f"#{name.replace('_', '-')}").focus()
                return f"{_LABELS[name]} is missing."
        if then == "keep" and self._text("name") in self._taken:
            self.query_one("#name").focus()
            return f"A connection {self._text('name')} exists already."
        return None

    def _is_needed(self, name: str) -> bool:
        return name in ("name", "account", "user") or name in _FIELDS[self._way]

    def _text(self, name: str) -> str:
        return self.query_one(f"#{name.replace('_', '-')}", Input).value.strip()

    def _parameters(self) -> dict[str, object]:
        """Return the connector's arguments, secrets as `Secret`."""
        names = ("account", "user", *_FIELDS[self._way], "role", "warehouse")
        given: dict[str, object] = {"authenticator": self._way}
        for name in names:
            if text := self._text(name):
                given[name] = Secret(text) if _is_secret(name) else text
        return given

    @on(Tested)
    def _show_result(self, message: Tested) -> None:
        self._testing = False
        if message.error is not None:
            failure = Failure.of(message.error)
            self._show_status(f"✗ {failure.message} {failure.hint}".rstrip(), "-bad")
            return
        if self._after is None:
            self._show_status("✓ The sign-in succeeded.", "-good")
            return
        name = self._text("name") or self._text("account")
        if message.kept is None or message.kept.asked:
            if message.kept is not None:
                self.app.notify(
                    f"{message.kept.why} {name} is saved without its secrets: the app asks for "
                    "them each time.",
                    title="Secrets are not stored",
                    severity="warning",
                    markup=False,
                )
            self.dismiss(Link(name, message.parameters))
            return
        self.dismiss(Link(name, name))

    def _show_status(self, text: str, look: str) -> None:
        status = self.query_one("#status", Static)
        status.update(Content(text))
        status.set_classes(look)

    def action_close(self) -> None:
        """Close without a connection."""
        self.dismiss(None)


def _test(parameters: Mapping[str, object], name: str | None) -> Tested:
    """Sign in and out; if that succeeds and `name` is given, save the connection under it."""
    try:
        from core.facade import Explorer

        Explorer.open(parameters).close()
        kept = saved.remember(name, parameters) if name else None
    except Exception as error:
        return Tested(parameters, error)
    return Tested(parameters, kept=kept)


def _in_thread(work: Callable[[], object]) -> None:
    threading.Thread(target=work, name="connection", daemon=True).start()


def _is_secret(name: str) -> bool:
    return name in ("password", "token", "private_key_password")


def _input(name: str) -> Input:
    placeholder, own_id = _PLACEHOLDERS.get(name, ""), name.replace("_", "-")
    if _is_secret(name):
        return SecretInput(placeholder=placeholder, id=own_id, compact=True)
    return TextInput(placeholder=placeholder, id=own_id, compact=True)
