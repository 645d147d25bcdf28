"""Small multiples: one bar chart a series, all over the same months."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.widgets.text import fit, short

_EIGHTHS: Final = " ▁▂▃▄▅▆▇█"
_FEWEST_ROWS, _MOST_ROWS = 2, 6  # of bars, a chart
_SCALE_CELLS = 7


@dataclass(frozen=True)
class Series:
    """What one chart shows.

    Attributes:
        name: its title.
        values: one for each month; None for a month without a value.
        total: over all months, as text.
    """

    name: str
    values: tuple[float | None, ...]
    total: str = ""


@dataclass(frozen=True)
class _Chart:
    """A series cut to the cells there are."""

    title: str
    bars: tuple[float, ...]
    top: float
    floor: float


class Bars(ScrollView, can_focus=True):
    """Bar charts of monthly values, one below the other, with one axis of years."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *("bars--title", "bars--dim", "bars--bar", "bars--negative", "bars--axis"),
    }

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._months: Sequence[date] = ()
        self._series: Sequence[Series] = ()
        self._charts: list[_Chart] = []
        self._rows = _FEWEST_ROWS
        self._per_bar = 1
        self._bar_cells = 1

    def show(self, months: Sequence[date], series: Sequence[Series]) -> None:
        """Show `series`; months without a row in between count as gaps."""
        every = _calendar(months)
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
        """Cut to another size."""
        self._cut()

    def render_line(self, y: int) -> Strip:
        """One line: of a title, of bars, or of the axis, which stays at the bottom."""
        width, height = self.scrollable_content_region.size
        base = self.rich_style
        if not self._charts:
            return Strip.blank(width, base)
        if y == height - 1:
            return self._axis(width)
        chart, row = divmod(int(self.scroll_offset.y) + y, self._rows + 1)
        if chart >= len(self._charts):
            return Strip.blank(width, base)
        if row == 0:
            return self._title(self._charts[chart], width)
        return self._bars(self._charts[chart], row, width)

    # ------------------------------------------------------------------------------- geometry

    def _cut(self) -> None:
        """Fit the series into the width and the height there are."""
        width, height = self.scrollable_content_region.size
        cells = max(1, width - _SCALE_CELLS)
        count = len(self._months)
        self._per_bar = max(1, -(-count // cells))
        bars = -(-count // self._per_bar) if count else 0
        self._bar_cells = min(4, max(1, cells // bars)) if bars else 1
        if self._series and height:
            share = (height - 1) // len(self._series) - 1
            self._rows = min(_MOST_ROWS, max(_FEWEST_ROWS, share))
        self._charts = [self._chart(each) for each in self._series]
        self.virtual_size = Size(0, (self._rows + 1) * len(self._series) + 1)
        self.refresh()

    def _chart(self, series: Series) -> _Chart:
        step = self._per_bar
        bars = tuple(
            sum(value or 0.0 for value in series.values[at : at + step])
            for at in range(0, len(series.values), step)
        )
        top, floor = max((0.0, *bars)), min((0.0, *bars))
        return _Chart(series.name, bars, top, floor)

    # -------------------------------------------------------------------------------- drawing

    def _title(self, chart: _Chart, width: int) -> Strip:
        total = next((s.total for s in self._series if s.name == chart.title), "")
        told = f" total {total} " if total else " "
        name = fit(chart.title, max(1, width - len(told) - 1))
        return self._strip([(name, "title"), (told, "dim")], width)

    def _bars(self, chart: _Chart, row: int, width: int) -> Strip:
        span = (chart.top - chart.floor) or 1.0
        levels = 8 * self._rows
        low = (self._rows - row) * 8
        scale = {1: chart.top, self._rows: chart.floor}.get(row)
        label = fit("" if scale is None else short(scale), _SCALE_CELLS - 1, "right") + " "
        cells = []
        for value in chart.bars:
            height = round((value - min(chart.floor, 0.0)) / span * levels) if value else 0
            if value > 0:
                height = max(1, height)
            cells.append(_EIGHTHS[min(8, max(0, height - low))])
        wide, gap = self._bar_cells, self._bar_cells > 2
        text = "".join(cell * (wide - gap) + " " * gap for cell in cells)
        return self._strip([(label, "dim"), (text, "bar")], width)

    def _axis(self, width: int) -> Strip:
        """The years, each at its January."""
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


def _calendar(months: Sequence[date]) -> list[date]:
    """Every month from the first to the last; the months themselves where that is too many."""
    if not months:
        return []
    first, last = min(months), max(months)
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    if count > 1200:  # a wrong century, not a time line
        return sorted(months)
    start = first.year * 12 + first.month - 1
    return [date(n // 12, n % 12 + 1, 1) for n in range(start, start + count)]
