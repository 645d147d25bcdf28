"""The tree of tables as lines: a database, a schema, a table or a column each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.message import Message

from core.facade import TableName
from tui.format.text import fit, fit_name, short, size, visible
from tui.widgets.lines import Lines, Piece
from tui.workbench.tables.catalog import Branch, Heading, Leaf, Recent, Row

if TYPE_CHECKING:
    from core.facade import Entry

_ROWS_CELLS, _SIZE_CELLS = 6, 8
_WIDE = 40  # cells; a list of this width or more shows sizes
_TABLE_INDENT, _COLUMN_INDENT = 4, 5
_NAME_CELLS = 4  # of a table, at least
_OPEN, _CLOSED = "▾", "▸"


class TableLines(Lines[Row]):
    """The tree of databases, schemas, tables and columns.

    Attributes:
        picked: the selected table.
        with_columns: the tables whose columns are shown.
    """

    picked: TableName | None = None
    with_columns: frozenset[TableName] = frozenset()

    class Folded(Message):
        """The row at `index` is to show what it holds, or to hide it."""

        def __init__(self, index: int, *, is_open: bool) -> None:
            super().__init__()
            self.index, self.is_open = index, is_open

    def pieces(self, item: Row, width: int) -> list[Piece]:
        """Return one line, indented by its level."""
        match item:
            case Heading(text=text):
                return [Piece(" " + fit(text, width - 1), "head")]
            case Branch():
                return self._branch(item, width)
            case Leaf():
                return self._column(item, width)
            case Recent(entry=entry):
                return self._table(entry, width, " ")
            case _:
                sign = _OPEN if item.name in self.with_columns else _CLOSED
                return self._table(item, width, sign)

    def _branch(self, item: Branch, width: int) -> list[Piece]:
        sign = _OPEN if item.is_open else _CLOSED
        indent = " " if item.schema else ""
        note = f" {item.note} " if item.note else " "
        name = fit_name(item.schema or item.database, width - len(indent) - 2 - len(note))
        return [
            Piece(f"{indent}{sign} ", "dim"),
            Piece(name, "head"),
            Piece(note, "dim"),
        ]

    def _table(self, item: Entry, width: int, sign: str) -> list[Piece]:
        is_picked = item.name == self.picked
        figures = f" {self._figures(item, width).lstrip()} "
        room = max(_NAME_CELLS, width - _TABLE_INDENT - cell_len(figures))
        return [
            Piece("▌ " if is_picked else "  ", "accent"),
            Piece(f"{sign} ", "dim"),
            Piece(fit_name(item.name.table, room), "accent" * is_picked),
            Piece(figures, "dim"),
        ]

    def _column(self, item: Leaf, width: int) -> list[Piece]:
        room = width - _COLUMN_INDENT - 1
        if item.column is None:
            return [Piece(" " * _COLUMN_INDENT + fit(item.text, room + 1), "dim")]
        kind = item.column.type.text
        left = room - 1 - cell_len(visible(item.column.name))
        if cell_len(kind) > left:  # the name comes first: without its size, or without it
            kind = kind.partition("(")[0]
        cells = cell_len(kind) if cell_len(kind) <= left else 0
        return [
            Piece(" " * _COLUMN_INDENT + fit_name(item.column.name, room - cells - 1)),
            Piece(" " + fit(kind, cells) + " ", "dim"),
        ]

    def _figures(self, item: Entry, width: int) -> str:
        rows = "view" if "VIEW" in item.kind else short(item.rows) if item.kind else ""
        sized = fit(size(item.bytes) if item.kind else "", _SIZE_CELLS, "right")
        return fit(rows, _ROWS_CELLS, "right") + (sized if width >= _WIDE else "")

    def find_cut(self) -> str:
        """Return the name under the cursor if the line has no room for it; else nothing."""
        width = self.scrollable_content_region.width
        row = self.current
        if row is None or isinstance(row, Heading):
            return ""
        if isinstance(row, Branch):
            name, part = row.schema or row.database, self._branch(row, width)[1]
        elif isinstance(row, Leaf):
            name, part = row.column.name if row.column else "", self._column(row, width)[0]
        else:
            name, part = row.name.table, self.pieces(row, width)[2]
        return "" if visible(name) in part.text else name

    def selectable(self, item: Row) -> bool:
        """Return whether `item` can be opened or chosen."""
        return not isinstance(item, Heading)

    def stops(self, item: Row) -> bool:
        """Return whether up and down stop at `item`: not at what is open, which left leads to."""
        return self.selectable(item) and not (isinstance(item, Branch) and item.is_open)

    def action_sideways(self, cells: int) -> None:
        """Open the row under the cursor, or close it; left on what is closed goes to its parent."""
        row = self.current
        if row is None:
            return
        if cells > 0:
            if self._is_open(row):
                self.action_move(1)
            else:
                self.post_message(self.Folded(self.cursor, is_open=True))
        elif self._is_open(row):
            self.post_message(self.Folded(self.cursor, is_open=False))
        else:
            self._go_to_parent()

    def action_fold(self) -> None:
        """Open the row under the cursor, or close it."""
        row = self.current
        if row is not None:
            self.post_message(self.Folded(self.cursor, is_open=not self._is_open(row)))

    def _is_open(self, row: Row) -> bool:
        if isinstance(row, Branch):
            return row.is_open
        return not isinstance(row, Heading | Leaf | Recent) and row.name in self.with_columns

    def _go_to_parent(self) -> None:
        """Move the cursor to the nearest row above of a higher level."""
        level = _level(self.items[self.cursor])
        for index in range(self.cursor - 1, -1, -1):
            if _level(self.items[index]) < level and self.selectable(self.items[index]):
                self.cursor = index
                return

    def is_sign(self, index: int, x: int) -> bool:
        """Return whether the cell `x` of a row is that of its sign, or left of it."""
        return not isinstance(self.items[index], Recent) and 0 <= x <= max(
            1, _level(self.items[index])
        )


def _level(row: Row) -> int:
    """Return the depth of a row: that of a table is 2."""
    match row:
        case Heading():
            return 0
        case Branch():
            return 1 if row.schema else 0
        case Leaf():
            return 3
        case _:
            return 2


def find_row(rows: Sequence[Row], wanted: Row) -> int:
    """Return the index of a row like `wanted`; -1 if no row is.

    Lines are made again with each view, but the entry of a table stays the same object: that is
    what makes this fast with 100,000 of them.
    """
    if isinstance(wanted, Branch):
        path = wanted.path
        matches = (n for n in range(len(rows)) if getattr(rows[n], "path", None) == path)
    elif isinstance(wanted, Heading | Leaf | Recent):
        matches = (n for n in range(len(rows)) if rows[n] == wanted)
    else:
        matches = (n for n in range(len(rows)) if rows[n] is wanted)
    return next(matches, -1)
