"""A dialog that asks for confirmation."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static
from textual.widgets.button import ButtonVariant

from tui.format.text import visible
from tui.screens.actions import Action, ActionBar
from tui.screens.dialog import Dialog, DialogScreen


class Question(DialogScreen[bool]):
    """Asks for confirmation of an action that cannot be undone; dismisses with the answer.

    Args:
        title: the question.
        text: the consequences of the action.
        yes: the label of the button that confirms.
        no: the label of the button that cancels, which has the focus.
        variant: the look of the button that confirms.
    """

    HELP = "y confirms; n and esc cancel."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes"),
        Binding("n,escape", "answer(False)", "No"),
    ]

    def __init__(
        self, title: str, text: str, *, yes: str, no: str, variant: ButtonVariant = "error"
    ) -> None:
        super().__init__()
        self._question = title
        self._text = text
        self._labels, self._variant = (yes, no), variant

    def compose(self) -> ComposeResult:
        """Yield the text and the buttons."""
        yes, no = self._labels
        with Dialog(self._question, "-small"):
            yield Static(visible(self._text), markup=False)
            yield ActionBar(
                Action(no, "n", "answer(False)", "primary"),
                Action(yes, "y", "answer(True)", self._variant),
            )

    def action_answer(self, yes: bool) -> None:
        """Dismiss with the answer."""
        self.dismiss(yes)
