"""The dialog with the first rows of a delivered file."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from tui.format.figures import count
from tui.format.text import visible
from tui.screens.actions import Action, ActionBar
from tui.screens.dialog import Dialog, DialogScreen
from tui.widgets.lines import Piece
from tui.widgets.table import Column, Table

if TYPE_CHECKING:
    from core import Outcome


class FirstRowsScreen(DialogScreen[None]):
    """Shows the first rows of a delivery.

    Args:
        outcome: the outcome of the run.
    """

    HELP = """\
The first rows of the file. They were kept while the file was written: nothing is read from the \
bucket, which may allow writing only."""
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,v", "close", "Close")]

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self._outcome = outcome

    def compose(self) -> ComposeResult:
        """Yield the number of rows, the rows, and the button."""
        with Dialog("First rows of the file", "-full"):
            yield Static(self._describe(), classes="muted", markup=False)
            yield Table(*self._make_columns(), classes="rows")
            yield ActionBar(Action("Close", "esc", "close", "primary"))

    def on_mount(self) -> None:
        """Fill the table."""
        table = self.query_one(Table)
        table.fill([tuple(map(_make_piece, row)) for row in self._outcome.first_rows.rows], 0)
        table.focus()

    def _make_columns(self) -> list[Column]:
        sums = {column.delivered_name for column in self._outcome.plan.sums}
        return [
            Column(name, "right") if name in sums else Column(name, is_name=True)
            for name in self._outcome.first_rows.columns
        ]

    def _describe(self) -> str:
        head = self._outcome.first_rows
        text = f"{len(head.rows):,} of {count(self._outcome.row_count, 'row')}"
        return f"{text} of {visible(self._outcome.file_name)}"

    def action_close(self) -> None:
        """Close the dialog."""
        self.dismiss(None)


def _make_piece(value: str | None) -> Piece:
    return Piece("NULL", "dim") if value is None else Piece(value)
