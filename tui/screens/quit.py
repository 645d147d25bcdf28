"""Leaving while a transfer runs: asked for once, then stopped for good."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from tui.screens.actions import Action, ActionBar
from tui.screens.dialog import Dialog, DialogScreen


class QuitDialog(DialogScreen[bool]):
    """Asks whether to stop a running transfer and leave; dismisses with the answer.

    Args:
        table: the table that is being transferred.
    """

    HELP = "A transfer is running. Leaving stops it, and delivers nothing; staying lets it go on."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "leave", "Stop and leave"),
        Binding("n,escape", "stay", "Stay"),
    ]

    def __init__(self, table: str) -> None:
        super().__init__()
        self._table = table

    def compose(self) -> ComposeResult:
        """The question."""
        with Dialog("Leave while a transfer runs?", "-small"):
            yield Static(
                f"{self._table} is on its way. Leaving stops the query and the upload; "
                "nothing is delivered, nothing is left in the bucket.",
                markup=False,
            )
            yield ActionBar(
                Action("Stay", "n", "stay", "primary"),
                Action("Stop and leave", "y", "leave", "error"),
            )

    def action_leave(self) -> None:
        """Stop it."""
        self.dismiss(True)

    def action_stay(self) -> None:
        """Let it go on."""
        self.dismiss(False)
