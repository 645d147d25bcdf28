"""The changes that the user can make to the draft; the workbench shows their effects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from textual import on
from textual.screen import Screen

from core import Request, TransferError, UsageError
from core.facade import PLACE, SourceColumn, edits
from tui.format.remedies import in_app
from tui.screens.error import show_error
from tui.workbench.draft import (
    NOTHING,
    NOWHERE,
    Draft,
    deciding_options,
    with_decisions,
    with_name,
    with_options,
    with_role,
)
from tui.workbench.messages import OptionsChanged, RenameAsked, RoleAsked

if TYPE_CHECKING:
    from core.facade import NamedDestination

_STEPS: Final = 100  # changes that can be undone


class Editing(Screen[None]):
    """A screen that edits a draft.

    Args:
        request: the request to begin with.

    Attributes:
        draft: the transfer that is being edited.
        planning: whether a plan is being made.
    """

    def __init__(self, request: Request) -> None:
        super().__init__()
        self.draft = Draft(request)
        self.planning = False
        self._waiting: list[RoleAsked | RenameAsked] = []
        self._past: list[tuple[Any, ...]] = []  # decisions, before each change of them
        self._chosen: NamedDestination | None = None
        self._ready: Mapping[str, bool] = {}

    # ------------------------------------------------------------ implemented by the workbench

    def plan(self) -> None:
        """Start making the plan again."""
        raise NotImplementedError

    def show_request(self) -> None:
        """Show the options of the request in the form of the destination."""
        raise NotImplementedError

    def refresh_state(self) -> None:
        """Show the parts of the draft that are known."""
        raise NotImplementedError

    # -------------------------------------------------------------------------------- changes

    def restart(self, request: Request) -> Draft:
        """Return a new draft of `request`, with the connection and bucket access of this one."""
        self.forget_changes()
        place = {name: getattr(self.draft.request, name) for name in PLACE}
        return Draft(with_options(request, **place))

    def change(self, make: Callable[[Request], Request]) -> None:
        """Replace the request by what `make` returns for it; an invalid change is refused."""
        before = self.draft.request
        try:
            request = make(before)
        except UsageError as error:
            self.refuse(in_app(error.message))
            return
        if deciding_options(before) != deciding_options(request):
            self._past = [*self._past, deciding_options(before)][-_STEPS:]
        self._use(request)

    def _use(self, request: Request) -> None:
        before = deciding_options(self.draft.request)
        self.draft = replace(self.draft, request=request, refused="")
        if before != deciding_options(request):
            self.plan()
        self.refresh_state()

    def refuse(self, why: str) -> None:
        """Show why a change is invalid; until it is corrected, nothing can be run."""
        self.draft = replace(self.draft, refused=why)
        self.refresh_state()

    def action_undo(self) -> None:
        """Undo the last change of roles, names, dates or months."""
        self._waiting.clear()
        if self._past:
            self._use(with_decisions(self.draft.request, self._past.pop()))

    @on(RoleAsked)
    @on(RenameAsked)
    def _queue_role(self, message: RoleAsked | RenameAsked) -> None:
        # A role is changed in a plan: if one is being made, the change waits for it.
        self._waiting.append(message)
        if not self.planning:
            self.change_next_role()

    def forget_waiting(self) -> None:
        """Discard the changes that wait for a plan."""
        self._waiting.clear()

    def forget_changes(self) -> None:
        """Discard the changes that wait for a plan, and those that could be undone."""
        self.forget_waiting()
        self._past.clear()

    def change_next_role(self) -> None:
        """Make the changes of roles and names that waited for the plan."""
        while self._waiting and not self.planning:
            self.change(self._make_change(self._waiting.pop(0)))

    def _make_change(self, asked: RoleAsked | RenameAsked) -> Callable[[Request], Request]:
        if isinstance(asked, RenameAsked):
            return lambda _: with_name(self.draft, asked.column, asked.new)
        return lambda _: with_role(self.draft, asked.columns, asked.role)

    @on(OptionsChanged)
    def _take_options(self, message: OptionsChanged) -> None:
        if message.missing:
            self.refuse(message.missing)
            return
        options: dict[str, Any] = dict(message.options)
        if "bucket" in options:
            options["bucket"] = options["bucket"] or NOWHERE
            if self._chosen is not None and options["bucket"] != self.draft.request.bucket:
                from tui.workbench.destinations import forget_options

                options = {**forget_options(self._chosen, options), **options}
                self._chosen = None
        self.change(lambda request: with_options(request, **options))

    def action_drop_identifiers(self) -> None:
        """Drop the columns that look like identifiers, or sum them again."""
        if self.draft.request.drop_identifiers:
            self.change(lambda request: with_options(request, drop_identifiers=False))
        else:
            self.change(edits.drop_identifiers)

    def action_drop_causes(self) -> None:
        """Drop the keys that keep nearly every row apart."""
        plan = self.draft.plan
        if plan is not None:
            self.change(lambda request: edits.drop_causes(request, plan))

    def action_restore(self) -> None:
        """Restore the default roles."""
        self.change(edits.restore_defaults)

    def refresh_ready(self) -> None:
        """Enable the actions that are possible; the footer is rebuilt only if they change."""
        ready = self._list_ready()
        if ready != self._ready:
            self._ready = ready
            self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable the keys of actions that are not possible yet."""
        return True if self._list_ready().get(action, True) else None

    def _list_ready(self) -> Mapping[str, bool]:
        return {
            "exact": self.draft.plan is not None,
            "sql": self.draft.plan is not None,
            "test_access": bool(self.draft.target.url),
            "restore": self.draft.look is not None,
            "undo": bool(self._past),
            "drop_identifiers": self.draft.look is not None,
            "drop_causes": bool(self.draft.plan and self.draft.plan.grain),
            "date_format": self.draft.look is not None,
            "window": self.draft.look is not None,
        }

    def find_obstacle(self) -> tuple[int, str] | None:
        """Return the number of the part that the run still needs, and what it needs there."""
        draft = self.draft
        if draft.request.table == NOTHING:
            return 1, "select a table first"
        if draft.look is None:
            return 2, "still sampling the table"
        if self.planning:
            return 3, "still planning"
        if draft.plan is None:
            return 2, "the run needs a plan"
        if draft.target.error:
            return 4, "correct the destination first"
        return None if draft.target.url else (4, "enter a bucket first")

    def action_sql(self) -> None:
        """Show the statement that the engine of the transfer runs."""
        if self.draft.plan is not None:
            from core.facade import ENGINES, choose
            from tui.workbench.dialogs import SqlDialog

            plan = self.draft.plan
            engine = ENGINES[choose(self.draft.request, plan).engine]
            self.app.push_screen(SqlDialog(engine.statement(plan)))

    def ask_date_format(self, under_cursor: SourceColumn | None) -> None:
        """Ask for the date format of the month column, else of the one under the cursor."""
        plan, look = self.draft.plan, self.draft.look
        column = plan.month.source if plan else under_cursor
        if column is None or look is None:
            return
        if column.type.kind in ("DATE", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ"):
            self.app.notify(
                f"{column.name} has a date type, so it needs no date format.", markup=False
            )
            return
        from tui.workbench.dialogs import FormatDialog

        current = edits.get_date_format(plan) if plan else self.draft.request.date_format

        def take_answer(options: Mapping[str, str | None] | None) -> None:
            if options is not None:
                wanted = {"date_column": column.name, **options}
                self.change(lambda request: with_options(request, **wanted))

        on_bad_date = self.draft.request.on_bad_date
        values = look.sample.get(column.name, ())
        self.app.push_screen(FormatDialog(column, values, current, on_bad_date), take_answer)

    def action_destinations(self) -> None:
        """Choose a configured destination."""
        from core.facade import list_destinations
        from tui.workbench.background.jobs import make_access_test
        from tui.workbench.destinations import DestinationsDialog, use_destination

        def take_answer(chosen: NamedDestination | None) -> None:
            if chosen is not None:
                self._chosen = chosen
                self.change(lambda request: use_destination(request, chosen))
                self.show_request()

        try:
            found = list_destinations()
        except TransferError as error:
            show_error(self.app, error)
            return
        dialog = DestinationsDialog(found, make_access_test(self.draft.request))
        self.app.push_screen(dialog, take_answer)

    def action_further(self) -> None:
        """Ask for the options that the form of the destination has no room for."""
        from tui.workbench.further import FurtherDialog

        def take_answer(options: Mapping[str, Any] | None) -> None:
            if options is not None:
                self.change(lambda request: with_options(request, **options))
                self.show_request()

        self.app.push_screen(FurtherDialog(self.draft.request), take_answer)

    def action_window(self) -> None:
        """Ask which months are read."""
        if self.draft.look is None:
            return
        from tui.workbench.window import WindowDialog

        def take_answer(options: Mapping[str, Any] | None) -> None:
            if options is not None:
                self.change(lambda request: with_options(request, **options))

        self.app.push_screen(WindowDialog(self.draft.request, self.draft.look.today), take_answer)
