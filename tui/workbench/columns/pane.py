"""The pane of the columns; keys and clicks change their roles."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from core import TransferError
from core.facade import Plan, PlannedColumn, Role, SourceColumn, get_date_format, join_names
from tui.format.figures import count
from tui.format.remedies import in_columns
from tui.format.text import visible
from tui.widgets.lines import Lines
from tui.workbench.columns.finder import MANY
from tui.workbench.columns.lines import SIGNS, list_rows
from tui.workbench.columns.renaming import NAMES, ColumnRenamer
from tui.workbench.messages import RoleAsked

if TYPE_CHECKING:
    from core.facade import Look

_PATIENCE = 2  # seconds until the note explains why sampling the table may take longer


class ColumnsPane(ColumnRenamer):
    """The list of columns; keys and clicks change their roles."""

    BORDER_TITLE = "2 Columns"
    HELP = """\
The role of each column. The month column is truncated to its month, sum columns are added up, key \
columns are kept unchanged, and drop columns are not delivered. By default numbers are summed, and \
all other columns are keys.

A letter gives the column under the cursor a role; space, or a click on the role, switches to its \
next possible role. Numeric columns whose names look like those of identifiers are summed too, but \
flagged: i drops them all. If more than half of the rows would remain, o drops the keys that \
keep them apart. f sets the format of the dates, w the months that are read.

n gives a column another name in the file; an empty name restores its own. ctrl+z undoes the last \
change of roles, names, dates or months; u restores the defaults.

