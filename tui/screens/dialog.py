"""The frame of every dialog: a card with its title in the border, styled by styles/dialog.tcss."""

from __future__ import annotations

from pathlib import Path

from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen, ScreenResultType


class Dialog(Vertical):
    """A card in the middle of a modal screen.

    Args:
        title: of the card.
        classes: of its shape: `-small`, `-wide`, `-steady` (of one height), `-error`.
    """

    def __init__(self, title: str, *classes: str) -> None:
        super().__init__(classes=" ".join(classes))
        self.border_title = Content(title)


class DialogScreen(ModalScreen[ScreenResultType]):
    """A modal screen that holds one `Dialog`, and knows when lines are few."""

    CSS_PATH = Path(__file__).parents[1] / "styles" / "dialog.tcss"
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012  an instance variable for mypy
        (0, "-short"),
        (30, "-tall"),
    ]
