"""Part 1: the tables and views, with a filter."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from core.facade import TableName
from tui.format.figures import count
from tui.format.text import fit, fit_name, short, size
from tui.screens.error import copy
from tui.widgets.lines import Lines, Piece
from tui.widgets.text_input import TextInput
from tui.workbench.messages import DatabaseSeen, TablePicked
from tui.workbench.pane import Pane
from tui.workbench.tables.catalog import ORDERS, Catalog, Heading

if TYPE_CHECKING:
    from core.facade import Entry

_ROWS_CELLS, _SIZE_CELLS = 6, 8
_WIDE = 40  # cells; a list of this width or more shows sizes


class TableLines(Lines["Heading | Entry"]):
    """The list of tables, each below the heading of its schema."""

    picked: TableName | None = None

    def pieces(self, item: Heading | Entry, width: int) -> list[Piece]:
        """Return a heading, or a table with its rows and, in a wide list, its size."""
        if isinstance(item, Heading):
            note = f" {item.note} " if item.note else ""
            return [
                Piece(" " + fit(item.text, width - 1 - len(note)), "head"),
                Piece(note, "dim"),
            ]
        mark = "▸" if item.name == self.picked else " "
        figures = self._figures(item, width)
        name = fit_name(item.name.table, self._name_cells(width))
        return [
            Piece(f" {mark} ", "accent"),
            Piece(name, "accent" if item.name == self.picked else ""),
            Piece(figures + " ", "dim"),
        ]

    def _figures(self, item: Entry, width: int) -> str:
        rows = "view" if "VIEW" in item.kind else short(item.rows)
        sized = fit(size(item.bytes), _SIZE_CELLS, "right") if width >= _WIDE else ""
        return fit(rows, _ROWS_CELLS, "right") + sized

    def _name_cells(self, width: int) -> int:
        return max(4, width - _ROWS_CELLS - _SIZE_CELLS * (width >= _WIDE) - 4)

    def selectable(self, item: Heading | Entry) -> bool:
        """Return whether `item` is a table."""
        return not isinstance(item, Heading)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """List the databases that came into view."""
        super().watch_scroll_y(old_value, new_value)
        self.ask_in_view()

    def ask_in_view(self) -> None:
        """Post `DatabaseSeen` for each database in view that was not listed yet."""
        top = int(self.scroll_offset.y)
        for item in self.items[top : top + max(1, self.size.height)]:
            if isinstance(item, Heading) and item.database:
                self.post_message(DatabaseSeen(item.database))


class TablesPane(Pane):
    """The filter and the list of tables."""

    BORDER_TITLE = "1 Tables"
    HELP = """\
The tables and views that your role can see. Listing them uses no warehouse.

Type / and part of a name to filter the tables listed so far; a name must contain every word. \
Enter selects a table, and the other parts show its columns and months. Databases are listed as \
they come into view.

n sorts the tables of each schema by name, rows or size. c copies the name with its database and \
schema."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="tables.filter"),
        Binding("escape", "clear", "Clear filter", show=False),
        Binding("n", "sort", "Sort", tooltip="Sort by name, rows or size", id="tables.sort"),
        Binding(
            "c", "copy_name", "Copy", tooltip="Copy the full name of the table", id="tables.copy"
        ),
    ]

    def __init__(self, recent: Sequence[TableName] = ()) -> None:
        super().__init__(id="tables")
        self._catalog = Catalog(recent)
        self._filter = TextInput(placeholder="/ filter", compact=True, id="filter")
        self._list = TableLines(empty="signing in…", id="table-list")
        self._matching = self._total = 0

    def compose(self) -> ComposeResult:
        """Yield the filter, and the list below it."""
        yield self._filter
        yield self._list

    def on_mount(self) -> None:
        """Clear the note."""
        self.set_note("")

    def on_unmount(self) -> None:
        """Let the garbage collector see the tables again."""
        gc.unfreeze()

    def go(self) -> None:
        """Take the focus."""
        self.screen.set_focus(self._list)

    # ------------------------------------------------------------------------------- contents

    def forget(self) -> None:
        """Remove all tables, to list them again."""
        self._catalog = Catalog(self._catalog.recent)
        self._refresh_list()

    def add_databases(self, names: Sequence[str]) -> None:
        """Append databases."""
        self._catalog.add_databases(names)
        self._refresh_list()

    def add_tables(self, database: str, entries: Sequence[Entry], *, complete: bool) -> None:
        """Append tables to a database; `complete` if these were the last."""
        self._catalog.add_tables(database, entries, complete=complete)
        if complete:
            # A garbage collection that visits 100,000 tables would stop the app for 150 ms.
            gc.freeze()
        self._refresh_list()

    def ask(self, database: str) -> bool:
        """Record that `database` is being listed; return false if it was recorded before."""
        return self._catalog.ask(database)

    def mark(self, name: TableName | None) -> None:
        """Mark the selected table."""
        self._list.picked = name
        if name is not None:
            self._catalog.note_use(name)
        self._list.refresh()
        self._note_count()

    def fail(self, text: str) -> None:
        """Show why there is no list."""
        self._list.set_empty(text)

    def _refresh_list(self) -> None:
        current = self._list.current
        view = self._catalog.view(self._filter.value)
        at = 0
        if current is not None and not isinstance(current, Heading) and not self._filter.has_focus:
            at = next((n for n, row in enumerate(view.rows) if row is current), 0)
        self._list.set_empty("no table matches" if self._filter.value else "no tables yet")
        self._list.show(view.rows, cursor=at)
        self._matching, self._total = view.matching, view.total
        self._note_count()
        self.call_after_refresh(self._list.ask_in_view)

    def _note_count(self) -> None:
        narrowed = f"{self._matching:,} of " if self._filter.value else ""
        order = "" if self._catalog.order == "name" else f" by {self._catalog.order}"
        self.set_note(f"{narrowed}{count(self._total, 'table')}{order}")

    # --------------------------------------------------------------------------------- events

    def action_filter(self) -> None:
        """Move the focus to the filter, for a new one: what is typed replaces the last."""
        self.screen.set_focus(self._filter)
        self._filter.action_select_all()

    def action_clear(self) -> None:
        """Clear the filter."""
        self._filter.value = ""
        self.go()

    @on(Input.Changed, "#filter")
    def _apply_filter(self, event: Input.Changed) -> None:
        event.stop()
        self._refresh_list()

    @on(Input.Submitted, "#filter")
    def _choose_filtered(self, event: Input.Submitted) -> None:
        event.stop()
        self.go()
        self._list.action_choose()

    def on_key(self, event: object) -> None:
        """Move the cursor of the list by the arrow keys while the filter has the focus."""
        key = getattr(event, "key", "")
        if self._filter.has_focus and key in ("down", "up"):
            self._list.action_move(1 if key == "down" else -1)

    def action_sort(self) -> None:
        """Sort by the next order; the cursor stays on its table."""
        at = ORDERS.index(self._catalog.order)
        self._catalog.order = ORDERS[(at + 1) % len(ORDERS)]
        self._refresh_list()

    def action_copy_name(self) -> None:
        """Copy the full name of the table under the cursor."""
        row = self._list.current
        if row is not None and not isinstance(row, Heading):
            copy(self.app, str(row.name), "The name")

    @on(Lines.Chosen, "#table-list")
    def _pick(self, event: Lines.Chosen) -> None:
        event.stop()
        row = self._list.items[event.index]
        if not isinstance(row, Heading):
            self.post_message(TablePicked(row.name))
