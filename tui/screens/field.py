"""A label and a field side by side, on one line of a dialog; styled by styles/dialog.tcss."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Static


class Field(Horizontal):
    """A label and a field.

    Args:
        label: the label.
        widget: the field.
    """

    def __init__(self, label: str, widget: Widget) -> None:
        super().__init__()
        self._label, self._widget = label, widget

    def compose(self) -> ComposeResult:
        """Yield label and field."""
        yield Static(self._label, classes="label", markup=False)
        yield self._widget
