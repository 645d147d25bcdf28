"""Part 3: the months, from a sample or exact, as a table and as a chart of each sum."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from core.facade import ENGINES, Plan
from tui.format import cost
from tui.format.remedies import in_app
from tui.format.text import fit, short, visible
from tui.widgets.bars import Bars, Series
from tui.widgets.lines import Lines, Piece
from tui.workbench.pane import Pane

if TYPE_CHECKING:
    from core.facade import Estimate, MonthRow, Months

_MONTH_CELLS, _COUNT_CELLS, _SUM_CELLS = 7, 9, (10, 22)


class MonthLines(Lines["MonthRow"]):
    """One line for each month."""

    order: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()

    def heading(self, width: int) -> list[Piece] | None:
        """Return the titles: month, rows, and the names of the sums."""
        if not self.items:
            return None
        head = f" {fit('month', _MONTH_CELLS)} {fit('rows', _COUNT_CELLS, 'right')} "
        sums = " ".join(
            " " + fit(name, cells, "right")
            for name, cells in zip(self.names, self.widths, strict=True)
        )
        return [Piece(head + sums + " ", "head")]

    def pieces(self, item: MonthRow, width: int) -> list[Piece]:
        """Return the month, its rows, and its sums with all digits."""
        month = f"{item.month:%Y-%m}" if item.month else "no date"
        sums = " ".join(
            " " + fit(_figure(item.sums[n]), cells, "right")
            for n, cells in zip(self.order, self.widths, strict=True)
        )
        return [
            Piece(f" {fit(month, _MONTH_CELLS)} ", "month" if item.month else "warning"),
            Piece(fit(f"{item.rows:,}", _COUNT_CELLS, "right") + " ", "dim"),
            Piece(sums),
        ]

    def row_width(self) -> int:
        """Return the cells of a line; a narrower list can be scrolled."""
        return _MONTH_CELLS + _COUNT_CELLS + 4 + sum(cells + 2 for cells in self.widths)

    def fill(self, plan: Plan, months: Months) -> None:
        """Show `months`."""
        self.order = order(plan)
        self.names = tuple(plan.sums[n].name for n in self.order)
        fewest, most = _SUM_CELLS
        self.widths = (
            tuple(
                min(
                    most,
                    max(fewest, len(name), *(len(_figure(row.sums[n])) for row in months.months)),
                )
                for n, name in zip(self.order, self.names, strict=True)
            )
            if months.months
            else tuple(fewest for _ in self.names)
        )
        self.show(months.months, cursor=0)


class PreviewPane(Pane):
    """The months of the delivery, and what it costs.

    Attributes:
        shown: the plan whose months are shown; None while no months are.
    """

    BORDER_TITLE = "3 Months"
    HELP = """\
A preview of the transfer: each month with its rows and its sums.

