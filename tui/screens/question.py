"""A question with two answers."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from tui.format.text import visible
from tui.screens.actions import Action, ActionBar
from tui.screens.dialog import Dialog, DialogScreen


class Question(DialogScreen[bool]):
    """Asks before something that cannot be undone; dismisses with the answer.

    Args:
        title: the question in a few words.
        text: what follows from yes.
        yes: the label of doing it.
        no: the label of not doing it, which is the first choice.
    """

    HELP = "y does what the red button says; n and esc do nothing."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes"),
        Binding("n,escape", "answer(False)", "No"),
    ]

    def __init__(self, title: str, text: str, *, yes: str, no: str) -> None:
        super().__init__()
        self._question = title
        self._text = text
        self._labels = yes, no

    def compose(self) -> ComposeResult:
        """The text and the answers."""
        yes, no = self._labels
        with Dialog(self._question, "-small"):
            yield Static(visible(self._text), markup=False)
            yield ActionBar(
                Action(no, "n", "answer(False)", "primary"),
                Action(yes, "y", "answer(True)", "error"),
            )

    def action_answer(self, yes: bool) -> None:
        """Give the answer."""
        self.dismiss(yes)
