"""The workbench: a transfer in four parts, each shown as soon as its data is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Footer

from core import Request, TransferError
from tui.demo import INTEGRATION
from tui.preferences import Memory
from tui.screens.error import show_error
from tui.screens.run.line import RunsLine
from tui.workbench.background.inquiry import Inquiry
from tui.workbench.background.lane import JobFailed, Slot, Work
from tui.workbench.background.listing import Listed, Listing
from tui.workbench.background.session import Session
from tui.workbench.columns.pane import ColumnsPane
from tui.workbench.destination import DESTINATION_KEYS, DestinationPane
from tui.workbench.draft import NOTHING, Draft, deciding_options, list_roles, with_table
from tui.workbench.jobs import JobEditing
from tui.workbench.messages import (
    AccessTested,
    ColumnsFound,
    DatabaseOpened,
    DatabasesFound,
    Looked,
    ObjectChecked,
    Opened,
    Planned,
    Previewed,
    Regrouped,
    RowsRead,
    SearchAsked,
    TableOpened,
    TablePicked,
    TablesFound,
    TablesMatched,
)
from tui.workbench.months.pane import PreviewPane
from tui.workbench.pane import Pane
from tui.workbench.tables.pane import TablesPane
from tui.workbench.top import TopLine

if TYPE_CHECKING:
    from core.facade import Look, Months, Plan

_STYLES: Final = Path(__file__).parents[1] / "styles"
DEMO: Final = "demo"  # the name of the demo's connection


class Workbench(JobEditing):
    """Tables, columns, months, destination.

    Args:
        request: the request to begin with; its connection is that of `opening` if it has none.
        opening: the job that signs in.
        place: the name of the connection.
        memory: the settings kept between starts.
    """

    CSS_PATH: ClassVar = [_STYLES / "widgets.tcss", _STYLES / "workbench.tcss"]
    AUTO_FOCUS = "#table-list"
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012
        *((0, "-narrow"), (100, "-normal"), (116, "-roomy"), (150, "-wide")),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (32, "-medium"), (46, "-high")]  # noqa: RUF012
    HELP = """\