At first it is computed from a SAMPLE of the table; e computes it exactly in Snowflake, which may \
take a while for large tables. Sums are shown by month only; the file has a row for each month and \
each combination of the keys. "out" is the number of these rows, with "about" if it is estimated. \
If it is close to the number of rows read, drop a key that has many values. Below it are the \
engine, the size of what this machine downloads, and the estimated time; the engine can be changed \
in part 4. q shows the SQL."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "e",
            "screen.exact",
            "Exact",
            tooltip="Compute the months over the whole table",
            id="preview.exact",
        ),
        Binding("q", "screen.sql", "SQL", tooltip="Show the SQL of the transfer", id="preview.sql"),
    ]

    def __init__(self) -> None:
        super().__init__(id="preview")
        self.shown: Plan | None = None
        self._summary = Static("", id="summary", markup=False)
        self._cost = Static("", id="cost", markup=False)
        self._months = MonthLines(empty="", id="month-list")
        self._bars = Bars(id="bars")

    def compose(self) -> ComposeResult:
        """Yield the summary, the cost, and below them table and chart."""
        yield self._summary
        yield self._cost
        with Horizontal(id="shown"):
            yield self._months
            yield self._bars

    def go(self) -> None:
        """Take the focus."""
        self.screen.set_focus(self._months)

    def clear(self, text: str = "") -> None:
        """Remove the months, and show `text` instead."""
        self.shown = None
        self.remove_class("-stale")
        self._months.order, self._months.names, self._months.widths = (), (), ()
        self._months.set_empty("")
        self._months.show([], cursor=0)
        self._bars.show([], [])
        self._summary.update(Content.styled(visible(text), "$foreground-muted"))
        self.show_cost(None)
        self.set_note("")

    def wait(self, what: str) -> None:
        """Show that something is being computed; until then the months of the last plan stay."""
        self.add_class("-stale")
        self.set_note(f"{what} …", "$text-accent")

    def fail(self, text: str) -> None:
        """Show why there is no preview."""
        self.remove_class("-stale")
        self.clear(text)
        self.set_note("no preview", "$text-error")

    def show_cost(self, estimate: Estimate | None) -> None:
        """Show the estimated cost of the transfer; nothing if it is None."""
        self._cost.display = estimate is not None
        if estimate is not None:
            self._cost.update(_cost(estimate))

    def show(self, plan: Plan, months: Months, estimate: Estimate | None) -> None:
        """Show the months of `plan`, and the estimated cost of the transfer."""
        self.shown = plan
        self.show_cost(estimate)
        self.remove_class("-stale")
        self._months.set_empty("all rows are blank")
        self._months.fill(plan, months)
        dated = [row for row in months.months if row.month is not None]
        series = [
            Series(
                plan.sums[n].name,
                tuple(None if row.sums[n] is None else float(row.sums[n] or 0) for row in dated),
                _total([row.sums[n] for row in months.months]),
            )
            for n in order(plan)
        ]
        if not series:  # without sums, the chart shows the number of rows
            counts = tuple(float(row.rows) for row in dated)
            series = [Series("rows", counts, short(sum(counts)))]
        self._bars.show([row.month for row in dated if row.month], series)
        self._summary.update(_summary(plan, months))
        if months.sampled:
            self.set_note(
                f"SAMPLE of {months.rows_seen:,} rows · e for exact", "$text-warning bold"
            )
        else:
            self.set_note(f"EXACT · all {months.rows_seen:,} rows", "$text-success bold")


def order(plan: Plan) -> tuple[int, ...]:
    """Return the indexes of the sums of `plan`, those of possible identifiers last."""
    return tuple(sorted(range(len(plan.sums)), key=lambda n: bool(plan.sums[n].identifier)))


def _summary(plan: Plan, months: Months) -> Content:
    """Return the rows in, the rows out, and what is unusual."""
    from core.facade import is_barely_grouped

    total = plan.source.rows if months.sampled else months.rows_seen
    about = "" if months.counted else "about "
    parts: list[tuple[str, str] | str] = [
        ("in ", "$foreground-muted"),
        (f"{total:,}" if total is not None else "?", "bold"),
        ("  →  out ", "$foreground-muted"),
    ]
    expected = months.expected_rows
    if expected is not None and total is not None:  # an estimate may be above the possible
        expected = min(expected, total if months.sampled else total - months.blank_rows)
    parts.append((f"{about}{expected:,}" if expected is not None else "?", "bold"))
    of_sample = " in the sample" if months.sampled else ""
    if months.blank_rows:
        parts.append((f"  ·  {months.blank_rows:,} blank{of_sample}", "$foreground-muted"))
    if months.bad_dates:
        parts.append((f"  ·  {months.bad_dates:,} unreadable dates{of_sample}", "$text-error"))
    undated = sum(row.rows for row in months.months if row.month is None)
    if undated > months.bad_dates:
        parts.append((f"  ·  {undated - months.bad_dates:,} without a date", "$text-warning"))
    if expected and total and total > 100 and plan.keys and is_barely_grouped(total, expected):
        warning = f"\n! the {len(plan.keys)} keys are nearly unique: little is aggregated"
        parts.append((warning, "$text-warning"))
    return Content.assemble(*parts)


def _cost(estimate: Estimate) -> Content:
    """Return the engine, its cost, and why it was chosen."""
    way, choice = estimate.chosen, estimate.choice
    parts: list[tuple[str, str] | str] = [(way.engine.value, "bold")]
    if way.obstacle:
        return Content.assemble(*parts, (f"  ✗ {visible(in_app(way.obstacle))}", "$text-error"))
    text = f" · {cost.describe(estimate, way)} · {in_app(choice.why)}"
    where = f": {ENGINES[way.engine].summary}"
    return Content.assemble(*parts, (where + text, "$foreground-muted"))


def _figure(value: Decimal | float | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, Decimal):
        return f"{value:,f}"
    return visible(f"{value:,.6g}" if abs(value) < 1e15 else f"{value:.6e}")


def _total(values: list[Decimal | float | None]) -> str:
    given = [float(value) for value in values if value is not None]
    return short(sum(given)) if given else "-"
