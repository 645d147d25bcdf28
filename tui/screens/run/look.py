"""The summary before a run: source, destination, the role of each column, engine and cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from core.facade import ENGINES, choose, join_names, object_url, warn_of_hidden
from tui.format import cost
from tui.format.figures import count
from tui.format.further import describe_further
from tui.format.remedies import in_app
from tui.format.text import visible
from tui.screens.fact import Fact
from tui.screens.run.rows_ahead import RowsAhead

if TYPE_CHECKING:
    from core import Request
    from core.facade import Estimate, FirstRows, Plan, PlannedColumn

_IF_EXISTS: Final = {
    "fail": "fails if the file exists",
    "overwrite": "overwrites the file if it exists",
    "skip": "does nothing if the file exists",
}


class LastLook(Vertical):
    """A request and its plan, in a few lines.

    Args:
        request: the request.
        plan: the roles of the columns.
        estimate: the expected cost.
        rows: the first rows of the file, and whether their sums are those of a sample.
    """

    DEFAULT_CSS = """
    LastLook {
        height: auto;
        & #ahead { height: auto; }
        & RowsAhead { height: auto; margin: 1 0; }
        & .warning {
            color: $text-warning;
            margin-top: 1;
            padding-left: 1;
            border-left: thick $warning;
        }
    }
    """

    def __init__(
        self,
        request: Request,
        plan: Plan,
        estimate: Estimate | None = None,
        rows: tuple[FirstRows, bool] | None = None,
    ) -> None:
        super().__init__()
        self._rows = rows
        self._estimate = estimate
        self._request = request
        self._plan = plan

    def compose(self) -> ComposeResult:
        """Yield the file, its first rows, the engine with its cost, then the warnings."""
        for label, fact in self._facts():
            yield Fact(label, fact)
        with Vertical(id="ahead"):
            yield from self._list_rows()
        for label, fact in self._means():
            yield Fact(label, fact)
        if self._estimate and (obstacle := self._estimate.chosen.obstacle):
            yield Static(Content(visible(in_app(obstacle))), classes="warning")
        url = object_url(self._request, self._plan.source.name, self._plan.window)
        for warning in (*self._plan.warnings, *warn_of_hidden([("destination", url)])):
            yield Static(Content(visible(in_app(warning))), classes="warning")

    def show_rows(self, rows: tuple[FirstRows, bool] | None) -> None:
        """Show the first rows of the file."""
        self._rows = rows
        ahead = self.query_one("#ahead", Vertical)
        ahead.remove_children()
        ahead.mount(*self._list_rows())

    def _list_rows(self) -> Iterator[RowsAhead]:
        if self._rows is not None and self._rows[0].rows:
            first, sampled = self._rows
            yield RowsAhead(first, self._plan, sampled=sampled)

    def _facts(self) -> Iterator[tuple[str, Content]]:
        plan, request = self._plan, self._request
        rows = self._estimate.rows if self._estimate else plan.source.rows
        about = "about " if self._estimate and self._estimate.rows_estimated else ""
        counted = "row count unknown" if rows is None else f"{about}{count(rows, 'row')}"
        yield "From", Content.assemble((visible(str(plan.source.name)), "bold"), f"  {counted}")
        url = object_url(request, plan.source.name, plan.window)
        yield "To", Content.styled(visible(url), "bold")
        yield "As", Content(_file(request))
        if further := describe_further(request):
            yield "With", Content(further)
        month = plan.month
        how = f"{month.source.type.text}, {month.why}"
        yield "Month", Content.assemble((visible(month.name), "bold"), f"  {how}")
        if plan.window:
            yield "Window", Content(f"only {plan.window}")
        yield "Sum", _columns(plan.sums, "none: the file lists the keys of each month")
        yield "Keys", _columns(plan.keys, "none: one row for each month")
        if dropped := [c for c in plan.columns if c not in plan.delivered]:
            yield "Drop", _columns(dropped, "")

    def _means(self) -> Iterator[tuple[str, Content]]:
        choice = choose(self._request, self._plan)
        how = ENGINES[choice.engine].describe(self._request)
        yield "Engine", Content(visible(f"{choice.engine}: {how} ({in_app(choice.why)})"))
        if self._estimate:
            yield "Cost", _cost(self._estimate)


def _cost(estimate: Estimate) -> Content:
    """Return the cost with the chosen engine, then with the others that are possible."""
    way = estimate.chosen
    others = [
        f"{each.engine}: {cost.describe(estimate, each)}"
        for each in estimate.ways
        if each is not way and not each.obstacle
    ]
    first = f"{cost.rows_out(estimate)} rows out · {cost.describe(estimate, way)}"
    more = [each for each in (way.pace, *others) if each]
    return Content.assemble(first, *((f"\n{each}", "$foreground-muted") for each in more))


def _file(request: Request) -> str:
    packed = ", gzip" if request.gzip else ""
    exists = _IF_EXISTS[request.if_exists]
    verified = "; compared with the table at the end" if request.verify else ""
    return f"{request.format}{packed}; {exists}{verified}"


def _columns(columns: Sequence[PlannedColumn], none: str) -> Content:
    if not columns:
        return Content.styled(none, "$foreground-muted")
    names = join_names([column.name for column in columns], most=10)
    return Content.assemble((f"{len(columns)}  ", "$foreground-muted"), visible(names))
