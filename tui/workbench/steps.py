"""From a table to its months: each step begins as soon as the one before has its result."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from textual import on

from core import Request, TransferError
from tui.preferences import Memory
from tui.screens.error import show_error
from tui.workbench.background.lane import JobFailed, Slot
from tui.workbench.background.listing import Listing
from tui.workbench.background.session import Session
from tui.workbench.columns.pane import ColumnsPane
from tui.workbench.draft import Draft, deciding_options, list_roles, with_table
from tui.workbench.jobs import JobEditing
from tui.workbench.messages import (
    Looked,
    Planned,
    Previewed,
    Regrouped,
    RowsRead,
    TablePicked,
)
from tui.workbench.months.pane import PreviewPane
from tui.workbench.tables.pane import TablesPane

if TYPE_CHECKING:
    from core.facade import Look, Months, Plan

DEMO: Final = "demo"  # the name of the demo's connection


class Steps(JobEditing):
    """A screen that describes, plans and previews the table of its draft.

    Args:
        request: the request to begin with.
        place: the name of the connection.
        memory: the settings kept between starts.

    Attributes:
        tables, columns, preview: the parts that show the results.
    """

    def __init__(self, request: Request, place: str, memory: Memory) -> None:
        super().__init__(request)
        self._memory, self._place = memory, place
        self._session = Session(self.post_message)
        self.tables = TablesPane(memory.recent_tables)
        self._listing = Listing(self._session, self.tables)
        self.columns = ColumnsPane()
        self.preview = PreviewPane()

    @property
    def place(self) -> str:
        """The name of the connection."""
        return self._place

    @property
    def is_signed_in(self) -> bool:
        """Whether the sign-in has succeeded; the request then has its connection."""
        return self._session.explorer is not None

    @property
    def in_demo(self) -> bool:
        """Whether runs use the demo; a saved connection may have the same name."""
        return self._place == DEMO and not isinstance(self.draft.request.connection, str)

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