For many columns at once: t filters them by parts of the name, patterns such as *_ID, type or \
role; a selects all in the list, v or shift with an arrow key some of them, and the next letter \
gives all of these its role."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "m", "role('month')", "Month", tooltip="Use as the month column", id="columns.month"
        ),
        Binding("s", "role('sum')", "Sum", tooltip="Sum the column", id="columns.sum"),
        Binding("k", "role('key')", "Key", tooltip="Keep the column as a key", id="columns.key"),
        Binding("d", "role('drop')", "Drop", tooltip="Drop the column", id="columns.drop"),
        *MANY,
        *NAMES,
        Binding("space", "cycle", "Next role", show=False, id="columns.cycle"),
        Binding(
            "i",
            "screen.drop_identifiers",
            "Ids",
            tooltip="Drop the columns that look like identifiers",
            id="columns.identifiers",
        ),
        Binding(
            "o",
            "screen.drop_causes",
            "Group",
            tooltip="Drop the keys because of which most rows remain",
            id="columns.causes",
        ),
        Binding(
            "u",
            "screen.restore",
            "Reset",
            show=False,  # the footer has room for the others at 80 columns
            tooltip="Restore the default roles",
            id="columns.restore",
        ),
        Binding(
            "f", "screen.date_format", "Dates", tooltip="Set the date format", id="columns.format"
        ),
        Binding(
            "w", "screen.window", "Window", tooltip="Set the months to read", id="columns.window"
        ),
    ]

    def __init__(self) -> None:
        super().__init__(id="columns")
        self._headline = Static("", id="column-headline", markup=False)
        self._looking = self._patience = ""
        self._since = 0.0

    def compose(self) -> ComposeResult:
        """Yield fields and list, the column under the cursor, and a line for a folded part."""
        yield self._filter
        yield self._new_name
        yield self._list
        yield self._note
        yield self._headline

    def on_mount(self) -> None:
        """Create the timer that shows how long sampling takes."""
        self._clock = self.set_interval(0.5, self._tick, pause=True)

    @property
    def current(self) -> SourceColumn | None:
        """The column under the cursor."""
        row = self._list.current
        return row.column if row else None

    def wait(self, name: str, patience: str = "") -> None:
        """Show that the table `name` is being sampled, and for how long.

        Args:
            name: the table.
            patience: the text to show if it takes longer than two seconds.
        """
        self._plan, self._valid = None, {}
        self._looking, self._patience, self._since = name, patience, time.monotonic()
        self._clock.resume()
        self._note.update("")
        self._headline.update("")
        self._tick()
        self._list.show([], cursor=0)
        self.set_note("")

    def _tick(self) -> None:
        spent = time.monotonic() - self._since
        clock = f" {spent:.0f} s" if spent >= 1 else ""
        self._list.set_empty(f"sampling {visible(self._looking)} …{clock}")
        if spent >= _PATIENCE:
            self._note.update(self._patience)

    def wait_for_choice(self) -> None:
        """Show that no table is selected."""
        self._clock.pause()
        self._list.set_empty("select a table on the left")
        self._list.show([], cursor=0)
        self._note.update("")

    def refuse(self, error: TransferError) -> None:
        """Show why there is no plan, and the hint of `error`."""
        self.set_note("no plan yet", "$text-error")
        message, hint = visible(in_columns(error.message)), visible(in_columns(error.hint))
        why = Content.styled(f"✗ {message}", "$text-error")
        self._note.update(why + Content(f" {hint}" if hint else ""))

    def show(self, look: Look, plan: Plan | None, valid: Mapping[str, Sequence[Role]]) -> None:
        """Show the columns of `look`.

        Args:
            look: the table.
            plan: the roles of its columns; None until they are known.
            valid: the roles that each column can have, by its name.
        """
        self._clock.pause()
        self._plan, self._valid = plan, valid
        rows = list_rows(look, plan)
        self._rows = rows
        self._list.select(())
        self._list.set_empty("no column matches")
        self.show_matching()
        self._note_month()
        self._headline.update(_summarize(look, plan))
        self.explain()
        self.refresh_bindings()

    def _note_month(self) -> None:
        plan = self._plan
        if plan is None:
            return
        shown = visible(get_date_format(plan) or "")
        flagged = sum(map(_is_flagged, plan.columns))
        parts = [
            f"month: {visible(plan.month.name)} {shown}".rstrip(),
            str(plan.window or ""),
            f"or {join_names([other.column for other in plan.alternatives], 2)}"
            if plan.alternatives
            else "",
            _format_flagged(flagged),
            f"! {plan.grain.out:,} rows out; o drops {join_names(plan.grain.names, 2)}"
            if plan.grain
            else "",
        ]
        self.set_note(visible(" · ".join(filter(None, parts))))

    def explain(self) -> None:
        """Show what is under the cursor, or what is selected."""
        row = self._list.current
        if row is None:
            self._note.update("")
            return
        if number := len(self._list.selected):
            text = f"{count(number, 'column')} selected: s, k or d gives them a role, esc clears"
            self._note.update(Content.styled(text, "$text-primary"))
            return
        renamed = row.planned.renamed if row.planned else ""
        delivered = f"delivered as {renamed}" if renamed else ""
        text = " · ".join(filter(None, [row.column.name, delivered, row.why]))
        self._note.update(Content(visible(text)))

    # --------------------------------------------------------------------------------- events

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable the keys of what the column under the cursor cannot have."""
        if action == "role":
            return True if self.which_can_be(parameters[0]) else None
        if action == "rename":
            return True if self.can_rename else None
        return True

    def action_role(self, role: str) -> None:
        """Give the selected columns, or the one under the cursor, the role `role`."""
        if names := self.which_can_be(role):
            self.post_message(RoleAsked(names[0], Role(role), *names[1:]))

    def action_cycle(self) -> None:
        """Give the column under the cursor its next possible role."""
        row = self._list.current
        valid = list(self._valid.get(row.column.name, ())) if row else []
        if row is None or row.planned is None or not valid:
            return
        at = valid.index(row.planned.role) if row.planned.role in valid else -1
        wanted = valid[(at + 1) % len(valid)]
        if wanted is not row.planned.role:
            self.post_message(RoleAsked(row.column.name, wanted))

    @on(Lines.Moved, "#column-list")
    def _follow_cursor(self, event: Lines.Moved) -> None:
        event.stop()
        self.explain()
        self.refresh_bindings()

    @on(Lines.Chosen, "#column-list")
    def _cycle_clicked(self, event: Lines.Chosen) -> None:
        event.stop()
        if event.x < 0 or event.x in self._list.role_cells:
            self.action_cycle()


def _summarize(look: Look, plan: Plan | None) -> Content:
    """Return how many columns have each role: what a folded part shows."""
    if plan is None:
        return Content(f" {count(len(look.source.columns), 'column')}")
    roles = [column.role for column in plan.columns]
    parts: list[tuple[str, str] | str] = [
        (f" {SIGNS[Role.MONTH]} ", "$text-accent"),
        visible(plan.month.name),
    ]
    for role, noun, look_of in (
        (Role.SUM, "sum", "$text-success"),
        (Role.KEY, "key", "$text-primary"),
    ):
        parts += [(f"  {SIGNS[role]} ", look_of), count(roles.count(role), noun)]
    if dropped := roles.count(Role.DROP):
        parts.append((f"  {SIGNS[Role.DROP]} {dropped:,} dropped", "$text-muted"))
    return Content.assemble(*parts)


def _format_flagged(count: int) -> str:
    """Return how many columns may be identifiers, such as `! 2 possible ID columns; …`."""
    if count == 1:
        return "! 1 possible ID column; i drops it"
    return f"! {count} possible ID columns; i drops them" if count else ""


def _is_flagged(planned: PlannedColumn | None) -> bool:
    return planned is not None and bool(planned.identifier) and planned.role is Role.SUM
