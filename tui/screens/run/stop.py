"""The question before a running transfer is cancelled."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from tui.format.text import visible
from tui.screens.actions import Action, ActionBar
from tui.screens.dialog import Dialog, DialogScreen

_PASSED_ON = ("tab", "shift+tab", "left", "right", "up", "down", "space", "enter", "f1")


class StopDialog(DialogScreen[bool]):
    """Asks whether to cancel a running transfer; dismisses with the answer.

    If escape has opened it, a second one confirms. Every key that is no answer keeps the transfer
    running: over a slow line, an escape sequence may come in two pieces, and is then read as escape
    and a few characters that nobody has typed. If one of these, c, has opened the question, the
    escape of the next sequence must not confirm it.

    Args:
        table: the table that is being transferred.
        delivered: whether the file is delivered, and only its verification runs.
        by_letter: whether a letter has opened the question, and not escape or a click.
    """

    HELP = "y cancels the transfer, and so does a second esc; any other key keeps it running."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Cancel it"),
        Binding("n", "answer(False)", "Keep running"),
        Binding("escape", "escape", "Cancel it, if esc has asked"),
    ]

    def __init__(self, table: str, *, delivered: bool, by_letter: bool = False) -> None:
        super().__init__()
        self._table, self._delivered, self._by_letter = table, delivered, by_letter

    def compose(self) -> ComposeResult:
        """Yield what will happen, and the buttons; the focus is on the one that changes nothing."""
        ends = (
            "The file is delivered and stays; only its verification stops."
            if self._delivered
            else "Its query and its upload are aborted, and nothing is delivered."
        )
        with Dialog("Cancel the transfer?", "-small"):
            yield Static(f"{visible(self._table)} is being transferred. {ends}", markup=False)
            yield ActionBar(
                Action("Keep running", "n", "answer(False)", "primary"),
                Action("Cancel it", "y" if self._by_letter else "esc", "answer(True)"),
            )

    def on_key(self, event: events.Key) -> None:
        """Keep the transfer running at a key that is no answer."""
        if event.is_printable and event.key not in ("y", "n", *_PASSED_ON):
            event.stop()
            self.dismiss(False)

    def action_escape(self) -> None:
        """Confirm, or keep the transfer running if a letter has opened the question."""
        self.dismiss(not self._by_letter)

    def action_answer(self, yes: bool) -> None:
        """Dismiss with the answer."""
        self.dismiss(yes)
