"""Part 3: the months, from a sample or exact, as a table and as a chart of each sum."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal

from core.facade import Plan
from tui.format.figures import count, figure
from tui.format.text import short
from tui.widgets.bars import Bars, Series
from tui.widgets.lines import Lines
from tui.workbench.months.headline import CostLine, Headline
from tui.workbench.months.lines import MonthLines, order
from tui.workbench.pane import Pane

if TYPE_CHECKING:
    from core.facade import Estimate, Months

_LEAST_LIST, _LEAST_CHART = 36, 24  # cells


class PreviewPane(Pane):
    """The months of the delivery, and what it costs.

    Attributes:
        shown: the plan whose months are shown; None while no months are.
    """

    BORDER_TITLE = "3 Months"
    HELP = """\
A preview of the transfer: each month with its rows and its sums.

At first it is computed from a SAMPLE of the table. A change of roles asks Snowflake nothing: it \
groups the rows that were sampled before. e computes the months exactly in Snowflake, which may \
take a while for large tables. Sums are shown by month only; the file has a row for each month and \
each combination of the keys. "out" is the number of these rows, with "about" if it is estimated, \
and "at least" if the sample shows no more than its months. \
If it is more than half of the rows read, o drops the keys that keep them apart. Below it are the \
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
        Binding(
            "o",
            "screen.drop_causes",
            "Group",
            tooltip="Drop the keys because of which most rows remain",
            id="preview.causes",
        ),
    ]

    def __init__(self) -> None:
        super().__init__(id="preview")
        self.shown: Plan | None = None
        self._summary = Headline(id="summary")
        self._cost = CostLine(id="cost")
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

    @on(Lines.Moved, "#month-list")
    def _follow_cursor(self, event: Lines.Moved) -> None:
        event.stop()
        self._mark_month()

    def _mark_month(self) -> None:
        row = self._months.current
        self._bars.mark(row.month if row else None)

    def on_resize(self) -> None:
        """Give the table as many cells as its whole sums need, up to half of them."""
        self._fit_months()

    def _fit_months(self) -> None:
        beside = not self.screen.has_class("-narrow")
        width = self.size.width
        cells = self._months.get_snug_width(max(_LEAST_LIST, width // 2), width - _LEAST_CHART)
        self._months.styles.width = cells if beside else "1fr"

    def clear(self, text: str = "") -> None:
        """Remove the months, and show `text` instead."""
        self.shown = None
        self.add_class("-blank")
        self.remove_class("-stale")
        self._months.set_empty("")
        self._months.clear()
        self._bars.show([], [])
        self._summary.say(text)
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
        self._cost.show(estimate)

    def show(self, plan: Plan, months: Months, estimate: Estimate | None) -> None:
        """Show the months of `plan`, and the estimated cost of the transfer."""
        self.shown = plan
        self.show_cost(estimate)
        self.remove_class("-stale", "-blank")
        self._months.set_empty(f"no rows of {plan.window}" if plan.window else "all rows are blank")
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
        self._bars.show([row.month for row in dated if row.month], series, sampled=months.sampled)
        self._mark_month()
        self._fit_months()
        self._summary.show(plan, months)
        if months.sampled:
            self.set_note(
                f"SAMPLE of {count(months.rows_seen, 'row')} · e for exact", "$text-warning bold"
            )
        else:
            self.set_note(f"EXACT · {_all(months.rows_seen)}", "$text-success bold")


def _all(rows: int) -> str:
    return count(rows, "row") if rows < 2 else f"all {count(rows, 'row')}"


def _total(values: list[Decimal | float | None]) -> str:
    given = [float(value) for value in values if value is not None]
    return short(sum(given)) if given else figure(None)
