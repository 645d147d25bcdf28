"""A table of text: its columns share the width, and those without room are counted at its end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from rich.cells import cell_len
from textual import events

from tui.format.text import Align, fit, fit_name, visible
from tui.widgets.lines import Lines, Piece

_BETWEEN: Final = 2  # cells between two columns
_SIGN: Final = 6  # cells of the sign that more columns follow, if they are not hundreds
_LEAST, _MOST = 12, 40  # cells of a name that is cut
_MOST_HEAD = 24  # cells of a heading

Row = Sequence[Piece]


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        head: its heading.
        align: the side at which its cells are.
        is_name: whether its cells may lose their middle; others are whole.
    """

    head: str
    align: Align = "left"
    is_name: bool = False


class Table(Lines[Row]):
    """A table with a cursor; left and right move by whole columns, of which the first stays.

    Args:
        *columns: the columns.
        id: the id of the widget.
        classes: the classes of the widget.
    """

    def __init__(
        self,
        *columns: Column,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.columns = columns
        self.first = 1  # the first column in view, after column 0
        self._natural: list[int] = []
        self._view: tuple[tuple[int, int], list[tuple[int, int]]] = ((-1, -1), [])

    def fill(self, rows: Iterable[Row], cursor: int | None = None) -> None:
        """Show `rows`, which have a piece for each column; see `Lines.show`."""
        shown = [[Piece(visible(text), look) for text, look in row] for row in rows]
        self._natural = [
            max(
                min(cell_len(visible(column.head)), _MOST_HEAD),
                *(cell_len(row[n].text) for row in shown),
                1,
            )
            for n, column in enumerate(self.columns)
        ]
        self._view = ((-1, -1), [])
        self.show(shown, cursor)

    def heading(self, width: int) -> list[Piece]:
        """Return the titles of the columns in view, and how many follow."""
        shown = self._in_view(width)
        last = shown[-1][0] if shown else 0
        more = len(self.columns) - 1 - last
        sign = f"+{more} →" if more else ""
        back = "←" if self.first > 1 else " "
        cells = [self._fit(n, self.columns[n].head, cells) for n, cells in shown]
        head = back + (" " * _BETWEEN).join(cells)
        return [Piece(fit(head, max(0, width - len(sign) - 1)) + sign + " ", "head")]

    def pieces(self, item: Row, width: int) -> list[Piece]:
        """Return the cells in view."""
        shown = self._in_view(width)
        return [
            Piece((" " * _BETWEEN if n else " ") + self._fit(n, item[n].text, cells), item[n].look)
            for n, cells in shown
        ]

    def action_sideways(self, cells: int) -> None:
        """Move by one column."""
        width = self.scrollable_content_region.width
        last = self._in_view(width)[-1][0] if self.columns else 0
        if cells > 0 and last < len(self.columns) - 1:
            self.first += 1
        elif cells < 0:
            self.first = max(1, self.first - 1)
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        """Show the first columns again, as all may have room now."""
        self.first = 1

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the clicked row; a click on the row under it chooses that."""
        index = self._index_at(event)
        if index is not None and index != self.cursor:
            event.prevent_default()  # `Lines` would choose it at once
            self.cursor = index

    def _fit(self, column: int, text: str, cells: int) -> str:
        return fit_name(text, cells, self.columns[column].align)

    def _in_view(self, width: int) -> list[tuple[int, int]]:
        """Return the indexes of the columns that fit, and the cells of each."""
        if self._view[0] != (width, self.first):
            self._view = ((width, self.first), self._arrange(width - 2))
        return self._view[1]

    def _arrange(self, room: int) -> list[tuple[int, int]]:
        everything = range(len(self.columns))
        if all_fit := self._share(everything, room):
            return all_fit
        shown, left = [0], room - _SIGN - self._limit(0, _LEAST)
        for n in everything[self.first :]:
            left -= _BETWEEN + self._limit(n, _LEAST)
            if left < 0 and len(shown) > 1:
                break
            shown.append(n)
        if fitting := self._share(shown, room - _SIGN):
            return fitting
        first, second = shown[0], shown[-1]  # the second alone is too wide, and is cut
        cells = self._limit(first, _LEAST)
        return [(first, cells), (second, max(1, room - _SIGN - cells - _BETWEEN))]

    def _share(self, columns: Sequence[int], room: int) -> list[tuple[int, int]]:
        """Return the cells of each column, those of names limited so that all have room.

        The result is empty if there is not enough.
        """
        for longest in range(_MOST, _LEAST - 1, -1):
            widths = [self._limit(n, longest) for n in columns]
            if sum(widths) + _BETWEEN * (len(widths) - 1) <= room:
                return list(zip(columns, widths, strict=True))
        return []

    def _limit(self, column: int, longest: int) -> int:
        cells = self._natural[column]
        return min(cells, longest) if self.columns[column].is_name else cells