A transfer in four parts: the table, the roles of its columns, the resulting months, and the \
destination. 1 to 4 and Tab move between the parts, z shows only the focused part, F5 runs the \
transfer."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5,r", "run", "Run", key_display="F5", tooltip="Run the transfer", id="run"),
        *(
            Binding(f"{n},alt+{n}", f"go({n})", f"Go to the {part}", show=False, id=f"go.{n}")
            for n, part in enumerate(("tables", "columns", "months", "destination"), 1)
        ),
        *DESTINATION_KEYS,
        Binding("f3", "app.jobs", "Jobs", key_display="F3", tooltip="Jobs of a file", id="jobs"),
        Binding("ctrl+s", "app.save_job", "Save as a job", show=False, id="jobs.save"),
        Binding("z", "zoom", "Zoom", tooltip="Show only the focused part", id="zoom"),
        Binding("slash", "filter", "Filter tables", show=False, id="filter"),
        Binding("f8", "reload", "Reload tables", show=False, id="reload"),
    ]

    def __init__(self, request: Request, opening: Work, place: str, memory: Memory) -> None:
        super().__init__(request)
        self._memory, self._opening, self._place = memory, opening, place
        self._session = Session(self.post_message)
        self.tables = TablesPane(memory.recent_tables)
        self._listing = Listing(self._session, self.tables)
        self.columns = ColumnsPane()
        self.preview = PreviewPane()
        integration = INTEGRATION if place == DEMO else ""
        self.destination = DestinationPane(request, memory.recent_buckets, integration)
        self._inquiry = Inquiry(self._session, self.destination)
        self._seen = False

    def compose(self) -> ComposeResult:
        """Yield the tables on the left, and the other parts on the right."""
        self._fit()
        with Horizontal(id="top"):
            yield TopLine(self._place)
            yield RunsLine()
        with Horizontal(id="parts"):
            yield self.tables
            with Vertical(id="right"):
                yield self.columns
                yield self.preview
                yield self.destination
        yield Footer(compact=True, show_command_palette=False)

    def _fit(self) -> None:
        """Add the classes of the size now: otherwise everything is styled and laid out twice."""
        width, height = self.app.size
        for cells, points in (
            (width, self.HORIZONTAL_BREAKPOINTS),
            (height, self.VERTICAL_BREAKPOINTS),
        ):
            self.add_class(max(point for point in points if point[0] <= cells)[1], update=False)

    def on_mount(self) -> None:
        """Sign in."""
        self._session.open(self._opening)
        self.preview.clear("the months of the table appear here")
        self.refresh_state()

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """Skip the restyling the first time: everything has just been styled."""
        event.refresh_styles = self._seen
        self._seen = True

    def on_unmount(self) -> None:
        """Cancel all jobs, without waiting."""
        self._session.close()

    # ------------------------------------------------------------------------------- session

    @on(Opened)
    def _use_session(self, message: Opened) -> None:
        self._session.explorer = message.explorer
        if message.request is not None:
            self.draft = replace(self.draft, request=message.request)
            self.destination.fill(message.request)
        self._listing.begin()
        if self.draft.request.table != NOTHING:
            self._look(self.draft.request.table)
        self.refresh_state()

    @on(DatabasesFound)
    @on(DatabaseOpened)
    @on(TablesFound)
    @on(SearchAsked)
    @on(TablesMatched)
    @on(TableOpened)
    @on(ColumnsFound)
    def _extend_listing(self, message: Listed) -> None:
        self._listing.take(message)

    # --------------------------------------------------------------------------- one transfer

    @on(TablePicked)
    def _pick_table(self, message: TablePicked) -> None:
        request = with_table(self.draft.request, str(message.name))
        self.draft, self.job = replace(self.draft, request=request), None
        self._look(str(message.name))
        self.columns.go()

    def _look(self, name: str) -> None:
        self.draft = Draft(self.draft.request, refused=self.draft.refused)
        self.planning = False
        self.forget_changes()
        in_demo = self._place == DEMO
        self.columns.wait(name, "the demo creates this table on first use" if in_demo else "")
        self.preview.clear()
        self._session.look(name)
        self.refresh_state()

    @on(Looked)
    def _show_table(self, message: Looked) -> None:
        if message.asked != self.draft.request.table:
            return  # another table has been selected since
        name = message.look.source.name
        self.draft = replace(self.draft, look=message.look)
        self.tables.mark(name)
        self._memory.use_table(name)
        self.columns.show(message.look, None, {})
        self.plan()

    def plan(self) -> None:
        """Start making the plan."""
        if self.draft.look is not None:
            self.preview.wait("planning")
            self.planning = True
            self._session.plan(self.draft.look, self.draft.request, demo=self.in_demo)

    @on(Planned)
    def _show_plan(self, message: Planned) -> None:
        look = self.draft.look
        current = deciding_options(self.draft.request)
        if look is None or deciding_options(message.request) != current:
            return  # another plan is being made
        self.planning = False
        self.draft = replace(
            self.draft, plan=message.plan, months=None, rows=None, former=message.former
        )
        self.columns.show(look, message.plan, list_roles(self.draft))
        self._compute_months(look, message.plan)
        self.refresh_state()
        self.change_next_role()

    @property
    def is_signed_in(self) -> bool:
        """Whether the sign-in has succeeded; the request then has its connection."""
        return self._session.explorer is not None

    @property
    def in_demo(self) -> bool:
        """Whether runs use the demo; a saved connection may have the same name."""
        return self._place == DEMO and not isinstance(self.draft.request.connection, str)

    def _compute_months(self, look: Look, plan: Plan) -> None:
        """Compute the months from rows that were read before, else by a statement."""
        from core.facade import Explorer

        known, running = self.draft.known, self._session.sampling
        if known is not None and Explorer.can_regroup(plan, known[0]):
            self.preview.wait("regrouping")
            self._session.regroup(look, plan, known)
            return
        self.preview.wait("sampling")
        if running is None or not Explorer.can_regroup(plan, running):
            self._session.preview(plan, exact=False)

    @on(Previewed)
    def _keep_months(self, message: Previewed) -> None:
        look, plan = self.draft.look, self.draft.plan
        if look is None or message.plan.source != look.source:
            return  # another table has been selected since
        self.draft = replace(self.draft, known=(message.plan, message.months))
        if message.plan == plan:
            self._show_months(look, message.plan, message.months)
        elif plan is not None and not self.planning:  # the roles have changed since
            self._compute_months(look, plan)

    @on(Regrouped)
    def _take_months(self, message: Regrouped) -> None:
        look = self.draft.look
        if message.plan != self.draft.plan or look is None:
            return  # the roles have changed since
        if message.months is not None:
            self._show_months(look, message.plan, message.months)
        else:
            self.preview.wait("sampling")
            self._session.preview(message.plan, exact=False)

    def _show_months(self, look: Look, planned: Plan, months: Months) -> None:
        from core.facade import refine_grain

        plan = refine_grain(planned, months)
        self.draft = replace(self.draft, plan=plan, months=months)
        if plan != planned:
            self.columns.show(look, plan, list_roles(self.draft))
            self.refresh_ready()
        self.preview.show(plan, months, self.draft.estimate)

    @on(RowsRead)
    def _keep_rows(self, message: RowsRead) -> None:
        """Keep the first rows, and show them in a summary that is open."""
        plan = self.draft.plan
        if plan is None or replace(plan, grain=None) != replace(message.plan, grain=None):
            return  # the roles have changed since
        self.draft = replace(self.draft, rows=message.rows)
        from tui.screens.run.screen import RunScreen

        for screen in self.app.screen_stack:
            if isinstance(screen, RunScreen):
                screen.show_rows(self.draft.rows_ahead)

    @on(JobFailed)
    def _show_failure(self, message: JobFailed) -> None:
        error = message.error
        look = self.draft.look
        if message.slot is Slot.PLAN and isinstance(error, TransferError) and look:
            self.planning = False
            self.forget_waiting()
            self.draft = replace(self.draft, plan=None)
            self.columns.show(look, None, list_roles(self.draft))
            self.columns.refuse(error)
            self.preview.fail("")
            self.refresh_state()
            return
        if message.slot in (Slot.PLAN, Slot.PREVIEW):
            self.preview.fail(getattr(error, "message", type(error).__name__))
        elif message.slot is Slot.OPEN:
            self.tables.fail("not signed in · F2 connects")
        elif message.slot is Slot.LOOK:
            self.columns.wait_for_choice()
        elif message.slot in (Slot.CATALOG, Slot.SEARCH, Slot.COLUMNS):
            self._listing.fail(message.slot)
        if self.is_active:
            show_error(self.app, error)
        else:  # the user is in a dialog or at another connection by now: do not take the keyboard
            self.notify(getattr(error, "message", ""), severity="error", markup=False)

    # -------------------------------------------------------------------------------- changes

    def take(self, request: Request) -> None:
        """Start again with `request`, such as one of the history, on the same connection."""
        self.job = None
        self.draft = self.restart(request)
        self.destination.fill(self.draft.request)
        self._look(self.draft.request.table)

    def show_request(self) -> None:
        """Show the options of the request in the form of the destination."""
        self.destination.fill(self.draft.request)

    def refresh_state(self) -> None:
        """Show the destination, the cost, and which actions are possible."""
        target = self.draft.target
        self._inquiry.follow(self.draft)
        self.destination.allow(run=self.draft.complete)
        self.query_one(TopLine).show(self.draft, target.url, self.job.name if self.job else "")
        self.preview.show_cost(None if self.draft.refused else self.draft.estimate)
        self._memory.keep(self.draft.request)
        self.refresh_ready()

    # ------------------------------------------------------------------------------- actions

    def action_go(self, part: int) -> None:
        """Move the focus to a part."""
        self._panes[part - 1].go()

    @property
    def _panes(self) -> Sequence[Pane]:
        return self.tables, self.columns, self.preview, self.destination

    def action_zoom(self) -> None:
        """Show only the focused part, or all of them again."""
        self.toggle_class("-zoomed")

    def action_filter(self) -> None:
        """Move the focus to the filter of the tables."""
        self.tables.action_filter()

    def action_reload(self) -> None:
        """List the tables again."""
        self._listing.restart()

    def action_exact(self) -> None:
        """Compute the months over the whole table."""
        if self.draft.plan is not None:
            self.preview.wait("computing exactly")
            # If the rows out have been counted, an estimate would be less exact.
            counted = bool(self.draft.months and self.draft.months.counted)
            self._session.preview(self.draft.plan, exact=True, counted=counted)

    def action_date_format(self) -> None:
        """Ask for the date format."""
        self.ask_date_format(self.columns.current)

    def action_test_access(self) -> None:
        """Test write access to the bucket."""
        self._inquiry.test_access(self.draft)

    @on(AccessTested)
    @on(ObjectChecked)
    def _show_answer(self, message: AccessTested | ObjectChecked) -> None:
        self._inquiry.take(message)
        if isinstance(message, AccessTested):
            self._memory.keep_destination(message.request)
        self.refresh_state()

    def action_run(self) -> None:
        """Open the summary from which the run is started, or show what is missing for it."""
        if (obstacle := self.find_obstacle()) is not None:
            part, text = obstacle
            self.action_go(part)
            self._panes[part - 1].set_note(f"✗ {text}", "$text-error")
        elif self.draft.plan is not None:
            from tui.screens.run.screen import RunScreen

            request, explorer = self.draft.request, self._session.explorer
            run = RunScreen(
                request,
                self.draft.plan,
                estimate=self.draft.estimate,
                demo=self.in_demo,
                connection_name=self._place,
                rows=self.draft.rows_ahead,
                on_send=lambda: self._memory.keep_destination(request),
                signed_in=explorer.signed_in if explorer else None,
            )
            self.app.push_screen(run, self._check_again)
            if self.draft.rows is None:
                self._session.read_rows(self.draft.plan)

    @on(RunsLine.Ended)
    def _check_again(self, _: object) -> None:
        self._inquiry.forget()
        self.refresh_state()
