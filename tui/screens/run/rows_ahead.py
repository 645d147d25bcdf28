"""The first rows of the file, shown before the run that writes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from tui.format.text import Align, fit, fit_name

if TYPE_CHECKING:
    from core.facade import FirstRows, Plan

_MOST: Final = 24  # cells of a key; a sum is never cut
_BETWEEN: Final = "  "
_NULL: Final = "NULL"


class RowsAhead(Widget):
    """The first rows of a delivery, as many whole columns as fit.

    Args:
        rows: the rows, as they will be in the file.
        plan: the plan of the delivery.
        sampled: whether the sums are those of a sample.
    """

    def __init__(self, rows: FirstRows, plan: Plan, *, sampled: bool) -> None:
        super().__init__()
        self._rows, self._sampled = rows, sampled
        self._sums = {column.delivered_name for column in plan.sums}
        self._widths = [
            self._measure(name, [row[n] for row in rows.rows])
            for n, name in enumerate(rows.columns)
        ]

    def _measure(self, name: str, values: Sequence[str | None]) -> int:
        widest = max([cell_len(_NULL if v is None else v) for v in values], default=0)
        longest = max(widest, min(cell_len(name), _MOST))
        return longest if name in self._sums else min(longest, _MOST)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the lines: the names, the rows, and a note."""
        return 2 + len(self._rows.rows)

    def render(self) -> Content:
        """Return the names of the columns, and the rows below them."""
        shown = self._in_view(self.size.width)
        head = _BETWEEN.join(
            fit_name(self._rows.columns[n], self._widths[n], self._align(n)) for n in shown
        )
        lines = [Content.styled(head, "bold $text-muted")]
        for row in self._rows.rows:
            cells: list[tuple[str, str]] = []
            for n in shown:
                value = row[n]
                text = fit(_NULL if value is None else value, self._widths[n], self._align(n))
                cells += [(text, "$foreground-muted" if value is None else ""), (_BETWEEN, "")]
            lines.append(Content.assemble(*cells))
        lines.append(Content.styled(self._describe(len(shown)), "$foreground-muted"))
        return Content("\n").join(lines)

    def _describe(self, shown: int) -> str:
        more = len(self._rows.columns) - shown
        what = "of a sample, with its sums" if self._sampled else "of the file"
        beside = f"; {more} more column{'s' * (more > 1)}" if more else ""
        return f"the first rows {what}{beside}"

    def _align(self, column: int) -> Align:
        return "right" if self._rows.columns[column] in self._sums else "left"

    def _in_view(self, width: int) -> range:
        room = width
        for n, cells in enumerate(self._widths):
            room -= cells + len(_BETWEEN) * bool(n)
            if room < 0:
                return range(n)
        return range(len(self._widths))
