"""The workbench: a transfer in four parts, each shown as soon as its data is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical

from core import Request
from tui.demo import INTEGRATION
from tui.preferences import Memory
from tui.screens.run.line import RunsLine
from tui.widgets.keys_line import KeysLine
from tui.workbench.background.inquiry import Inquiry
from tui.workbench.background.lane import Work
from tui.workbench.background.listing import Listed
from tui.workbench.destination import DESTINATION_KEYS, DestinationPane
from tui.workbench.draft import NOTHING
from tui.workbench.messages import (
    AccessTested,
    ColumnsFound,
    DatabaseOpened,
    DatabasesFound,
    ObjectChecked,
    Opened,
    SearchAsked,
    TableOpened,
    TablesFound,
    TablesMatched,
)
from tui.workbench.pane import Pane
from tui.workbench.steps import DEMO, Steps
from tui.workbench.tables.jobs import JobPicked, JobsPane
from tui.workbench.top import TopLine

_STYLES: Final = Path(__file__).parents[1] / "styles"


class Workbench(Steps):
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
destination. A fifth part lists the saved transfers of the job file. 1 to 5 and Tab move between \
the parts, z shows only the focused part, F5 runs the transfer."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5,r", "run", "Run", key_display="F5", tooltip="Run the transfer", id="run"),
        *(
            Binding(f"{n},alt+{n}", f"go({n})", f"Go to the {part}", show=False, id=f"go.{n}")
            for n, part in enumerate(("tables", "columns", "months", "destination", "jobs"), 1)
        ),
        *DESTINATION_KEYS,
        Binding("f3", "app.jobs", "Jobs", key_display="F3", tooltip="Jobs of a file", id="jobs"),
        Binding("ctrl+s", "app.save_job", "Save as a job", show=False, id="jobs.save"),
        Binding("z", "zoom", "Zoom", tooltip="Show only the focused part", id="zoom"),
        Binding("slash", "filter", "Filter tables", show=False, id="filter"),
        Binding("f8", "reload", "Reload tables", show=False, id="reload"),
    ]

    def __init__(self, request: Request, opening: Work, place: str, memory: Memory) -> None:
        super().__init__(request, place, memory)
        self._opening = opening
        integration = INTEGRATION if place == DEMO else ""
        self.destination = DestinationPane(request, memory.recent_buckets, integration)
        self._inquiry = Inquiry(self._session, self.destination)
        self.jobs = JobsPane(memory)
        self._seen = False

    def compose(self) -> ComposeResult:
        """Yield the tables on the left, and the other parts on the right."""
        self._fit()
        with Horizontal(id="top"):
            yield TopLine(self._place)
            yield RunsLine()
        with Horizontal(id="parts"):
            with Vertical(id="left"):
                yield self.tables
                yield self.jobs
            with Vertical(id="right"):
                yield self.columns
                yield self.preview
                yield self.destination
        yield KeysLine()

    def _fit(self) -> None:
        """Add the classes of the size now: otherwise everything is styled and laid out twice."""
        width, height = self.app.size
        for cells, points in (
            (width, self.HORIZONTAL_BREAKPOINTS),
            (height, self.VERTICAL_BREAKPOINTS),
        ):
            self.add_class(max(point for point in points if point[0] <= cells)[1], update=False)

    def on_mount(self) -> None:
        """Sign in, once the screen is painted: the libraries are imported meanwhile."""
        self.call_after_refresh(self._session.open, self._opening)
        self.preview.clear("the months of the table appear here")
        self.refresh_state()

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """Skip the restyling the first time: everything has just been styled."""
        event.refresh_styles = self._seen
        self._seen = True
        self._list_jobs()

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
        self.call_after_refresh(self._list_jobs)

    @on(DatabasesFound)
    @on(DatabaseOpened)
    @on(TablesFound)
    @on(SearchAsked)
    @on(TablesMatched)
    @on(TableOpened)
    @on(ColumnsFound)
    def _extend_listing(self, message: Listed) -> None:
        self._listing.take(message)

    def _list_jobs(self) -> None:
        """List the transfers of the job file, which another screen may have changed."""
        if self.is_signed_in:
            self.jobs.follow(self.job)

    @on(JobPicked)
    def _take_job(self, message: JobPicked) -> None:
        """Load a transfer of the job file, or run it."""
        path, entry = message.file.path, message.entry
        if message.run:
            from tui.screens.jobs.run import ask_to_run

            ask_to_run(self.app, path, [entry], self.run_jobs)
        else:
            from tui.screens.jobs.files import JobPlace

            self.edit_job((JobPlace(path, entry.name), entry.transfers[0].request))
            self.columns.go()

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
        self.jobs.mark(self.job)
        self.preview.show_cost(None if self.draft.refused else self.draft.estimate)
        self._memory.keep(self.draft.request)
        self.refresh_ready()

    # ------------------------------------------------------------------------------- actions

    def action_go(self, part: int) -> None:
        """Move the focus to a part."""
        self._panes[part - 1].go()

    @property
    def _panes(self) -> Sequence[Pane]:
        return self.tables, self.columns, self.preview, self.destination, self.jobs

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
