"""The dialog with the first rows of a delivered file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable, Static

from tui.format.figures import count
from tui.format.text import fit, visible
from tui.screens.actions import Action, ActionBar
from tui.screens.dialog import Dialog, DialogScreen

if TYPE_CHECKING:
    from core import Outcome

_COLUMNS: Final = 40  # DataTable measures each cell: with more, the screen responds slowly
_CELLS: Final = 40  # of a value


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
            yield DataTable(cursor_type="none", zebra_stripes=True, classes="rows")
            yield ActionBar(Action("Close", "esc", "close", "primary"))

    def on_mount(self) -> None:
        """Fill the table."""
        table = self.query_one(DataTable)
        head, plan = self._outcome.first_rows, self._outcome.plan
        numeric = {column.name for column in plan.sums}
        right = [name in numeric for name in head.columns[:_COLUMNS]]
        for name, at_right in zip(head.columns, right, strict=False):
            table.add_column(_cell(name, right=at_right, style="bold"))
        for row in head.rows:
            table.add_row(*_cells(row, right))
        table.focus()

    def _describe(self) -> str:
        head = self._outcome.first_rows
        rows, columns = len(head.rows), len(head.columns)
        text = f"{rows:,} of {count(self._outcome.row_count, 'row')}"
        if columns > _COLUMNS:
            text += f", {_COLUMNS} of {count(columns, 'column')}"
        return f"{text} of {visible(self._outcome.file_name)}"

    def action_close(self) -> None:
        """Close the dialog."""
        self.dismiss(None)


def _cells(row: tuple[str | None, ...], right: list[bool]) -> Iterator[Text]:
    for value, at_right in zip(row, right, strict=False):
        null = value is None
        yield _cell("NULL" if null else value or "", right=at_right, style="italic" if null else "")


def _cell(text: str, *, right: bool, style: str = "") -> Text:
    return Text(fit(text, _CELLS).strip(), style, justify="right" if right else "left")
