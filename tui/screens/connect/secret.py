"""Fields for secrets, and the question for one that is kept nowhere."""

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

WORDS: Final = {
    "password": "Password",
    "token": "Access token",
    "private_key_password": "Passphrase of the key",
}


class SecretInput(Input):
    """An input that shows dots, and whose text is in no message: messages are logged."""

    class Entered(Message):
        """Enter was pressed; the text is not told."""

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
        """What was typed."""
        return Secret(self.value)

    def post_message(self, message: Message) -> bool:
        """Keep back what carries the text."""
        if isinstance(message, Input.Changed | Input.Blurred):
            return True
        if isinstance(message, Input.Submitted):
            return super().post_message(self.Entered())
        return super().post_message(message)

    def action_copy(self) -> None:
        """Secrets are typed or pasted here, never copied from here."""

    def action_cut(self) -> None:
        """As `action_copy`."""


class SecretPrompt(DialogScreen["Secret | None"]):
    """Asks for a secret that is kept nowhere; dismisses with it.

    Args:
        connection: for which one.
        parameter: the connector's name of the secret.
    """

    HELP = """\
The secret goes to Snowflake and nowhere else: it is not written to a file, a log or the history.

Secrets of connections that you make here are kept in the system's keyring, if there is one."""
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "Back")]

    def __init__(self, connection: str, parameter: str) -> None:
        super().__init__()
        self._connection = connection
        self._word = WORDS.get(parameter, parameter)

    def compose(self) -> ComposeResult:
        """What for, the field, what can be done."""
        with Dialog(self._word, "-small"):
            yield Static(
                f"The connection {self._connection} needs it, and it is kept nowhere: it is asked "
                "for each time.",
                classes="text",
                markup=False,
            )
            yield SecretInput()
            yield ActionBar(
                Action("Sign in", "enter", "take", "primary"), Action("Back", "esc", "close")
            )

    @on(SecretInput.Entered)
    def action_take(self) -> None:
        """Use it, if something was typed."""
        if secret := self.query_one(SecretInput).secret:
            self.dismiss(secret)

    def action_close(self) -> None:
        """Back without."""
        self.dismiss(None)
