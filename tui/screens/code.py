"""The dialog that asks for the code of an AWS profile's second factor."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from core import CancelledError
from tui.format.text import visible
from tui.screens.actions import Action, ActionBar
from tui.screens.dialog import Dialog, DialogScreen
from tui.widgets.text_input import TextInput

if TYPE_CHECKING:
    from textual.app import App


class CodeDialog(DialogScreen["str | None"]):
    """Asks for a code; dismisses with it, or with None.

    Args:
        device: the serial number or the ARN of the device that shows the code.
    """

    HELP = "The code that the device or the authenticator app shows; esc cancels the request."
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "Cancel")]

    def __init__(self, device: str) -> None:
        super().__init__()
        self._device = device

    def compose(self) -> ComposeResult:
        """Yield the device and the field."""
        with Dialog("Second factor of the AWS profile", "-small"):
            yield Static(f"The code of {visible(self._device)}", markup=False, classes="text")
            yield TextInput(placeholder="123456", id="code", restrict=r"[0-9]*", max_length=8)
            yield ActionBar(
                Action("Continue", "enter", "use", "primary"), Action("Cancel", "esc", "close")
            )

    @on(Input.Submitted)
    def action_use(self) -> None:
        """Dismiss with the code, if there is one."""
        if code := self.query_one(TextInput).value.strip():
            self.dismiss(code)

    def action_close(self) -> None:
        """Dismiss without a code."""
        self.dismiss(None)


def ask_in_app(app: App[Any], device: str) -> str:
    """Show the dialog and wait for the code; is called from any thread but the app's own.

    Raises:
        CancelledError: the dialog was closed without a code.
    """
    codes: list[str | None] = []
    answered = threading.Event()

    def take(code: str | None) -> None:
        codes.append(code)
        answered.set()

    app.call_from_thread(app.push_screen, CodeDialog(device), take)
    while not answered.wait(0.2):
        if not app.is_running:
            break
    if not codes or codes[0] is None:
        raise CancelledError("The sign-in to AWS was cancelled.")
    return codes[0]
