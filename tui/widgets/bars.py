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

from tui.format.text import fit, fit_name, short

_EIGHTHS: Final = " ▁▂▃▄▅▆▇█"
_FEWEST_ROWS, _MOST_ROWS = 3, 14  # lines of a chart
_SCALE_CELLS = 7
_ROOMY_CELLS = 30  # cells; a chart of this width or more shows the word "total"
_GAP_CELLS, _MOST_CELLS = 3, 4  # of a bar: with a gap after it, and at most


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
    """A series scaled to the available cells.

    A chart with negative values has a line at zero, from which its bars go up and down.
    """

    title: str
    total: str
    bars: tuple[float | None, ...]
    top: float
    floor: float

    @property
    def flat(self) -> bool:
        """Whether all values are 0 or missing."""
        return self.top == self.floor

    def split(self, rows: int) -> tuple[int, int]:
        """Return the lines above the one at zero, and below it; without negative values all."""
        if self.floor == 0:
            return rows, 0
        if self.top == 0:
            return 0, rows - 1
        share = self.top / (self.top - self.floor)
        up = min(max(1, round(share * (rows - 1))), max(1, rows - 2))
        return up, max(1, rows - 1 - up)


class Bars(ScrollView, can_focus=True):
    """Bar charts of monthly values, one below the other, with an axis of years."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *("bars--title", "bars--dim", "bars--bar", "bars--other", "bars--axis"),
        *("bars--part", "bars--marked"),
    }

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._months: Sequence[date] = ()
        self._series: Sequence[Series] = ()
        self._sampled = False
        self._marked: date | None = None
        self._charts: list[_Chart] = []
        self._lines: list[tuple[_Chart, int]] = []  # row 0 is the title
        self._flat = ""
        self._rows = _FEWEST_ROWS
        self._per_bar = 1
        self._gap = 0  # cells between two bars
        self._edges: Sequence[int] = (0,)  # the first cell of each bar, and the end of the last

    def show(
        self, months: Sequence[date], series: Sequence[Series], *, sampled: bool = False
    ) -> None:
        """Show `series`, whose values are those of `months`; missing months become gaps.

        Args:
            months: the months, in order.
            series: the values.
            sampled: whether these are sums of a sample; the totals then say so.
        """
        every = _fill_gaps(months)
        position = {month: index for index, month in enumerate(months)}
        self._months, self._sampled, self._marked = every, sampled, None
        self._series = [
            Series(
                each.name,
                tuple(each.values[position[m]] if m in position else None for m in every),
                each.total,
            )
            for each in series
        ]
        self._cut()

    def mark(self, month: date | None) -> None:
        """Highlight the bar of a month."""
        if month != self._marked:
            self._marked = month
            self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        """Scale the charts to the new size."""
        self._cut()

    def render_line(self, y: int) -> Strip:
        """Return a line of a title, of bars, or of the axis, which does not scroll."""
        width, height = self.scrollable_content_region.size
        base = self.rich_style
        if not self._charts and not self._flat:
            return Strip.blank(width, base)
        rows = len(self._lines) + bool(self._flat)
        if self._charts and y == min(height - 1, rows) and height > 2:
            return self._axis(width)
        line = int(self.scroll_offset.y) + y
        if line >= rows:
            return Strip.blank(width, base)
        if line == len(self._lines):
            return self._strip([(fit(self._flat, width), "dim")], width)
        chart, row = self._lines[line]
        return self._bars(chart, row, width) if row else self._title(chart, width)

    # ------------------------------------------------------------------------------- geometry

    def _cut(self) -> None:
        """Scale the series to the available width and height."""
        width, height = self.scrollable_content_region.size
        cells = max(1, width - _SCALE_CELLS)
        count = len(self._months)
        self._per_bar = max(1, -(-count // cells))
        bars = -(-count // self._per_bar)
        self._edges = _divide(cells - (bars < cells), bars)  # not up to the frame
        self._gap = int(self._edges[-1] // max(1, len(self._edges) - 1) >= _GAP_CELLS)
        charts = [self._chart(each) for each in self._series]
        self._charts = [chart for chart in charts if not chart.flat]
        self._flat = _describe_flat([chart for chart in charts if chart.flat])
        if drawn := len(self._charts):
            share = (height - 1 - bool(self._flat)) // drawn - 1
            # A small chart is better than none, and all charts are better than a title without one.
            fewest = max(1, min(_FEWEST_ROWS - (share == _FEWEST_ROWS - 1), height - 2))
            self._rows = min(_MOST_ROWS, max(fewest, share))
        self._lines = [(chart, row) for chart in self._charts for row in range(self._rows + 1)]
        self.virtual_size = Size(0, len(self._lines) + 1 + bool(self._flat))
        self.refresh()

    def _chart(self, series: Series) -> _Chart:
        step = self._per_bar
        bars = tuple(
            _add(series.values[at : at + step]) for at in range(0, len(series.values), step)
        )
        given = [bar for bar in bars if bar is not None]
        top, floor = max((0.0, *given)), min((0.0, *given))
        return _Chart(series.name, series.total, bars, top, floor)

    @property
    def _last_months(self) -> int:
        """The months of the last bar; 0 if they are as many as those of the others."""
        return len(self._months) % self._per_bar

    # -------------------------------------------------------------------------------- drawing

    def _title(self, chart: _Chart, width: int) -> Strip:
        word = "sample " if self._sampled else "total " if width >= _ROOMY_CELLS else ""
        text = f" {word}{chart.total} "
        name = fit_name(chart.title, max(1, width - len(text)))
        return self._strip([(name, "title"), (text, "dim")], width)

    def _bars(self, chart: _Chart, row: int, width: int) -> Strip:
        up, down = chart.split(self._rows)
        unit = max(chart.top / up if up else 0.0, -chart.floor / down if down else 0.0)
        if down and row == up + 1:
            line = "─" * max(0, width - _SCALE_CELLS)
            zero = fit("0", _SCALE_CELLS - 1, "right") + " "
            return self._strip([(zero, "dim"), (line, "axis")], width)
        scale = {self._rows: -unit * down if down else 0.0, 1: unit * up if up else 0.0}.get(row)
        label = fit("" if scale is None else short(scale), _SCALE_CELLS - 1, "right") + " "
        parts = [(label, "dim")]
        for index, value in enumerate(chart.bars):
            below = row > up
            skipped = row - up - 2 if below else up - row  # lines between this one and zero
            height = 0.0 if value is None else (-value if below else value) / unit * 8
            eighths = min(8, max(0, (max(1, round(height)) if height > 0 else 0) - 8 * skipped))
            cell = _EIGHTHS[8 - eighths if below and 0 < eighths < 8 else eighths]
            look = self._look(index) + ("-down" if below and 0 < eighths < 8 else "")
            cells = self._edges[index + 1] - self._edges[index]
            parts.append((cell * (cells - self._gap), look))
            parts.append((" " * self._gap, "dim"))
        return self._strip(parts, width)

    def _look(self, index: int) -> str:
        group = self._months[index * self._per_bar : (index + 1) * self._per_bar]
        if self._marked in group:
            return "marked"
        if len(group) < self._per_bar:
            return "part"
        return "bar" if group[0].year % 2 else "other"

    def _axis(self, width: int) -> Strip:
        """Return the axis: each year at its January, and at the end what the last bar lacks."""
        cells = [" "] * max(0, width - _SCALE_CELLS)
        end = len(cells)
        if self._last_months:
            note = f"last: {self._last_months} mo."
            if len(note) + 6 <= len(cells):
                end -= len(note)
                cells[end:] = note
        free = 0
        for index in range(0, len(self._months), self._per_bar):
            group = self._months[index : index + self._per_bar]
            january = next((month for month in group if month.month == 1), None)
            at = self._edges[index // self._per_bar]
            opening = f"{group[0]:%b %Y}" if index == 0 else ""
            label = str(january.year) if january else opening
            if label and at >= free and at + len(label) < end + (end == len(cells)):
                cells[at : at + len(label)] = label
                free = at + len(label) + 1
        label = f"{self._per_bar} mo." if self._per_bar > 1 else ""
        lead = fit(label, _SCALE_CELLS - 1, "right") + " "
        return self._strip([(lead, "dim"), ("".join(cells), "axis")], width)

    def _strip(self, parts: Sequence[tuple[str, str]], width: int) -> Strip:
        base = self.rich_style
        segments = [Segment(text, self._style(look, base)) for text, look in parts if text]
        return Strip(segments).crop_extend(0, width, base)

    def _style(self, look: str, base: Style) -> Style:
        """Return a style; a cell that is filled from above has its two colours exchanged."""
        name, _, down = look.partition("-")
        style = self.get_component_rich_style(f"bars--{name}") + Style(bgcolor=base.bgcolor)
        return Style(color=style.bgcolor, bgcolor=style.color) if down else style


def _divide(cells: int, bars: int) -> list[int]:
    """Return the first cell of each bar, and the end of the last.

    Narrow bars fill the width, some of them a cell wider than others; wide ones are equal.
    """
    if not bars:
        return [0]
    width = cells // bars
    if width >= _GAP_CELLS:
        return [at * min(_MOST_CELLS, width) for at in range(bars + 1)]
    return [at * cells // bars for at in range(bars + 1)]


def _describe_flat(charts: Sequence[_Chart]) -> str:
    """Return on one line which series have no chart: those without values, and those of zeros."""
    empty = [chart.title for chart in charts if all(bar is None for bar in chart.bars)]
    zero = [chart.title for chart in charts if chart.title not in empty]
    parts = [f"all 0: {', '.join(zero)}"] * bool(zero)
    parts += [f"no values: {', '.join(empty)}"] * bool(empty)
    return " · ".join(parts)


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
