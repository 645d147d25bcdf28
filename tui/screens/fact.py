"""A label and its value, side by side; a long value wraps below itself."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from tui.format.text import visible


class Fact(Horizontal):
    """One line of a list of facts.

    Args:
        label: the label.
        value: the value; a str is shown without markup.
    """

    DEFAULT_CSS = """
    Fact {
        height: auto;
        & > .label { width: 12; color: $text-muted; }
        & > .value { width: 1fr; height: auto; }
    }
    """

    def __init__(self, label: str, value: Content | str) -> None:
        super().__init__()
        self._label = label
        self._value = Content(visible(value)) if isinstance(value, str) else value

    def compose(self) -> ComposeResult:
        """Yield label and value."""
        yield Static(self._label, classes="label", markup=False)
        yield Static(self._value, classes="value")
