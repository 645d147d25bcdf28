"""Jump mode: shows a letter at every widget that takes the focus; typing it moves the focus."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.geometry import Offset
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Button, Label, Static

_CELLS: Final = 2  # of a letter
_LABELLED: Final = 14  # cells from the frame to a field: it is then the first one on its line
_LETTERS: Final = "asdfghjklqwertyuiopzxcvbnm"


class JumpScreen(ModalScreen["Widget | None"]):
    """Shows the letters; dismisses with the widget of the letter typed, or None.

    Args:
        screen: the screen whose widgets get letters.
    """

    DEFAULT_CSS = """
    JumpScreen { align: left top; background: transparent; }
    JumpScreen .target {
        width: 2;
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
    HELP = "Type a letter to move the focus there; a button is pressed too. esc cancels."
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f4", "close", "Cancel")]

    def __init__(self, screen: Screen[Any]) -> None:
        super().__init__()
        self._targets: Mapping[str, Widget] = dict(
            zip(_LETTERS, find_targets(screen), strict=False)
        )

    def compose(self) -> ComposeResult:
        """Yield a letter on each widget, and the line of help."""
        taken: set[Offset] = set()
        for letter, widget in self._targets.items():
            label = Label(letter, classes="target")
            label.styles.offset = place = _find_place(widget, taken)
            taken.add(place)
            yield label
        yield Static("Jump: type a letter · esc cancels", id="jump-help")

    def on_key(self, event: events.Key) -> None:
        """Dismiss with the widget of the letter typed."""
        if event.key in self._targets:
            event.stop()
            self.dismiss(self._targets[event.key])

    def action_close(self) -> None:
        """Leave the focus unchanged."""
        self.dismiss(None)


def _find_place(widget: Widget, taken: Collection[Offset]) -> Offset:
    """Return where the letter of a widget is: on the frame around it, else beside it.

    So it hides neither what the widget shows nor its first letter, nor one of those `taken`.
    """
    x, y = widget.region.offset
    frame = next((each for each in widget.ancestors if _has_frame(each)), None)
    if isinstance(frame, Widget) and frame.region.x < x <= frame.region.x + _LABELLED:
        at_frame = Offset(frame.region.x, y)
        if at_frame not in taken:
            return at_frame
    return Offset(max(0, x - _CELLS), y)


def _has_frame(node: DOMNode) -> bool:
    return isinstance(node, Widget) and bool(node.styles.border_left[0])


def find_targets(screen: Screen[Any]) -> Iterator[Widget]:
    """Yield the widgets that take the focus and are in view, in the order of Tab."""
    for widget in screen.focus_chain:
        seen = screen.find_widget(widget).visible_region  # what no container cuts off
        if seen.area and seen.offset == widget.region.offset:
            yield widget


def go(widget: Widget | None) -> None:
    """Give the focus to `widget`; a button is pressed as well."""
    if widget is None:
        return
    widget.focus()
    if isinstance(widget, Button):
        widget.action_press()
