"""The input of a secret, and the dialog that asks for a secret that is not stored."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input, Static

from core.facade import Secret
from tui.screens.actions import Action, ActionBar
from tui.screens.dialog import Dialog, DialogScreen
from tui.widgets.text_input import TextInput

WORDS: Final = {
    "password": "Password",
    "token": "Access token",
    "private_key_password": "Passphrase of the key",
}


class SecretInput(TextInput):
    """An input that shows dots. Its text is in no message, because messages are logged."""

    class Entered(Message):
        """Enter was pressed; unlike `Input.Submitted` it does not carry the text."""

    def __init__(
        self,
        *,
        placeholder: str = "",
        id: str | None = None,  # noqa: A002  Textual's
        compact: bool = False,
    ) -> None:
        super().__init__(password=True, placeholder=placeholder, id=id, compact=compact)

    @property
    def secret(self) -> Secret:
        """The text."""
        return Secret(self.value)

    def post_message(self, message: Message) -> bool:
        """Drop or replace the messages that carry the text."""
        if isinstance(message, Input.Changed | Input.Blurred):
            return True
        if isinstance(message, Input.Submitted):
            return super().post_message(self.Entered())
        return super().post_message(message)

    def action_copy(self) -> None:
        """Do nothing: a secret cannot be copied from here."""

    def action_cut(self) -> None:
        """Do nothing, as `action_copy`."""


class SecretPrompt(DialogScreen["Secret | None"]):
    """Asks for a secret that is not stored; dismisses with it, or None.

    Args:
        connection: the name of the connection.
        parameter: the connector's name of the secret.
    """

    HELP = """\
The secret is sent only to Snowflake: it is not written to a file, a log or the history.

The secrets of connections that you save in this app are stored in the system's keyring, if there \
is one."""
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "Back")]

    def __init__(self, connection: str, parameter: str) -> None:
        super().__init__()
        self._connection = connection
        self._word = WORDS.get(parameter, parameter)

    def compose(self) -> ComposeResult:
        """Yield the name of the connection, the field, and the buttons."""
        with Dialog(self._word, "-small"):
            yield Static(
                f"The connection {self._connection} needs it. It is not stored: the app asks for "
                "it each time.",
                classes="text",
                markup=False,
            )
            yield SecretInput()
            yield ActionBar(
                Action("Sign in", "enter", "take", "primary"), Action("Back", "esc", "close")
            )

    @on(SecretInput.Entered)
    def action_take(self) -> None:
        """Dismiss with the secret, unless the field is empty."""
        if secret := self.query_one(SecretInput).secret:
            self.dismiss(secret)

    def action_close(self) -> None:
        """Close without a secret."""
        self.dismiss(None)
