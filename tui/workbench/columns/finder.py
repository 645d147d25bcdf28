"""Finds and selects columns among many, so that one key gives them all a role."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from textual import on
from textual.binding import Binding
from textual.widgets import Input

from core.facade import Role
from tui.widgets.text_input import TextInput
from tui.workbench.columns.lines import ColumnLines, ColumnRow, narrow
from tui.workbench.pane import Pane

_AROUND_ROWS = 5  # frame, heading, note
_HINT = "name, *_ID, number, key …"  # of the filter

MANY: Final = (
    Binding("v", "select", "Select", show=False, tooltip="Select the column", id="columns.select"),
    Binding(
        "shift+down",
        "extend(1)",
        "Select down",
        show=False,
        tooltip="Select down to the next column",
        id="columns.extend",
    ),
    Binding(
        "shift+up",
        "extend(-1)",
        "Select up",
        show=False,
        tooltip="Select up to the column above",
        id="columns.extend.up",
    ),
    Binding(
        "a",
        "select_all",
        "All",
        show=False,
        tooltip="Select all columns in the list",
        id="columns.all",
    ),
    Binding(
        "t",
        "filter",
        "Filter",
        tooltip="Filter the columns by name, type or role",
        id="columns.filter",
    ),
    Binding("escape", "clear", "Clear", show=False),
)


class ColumnFinder(Pane):
    """A list of columns with a filter and a selection."""

    def __init__(self, *, id: str) -> None:  # noqa: A002  Textual's
        super().__init__(id=id)
        self._list = ColumnLines(empty="select a table on the left", id="column-list")
        self._filter = TextInput(placeholder=_HINT, compact=True, id="column-filter")
        self._rows: Sequence[ColumnRow] = ()
        self._valid: Mapping[str, Sequence[Role]] = {}

    def explain(self) -> None:
        """Show what is under the cursor, or what is selected."""
        raise NotImplementedError

    def go(self) -> None:
        """Take the focus."""
        self.screen.set_focus(self._list)

    def show_matching(self) -> None:
        """Show the columns that match the filter; the cursor stays on its column if it can."""
        under = self._list.current.column.name if self._list.current else ""
        shown = narrow(self._rows, self._filter.value)
        at = next((n for n, row in enumerate(shown) if row.column.name == under), 0)
        self._list.show(shown, cursor=at)
        fields = len(self.query("Input.-open"))
        self.styles.max_height = len(self._rows) + _AROUND_ROWS + fields

    def action_filter(self) -> None:
        """Open the filter."""
        self._filter.add_class("-open")
        self.show_matching()
        self.screen.set_focus(self._filter)

    def action_clear(self) -> None:
        """Clear the selection; without one, close the filter."""
        if self._list.selected and not self._filter.has_focus:
            self._list.select(())
        else:
            self._filter.value = ""
            self._filter.remove_class("-open")
            self.show_matching()
            self.go()
        self.explain()
        self.refresh_bindings()

    @on(Input.Changed, "#column-filter")
    def _apply_filter(self, event: Input.Changed) -> None:
        event.stop()
        self.show_matching()
        self.explain()

    @on(Input.Submitted, "#column-filter")
    def _leave_filter(self, event: Input.Submitted) -> None:
        event.stop()
        self.go()

    def action_select(self) -> None:
        """Select the column under the cursor, or deselect it; the cursor moves on."""
        row = self._list.current
        if row is not None:
            self._select(self._list.selected ^ {row.column.name})
            self._list.action_move(1)

    def action_extend(self, step: int) -> None:
        """Select the column under the cursor and the next one, to which the cursor moves."""
        before = self._list.current
        self._list.action_move(step)
        after = self._list.current
        if before is not None and after is not None:
            self._select(self._list.selected | {before.column.name, after.column.name})

    def action_select_all(self) -> None:
        """Select all columns in the list; if they are selected, none."""
        names = {row.column.name for row in self._list.items}
        self._select(() if names <= self._list.selected else names)

    def _select(self, names: Iterable[str]) -> None:
        self._list.select(names)
        self.explain()
        self.refresh_bindings()

    @property
    def _chosen(self) -> list[ColumnRow]:
        """The selected columns, else the one under the cursor."""
        chosen = [row for row in self._rows if row.column.name in self._list.selected]
        return chosen or ([self._list.current] if self._list.current else [])

    def which_can_be(self, role: object) -> list[str]:
        """Return those of the chosen columns that can have a role; the month is one column."""
        names = [row.column.name for row in self._chosen]
        can = [name for name in names if role in self._valid.get(name, ())]
        return can if role != Role.MONTH or len(names) == 1 else []
