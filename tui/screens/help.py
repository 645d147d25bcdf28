"""Help for the part of the screen that has the focus: what it is for, and its keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from tui.screens.actions import Action, ActionBar
from tui.screens.dialog import Dialog, DialogScreen

if TYPE_CHECKING:
    from textual.dom import DOMNode

_KEYS_BY_NAME = {
    "escape": "esc",
    "question_mark": "?",
    "slash": "/",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "plus": "+",
    "minus": "-",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "PgUp",
    "pagedown": "PgDn",
}


class HelpScreen(DialogScreen[None]):
    """Explains the focused part, and lists its keys.

    The texts are the `HELP` of the focused widget, of the widgets around it, and of the screen.

    Args:
        screen: the screen to explain, in its current state.
    """

    HELP = "The arrow keys scroll; esc goes back to where you were."
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1,q,question_mark", "close", "Close")]

    def __init__(self, screen: Screen[Any]) -> None:
        super().__init__()
        self._texts = tuple(list_help_texts(screen.focused or screen))
        self._keys = tuple(list_keys(screen))

    def compose(self) -> ComposeResult:
        """Yield the texts, then the keys in two columns."""
        with Dialog("Help", "-wide"):
            with VerticalScroll(classes="body"):
                for text in self._texts:
                    yield Static(Content(text), classes="text")
                yield Static("Keys", classes="subheading")
                width = max((len(key) for key, _ in self._keys), default=0)
                lines = (
                    Content.assemble((key.rjust(width), "bold $text-accent"), "  ", what)
                    for key, what in self._keys
                )
                yield Static(Content("\n").join(lines))
            yield ActionBar(Action("Close", "esc", "close", "primary"))

    def on_mount(self) -> None:
        """Focus the body, so that the arrow keys scroll it."""
        self.query_one(".body").focus()

    def action_close(self) -> None:
        """Close the dialog."""
        self.dismiss(None)


def list_help_texts(node: DOMNode) -> Iterator[str]:
    """Yield the `HELP` of `node` and of its ancestors, nearest first, each once."""
    seen: set[str] = set()
    for each in node.ancestors_with_self:
        text = getattr(each, "HELP", None)
        if isinstance(text, str) and text.strip() and text not in seen:
            seen.add(text)
            yield text.strip()


def list_keys(screen: Screen[Any]) -> Iterator[tuple[str, str]]:
    """Yield the keys and the description of each action that is enabled."""
    by_action: dict[tuple[str, str], list[str]] = {}
    for _, binding, enabled, tooltip in screen.active_bindings.values():
        what = tooltip or binding.tooltip or binding.description
        is_listed = binding.show or binding.id or tooltip or binding.tooltip
        if enabled and what and is_listed:
            by_action.setdefault((binding.action, what), []).append(_format_key(binding))
    for (_, what), names in by_action.items():
        yield ", ".join(dict.fromkeys(names)), what


def _format_key(binding: Binding) -> str:
    if binding.key_display:
        return binding.key_display
    prefix, plus, key = binding.key.rpartition("+")
    name = _KEYS_BY_NAME.get(key, key.upper() if key[:1] == "f" and key[1:].isdigit() else key)
    return f"{prefix}{plus}{name}"
