"""The table of part 3: a line for each month, with as many whole sums as fit beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from tui.format.figures import figure, fit_figure
from tui.format.text import fit, fit_name
from tui.widgets.lines import Lines, Piece

if TYPE_CHECKING:
    from core.facade import MonthRow, Months, Plan

_MONTH: Final = 7  # cells of a month
_FEWEST_COUNT: Final = 6
_FEWEST, _MOST, _MOST_NAME = 10, 52, 22  # cells of a sum, and of its name; 38 digits with commas
_FEWEST_ROUNDED: Final = 7  # as in `≈2.7e+8`
_BETWEEN: Final = 2
_MORE: Final = 6  # cells of the sign that more sums follow, if they are not hundreds


class MonthLines(Lines["MonthRow"]):
    """One line for each month; left and right move by whole sums.

    A sum is never cut, because what remained would read as another number: one that does not fit
    is on the next page, and the heading counts those.
    """

    order: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()
    first = 0
    _count = _FEWEST_COUNT

    def heading(self, width: int) -> list[Piece] | None:
        """Return the titles: month, rows, the sums in view, and how many follow."""
        if not self.items:
            return None
        back = "←" if self.first else " "
        columns = self._in_view(width)
        head = f"{back}{fit('month', _MONTH)} {fit('rows', self._count, 'right')}" + "".join(
            " " * _BETWEEN + fit_name(self.names[n], cells, "right") for n, cells in columns
        )
        more = len(self.names) - self.first - len(columns)
        sign = f"+{more} →" if more else ""
        return [Piece(fit(head, max(0, width - len(sign) - 1)) + sign + " ", "head")]

    def pieces(self, item: MonthRow, width: int) -> list[Piece]:
        """Return the month, its rows, and the sums in view."""
        month = f"{item.month:%Y-%m}" if item.month else "no date"
        sums = "".join(
            " " * _BETWEEN + fit_figure(item.sums[self.order[n]], cells).rjust(cells)
            for n, cells in self._in_view(width)
        )
        return [
            Piece(f" {fit(month, _MONTH)} ", "month" if item.month else "warning"),
            Piece(fit(f"{item.rows:,}", self._count, "right"), "dim"),
            Piece(sums),
        ]

    def fill(self, plan: Plan, months: Months) -> None:
        """Show `months`."""
        rows = months.months
        self.order = order(plan)
        self.names = tuple(plan.sums[n].name for n in self.order)
        self.widths = tuple(
            _widest([name], _FEWEST, _MOST_NAME, [figure(row.sums[n]) for row in rows])
            for n, name in zip(self.order, self.names, strict=True)
        )
        self._count = _widest([], _FEWEST_COUNT, _MOST, [f"{row.rows:,}" for row in rows])
        self.first = 0
        self.show(rows, cursor=0)

    def clear(self) -> None:
        """Remove all months."""
        self.order, self.names, self.widths, self.first = (), (), (), 0
        self.show([], cursor=0)

    def get_snug_width(self, limit: int, most: int) -> int:
        """Return the cells, up to `limit`, that the sums fill which fit into as many.

        The first sum is whole if that takes no more than `most`, and each of the others, which
        follow it when one scrolls, if that takes no more than `limit`.
        """
        beside = self._lead + _BETWEEN + self._more + 1
        if self.widths:
            limit = max(limit, min(most, beside + self.widths[0]))
        first, self.first = self.first, 0
        shown = self._in_view(limit - 1)
        self.first = first
        more = self._more if len(shown) < len(self.names) else 1
        snug = self._lead + sum(cells + _BETWEEN for _, cells in shown) + more + 1
        fitting = [beside + cells for cells in self.widths if beside + cells <= limit]
        return max(snug, *fitting) if fitting and len(shown) < len(self.names) else snug

    def action_sideways(self, cells: int) -> None:
        """Move by one sum."""
        last = len(self.names) - 1
        while last > 0 and self._is_end_in_view(last - 1):
            last -= 1
        self.first = min(max(0, self.first + (1 if cells > 0 else -1)), max(0, last))
        self.refresh()

    @property
    def _more(self) -> int:
        """The cells of the sign that more sums follow, such as `+12 →`."""
        return max(_MORE, len(f"+{len(self.names)} →") + 1)

    @property
    def _lead(self) -> int:
        return 1 + _MONTH + 1 + self._count

    def _is_end_in_view(self, first: int) -> bool:
        before, self.first = self.first, first
        end = first + len(self._in_view(self.scrollable_content_region.width)) == len(self.names)
        self.first = before
        return end

    def _in_view(self, width: int) -> list[tuple[int, int]]:
        """Return the positions of the sums that fit from `first` on, and the cells of each."""
        room = width - self._lead - 1
        widths = self.widths[self.first :]
        wanted = [cells + _BETWEEN for cells in widths]
        if sum(wanted) <= room:
            return [(self.first + n, cells) for n, cells in enumerate(widths)]
        room -= self._more - 1
        shown: list[tuple[int, int]] = []
        for n, cells in enumerate(widths):
            room -= cells + _BETWEEN
            if room < 0:
                break
            shown.append((self.first + n, cells))
        if not shown and room + widths[0] >= _FEWEST_ROUNDED:
            # Alone, a sum is rounded rather than left out.
            shown.append((self.first, room + widths[0]))
        return shown


def order(plan: Plan) -> tuple[int, ...]:
    """Return the indexes of the sums of `plan`, those of possible identifiers last."""
    return tuple(sorted(range(len(plan.sums)), key=lambda n: bool(plan.sums[n].identifier)))


def _widest(names: Sequence[str], fewest: int, most_name: int, figures: Sequence[str]) -> int:
    longest_name = min(most_name, max(map(len, names), default=0))
    return max(fewest, longest_name, min(_MOST, max(map(len, figures), default=0)))
