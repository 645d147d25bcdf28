"""Jump mode: a letter on everything that takes the focus; typing it goes there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Button, Label, Static

_LETTERS: Final = "asdfghjklqwertyuiopzxcvbnm"


class JumpScreen(ModalScreen["Widget | None"]):
    """Marks what can be gone to; dismisses with the widget of the letter typed, or None.

    Args:
        screen: where to go about.
    """

    DEFAULT_CSS = """
    JumpScreen { align: left top; background: transparent; }
    JumpScreen .target {
        width: 3;
        height: 1;
        position: absolute;
        text-align: center;
        text-style: bold;
        background: $accent;
        color: $background;
    }
    JumpScreen #jump-help {
        dock: bottom;
        height: 1;
        padding: 0 1;
        background: $accent;
        color: $background;
    }
    """
    HELP = "Type the letter of a place to go there; a button is pressed. esc stays where you are."
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f4", "close", "Stay")]

    def __init__(self, screen: Screen[Any]) -> None:
        super().__init__()
        self._targets: Mapping[str, Widget] = dict(
            zip(_LETTERS, find_targets(screen), strict=False)
        )

    def compose(self) -> ComposeResult:
        """The letters where they lead, and what to do."""
        for letter, widget in self._targets.items():
            label = Label(letter, classes="target")
            label.styles.offset = widget.region.offset
            yield label
        yield Static("Jump: type a letter · esc stays", id="jump-help")

    def on_key(self, event: events.Key) -> None:
        """Go to the letter typed."""
        if event.key in self._targets:
            event.stop()
            self.dismiss(self._targets[event.key])

    def action_close(self) -> None:
        """Stay."""
        self.dismiss(None)


def find_targets(screen: Screen[Any]) -> Iterator[Widget]:
    """What takes the focus and is in view, in the order of Tab."""
    view = screen.region
    for widget in screen.focus_chain:
        if widget.region.area and view.contains_region(widget.region):
            yield widget


def go(widget: Widget | None) -> None:
    """Give the focus to `widget`; a button is pressed as well."""
    if widget is None:
        return
    widget.focus()
    if isinstance(widget, Button):
        widget.action_press()
