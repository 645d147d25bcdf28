"""The base class of the workbench's parts: a frame with a title and a note."""

from __future__ import annotations

from textual.containers import Vertical
from textual.content import Content


class Pane(Vertical):
    """A framed part; the number in its title is the key that moves the focus there."""

    def set_note(self, text: str, look: str = "") -> None:
        """Show a short text in the frame.

        Args:
            text: the text.
            look: a style of Textual, such as `$text-warning`; the default if empty.
        """
        self.border_subtitle = Content.styled(text, look) if look else Content(text)

    def go(self) -> None:
        """Take the focus."""
        raise NotImplementedError

    def on_click(self) -> None:
        """Take the focus if the clicked widget does not: a folded part has only its frame."""
        if not self.has_focus_within:
            self.go()
