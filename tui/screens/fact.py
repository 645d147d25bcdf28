"""A label and what is said of it, side by side; longer texts wrap below themselves."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from tui.format.text import visible


class Fact(Horizontal):
    """One line of a list of facts.

    Args:
        label: what it is about, in a word or two.
        value: what there is to say; a str is shown as it is.
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
        """Label, value."""
        yield Static(self._label, classes="label", markup=False)
        yield Static(self._value, classes="value")
