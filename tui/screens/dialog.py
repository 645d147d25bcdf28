"""The frame of every dialog: a card with its title in the border, styled by styles/dialog.tcss."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen, ScreenResultType


class Dialog(Vertical):
    """A card in the middle of a modal screen.

    Args:
        title: the title of the card.
        classes: its style: `-small`, `-wide`, `-steady` (constant height), `-error`.
    """

    def __init__(self, title: str, *classes: str) -> None:
        super().__init__(classes=" ".join(classes))
        self.border_title = Content(title)


class DialogScreen(ModalScreen[ScreenResultType]):
    """A modal screen that holds one `Dialog`, with a class for screens of few lines."""

    CSS_PATH = Path(__file__).parents[1] / "styles" / "dialog.tcss"
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012  an instance variable for mypy
        (0, "-short"),
        (30, "-tall"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        # The bindings of the app do not apply to modal screens, so dialogs bind this key too.
        Binding("f1", "app.help", "Help", tooltip="Help for this dialog"),
        Binding("up", "scroll_body(-1)", "Scroll up", show=False),
        Binding("down", "scroll_body(1)", "Scroll down", show=False),
        Binding("pageup", "scroll_body(-8)", "Page up", show=False),
        Binding("pagedown", "scroll_body(8)", "Page down", show=False),
    ]

    def action_scroll_body(self, lines: int) -> None:
        """Scroll the body by `lines`; the focus stays on the buttons."""
        for body in self.query(".body"):
            body.scroll_relative(y=lines, animate=False)
