"""A part of the workbench: a frame with a title, and what belongs below it."""

from __future__ import annotations

from textual.containers import Vertical
from textual.content import Content


class Pane(Vertical):
    """A framed part; the number in its title is the key that goes there."""

    def set_note(self, text: str, look: str = "") -> None:
        """Write a short remark into the frame; `look` is a style of Textual, such as a variable."""
        self.border_subtitle = Content.styled(text, look) if look else Content(text)

    def go(self) -> None:
        """Take the focus."""
        raise NotImplementedError

    def on_click(self) -> None:
        """Take the focus, if what was clicked does not: a folded part has a frame only."""
        if not self.has_focus_within:
            self.go()
