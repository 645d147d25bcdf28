"""Bar charts of monthly values, one for each series, with a common axis of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.format.text import fit, short

_EIGHTHS: Final = " ▁▂▃▄▅▆▇█"
_FEWEST_ROWS, _MOST_ROWS = 3, 14  # lines of a chart
_SCALE_CELLS = 7
_ROOMY_CELLS = 30  # cells; a chart of this width or more shows the word "total"


@dataclass(frozen=True)
class Series:
    """The values of a chart.

    Attributes:
        name: the title.
        values: a value for each month; None for a month without one.
        total: the total over all months, as text.
    """

    name: str
    values: tuple[float | None, ...]
    total: str = ""


@dataclass(frozen=True)
class _Chart:
    """A series scaled to the available cells."""

    title: str
    bars: tuple[float | None, ...]
    top: float
    floor: float

    @property
    def flat(self) -> bool:
        """Whether all values are 0 or missing."""
        return self.top == self.floor


class Bars(ScrollView, can_focus=True):
    """Bar charts of monthly values, one below the other, with an axis of years."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *("bars--title", "bars--dim", "bars--bar", "bars--other", "bars--axis"),
    }

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._months: Sequence[date] = ()
        self._series: Sequence[Series] = ()
        self._charts: list[_Chart] = []
        self._lines: list[tuple[_Chart, int]] = []  # row 0 is the title
        self._rows = _FEWEST_ROWS
        self._per_bar = 1
        self._bar_cells = 1

    def show(self, months: Sequence[date], series: Sequence[Series]) -> None:
        """Show `series`, whose values are those of `months`; missing months become gaps."""
        every = _fill_gaps(months)
        position = {month: index for index, month in enumerate(months)}
        self._months = every
        self._series = [
            Series(
                each.name,
                tuple(each.values[position[m]] if m in position else None for m in every),
                each.total,
            )
            for each in series
        ]
        self._cut()

    def on_resize(self, event: events.Resize) -> None:
        """Scale the charts to the new size."""
        self._cut()

    def render_line(self, y: int) -> Strip:
        """Return a line of a title, of bars, or of the axis, which does not scroll."""
        width, height = self.scrollable_content_region.size
        base = self.rich_style
        if not self._charts:
            return Strip.blank(width, base)
        if y == min(height - 1, len(self._lines)):
            return self._axis(width)
        line = int(self.scroll_offset.y) + y
        if line >= len(self._lines):
            return Strip.blank(width, base)
        chart, row = self._lines[line]
        return self._bars(chart, row, width) if row else self._title(chart, width)

    # ------------------------------------------------------------------------------- geometry

    def _cut(self) -> None:
        """Scale the series to the available width and height."""
        width, height = self.scrollable_content_region.size
        cells = max(1, width - _SCALE_CELLS)
        count = len(self._months)
        self._per_bar = max(1, -(-count // cells))
        bars = -(-count // self._per_bar) if count else 0
        self._bar_cells = min(4, max(1, cells // bars)) if bars else 1
        self._charts = [self._chart(each) for each in self._series]
        flat = sum(chart.flat for chart in self._charts)
        if drawn := len(self._charts) - flat:
            share = (height - 1 - flat) // drawn - 1
            self._rows = min(_MOST_ROWS, max(_FEWEST_ROWS, share))
        self._lines = [
            (chart, row)
            for chart in self._charts
            for row in range(1 if chart.flat else self._rows + 1)
        ]
        self.virtual_size = Size(0, len(self._lines) + 1)
        self.refresh()

    def _chart(self, series: Series) -> _Chart:
        step = self._per_bar
        bars = tuple(
            _add(series.values[at : at + step]) for at in range(0, len(series.values), step)
        )
        given = [bar for bar in bars if bar is not None]
        top, floor = max((0.0, *given)), min((0.0, *given))
        return _Chart(series.name, bars, top, floor)

    # -------------------------------------------------------------------------------- drawing

    def _title(self, chart: _Chart, width: int) -> Strip:
        total = next((s.total for s in self._series if s.name == chart.title), "")
        text = f" total {total} " if width >= _ROOMY_CELLS else f" {total} "
        name = fit(chart.title, max(1, width - len(text)))
        return self._strip([(name, "title"), (text, "dim")], width)

    def _bars(self, chart: _Chart, row: int, width: int) -> Strip:
        span = (chart.top - chart.floor) or 1.0
        levels = 8 * self._rows
        low = (self._rows - row) * 8
        scale = {1: chart.top, self._rows: chart.floor}.get(row)
        label = fit("" if scale is None else short(scale), _SCALE_CELLS - 1, "right") + " "
        parts = [(label, "dim")]
        gap = self._bar_cells > 2
        for index, value in enumerate(chart.bars):
            height = 0 if value is None else round((value - chart.floor) / span * levels)
            if value:
                height = max(1, height)
            cell = _EIGHTHS[min(8, max(0, height - low))]
            look = "bar" if self._months[index * self._per_bar].year % 2 else "other"
            parts.append((cell * (self._bar_cells - gap) + " " * gap, look))
        return self._strip(parts, width)

    def _axis(self, width: int) -> Strip:
        """Return the axis: each year at its January."""
        cells = [" "] * max(0, width - _SCALE_CELLS)
        free = 0
        for index in range(0, len(self._months), self._per_bar):
            group = self._months[index : index + self._per_bar]
            january = next((month for month in group if month.month == 1), None)
            at = index // self._per_bar * self._bar_cells
            opening = f"{group[0]:%b %Y}" if index == 0 else ""
            label = str(january.year) if january else opening
            if label and at >= free and at + len(label) <= len(cells):
                cells[at : at + len(label)] = label
                free = at + len(label) + 1
        label = f"{self._per_bar} mo." if self._per_bar > 1 else ""
        lead = fit(label, _SCALE_CELLS - 1, "right") + " "
        return self._strip([(lead, "dim"), ("".join(cells), "axis")], width)

    def _strip(self, parts: Sequence[tuple[str, str]], width: int) -> Strip:
        base = self.rich_style
        ground = Style(bgcolor=base.bgcolor)
        looks = [self.get_component_rich_style(f"bars--{look}") + ground for _, look in parts]
        segments = [Segment(text, look) for (text, _), look in zip(parts, looks, strict=True)]
        return Strip(segments).crop_extend(0, width, base)


def _add(values: Sequence[float | None]) -> float | None:
    """Return the sum of the finite values; None, which is a gap, if all are missing."""
    numbers = [value for value in values if value is not None and isfinite(value)]
    total = sum(numbers)
    return total if numbers and isfinite(total) else None


def _fill_gaps(months: Sequence[date]) -> list[date]:
    """Return every month from the first to the last; only `months` if that is over a century."""
    if not months:
        return []
    first, last = min(months), max(months)
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    if count > 1200:  # probably dates of a wrong century
        return sorted(months)
    start = first.year * 12 + first.month - 1
    return [date(n // 12, n % 12 + 1, 1) for n in range(start, start + count)]
