"""Part 1: the tree of databases, schemas, tables and columns, with a filter."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.timer import Timer
from textual.widgets import Input, Static

from core.facade import TableName
from tui.format.figures import count
from tui.format.text import visible
from tui.screens.error import copy
from tui.widgets.lines import Lines
from tui.widgets.text_input import TextInput
from tui.workbench.messages import DatabaseOpened, SearchAsked, TableOpened, TablePicked
from tui.workbench.pane import Pane
from tui.workbench.tables.catalog import ORDERS, Branch, Catalog, Heading, Leaf, Recent, Row
from tui.workbench.tables.lines import TableLines, find_row

if TYPE_CHECKING:
    from core.facade import Entry, SourceColumn

_FRAME_CELLS = 4  # of the frame that cannot hold its note
_TYPING_SECONDS = 0.4  # without a change of the filter, until Snowflake is searched


class TablesPane(Pane):
    """The filter and the list of tables."""

    BORDER_TITLE = "1 Tables"
    HELP = """\
The databases, schemas, tables and views that your role can see. Listing them uses no warehouse.

Enter selects a table, and the other parts show its columns and months. Right or space opens a \
database, a schema, or a table down to its columns; left closes it, or goes to what it is in. A \
database is listed when you open it.

Type / and part of a name to filter the tables; a name must contain every word. Databases that are \
not listed yet are searched too, by the names of their tables.

n sorts the tables of each schema by name, rows or size. c copies the name with its database and \
schema. A name for which the list has no room is shown whole below it."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="tables.filter"),
        Binding("escape", "clear", "Clear filter", show=False),
        Binding("space", "fold", "Open", tooltip="Open or close", id="tables.open"),
        Binding("n", "sort", "Sort", tooltip="Sort by name, rows or size", id="tables.sort"),
        Binding(
            "c", "copy_name", "Copy", tooltip="Copy the full name of the table", id="tables.copy"
        ),
    ]

    def __init__(self, recent: Sequence[TableName] = ()) -> None:
        super().__init__(id="tables")
        self._catalog = Catalog(recent)
        self._filter = TextInput(placeholder="/ filter", compact=True, id="filter")
        self._absent = "signing in…"  # why there is no list; empty once there is one
        self._list = TableLines(empty=self._absent, id="table-list")
        self._full_name = Static("", markup=False, id="full-name")
        self._matching = self._total = 0
        self._timer: Timer | None = None  # until Snowflake is searched
        self._searching = self._shows_cut = False
        self._choose_found = False  # enter was pressed before anything was found or listed

    def compose(self) -> ComposeResult:
        """Yield the filter, the list, and room for a name that is longer than the frame."""
        yield self._filter
        yield self._list
        yield self._full_name

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
        self._absent = ""
        self._catalog.add_databases(names)
        self._refresh_list()

    def add_tables(self, database: str, entries: Sequence[Entry], *, complete: bool) -> None:
        """Append tables to a database; `complete` if these were the last."""
        self._absent = ""
        self._catalog.add_tables(database, entries, complete=complete)
        if complete:
            # A garbage collection that visits 100,000 tables would stop the app for 150 ms.
            gc.freeze()
        self._refresh_list()
        self._choose_awaited()

    def ask(self, database: str) -> bool:
        """Record that `database` is being listed; return false if it was recorded before."""
        is_new = self._catalog.ask(database)
        if is_new:
            self._refresh_list()
        return is_new

    def mark(self, name: TableName | None) -> None:
        """Mark the selected table."""
        self._list.picked = name
        if name is not None:
            self._catalog.note_use(name)
        self._list.refresh()
        self._note_count()

    def fail(self, text: str) -> None:
        """Show why there is no list."""
        self._absent = text
        self._refresh_list()

    def add_found(self, word: str, entries: Sequence[Entry], *, last: bool) -> None:
        """Show the tables that a search in all databases found; `last` for its last word."""
        self._catalog.add_found(word, entries)
        self._searching = self._searching and not last
        self._refresh_list()
        self._choose_awaited()

    def _choose_awaited(self) -> None:
        if self._choose_found and self._list.current is not None:
            self._choose_found = False
            self._list.action_choose()

    def end_search(self) -> None:
        """Show that the search has ended."""
        self._searching = self._choose_found = False
        self._refresh_list()

    def add_columns(self, name: TableName, columns: Sequence[SourceColumn]) -> None:
        """Show the columns of a table."""
        self._catalog.add_columns(name, columns)
        self._refresh_list()

    def _refresh_list(self) -> None:
        current = self._list.current
        view = self._catalog.view(self._filter.value)
        at = -1  # the first row to stop at
        if current is not None and not self._filter.has_focus:
            at = find_row(view.rows, current)
        searching = "searching all databases…" if self._searching else "no table matches"
        self._list.set_empty(self._absent or (searching if self._filter.value else "no tables yet"))
        self._list.with_columns = self._catalog.with_columns
        self._list.show(view.rows, cursor=at)
        self._matching, self._total = view.matching, view.total
        self._note_count()

    def _note_count(self) -> None:
        """Show how many tables there are; while the list has the focus, a name that it cuts."""
        cut = visible(self._list.find_cut()) if self._list.has_focus else ""
        fits = cell_len(cut) <= self.size.width - _FRAME_CELLS
        self._full_name.update("" if fits else cut)
        self._full_name.display = bool(cut) and not fits
        self._shows_cut = bool(cut)
        if cut and fits:
            self.set_note(cut)
            return
        if self._absent:
            self.set_note("")
            return
        narrowed = f"{self._matching:,} of " if self._filter.value else ""
        order = "" if self._catalog.order == "name" else f" by {self._catalog.order}"
        searching = "searching · " if self._searching else ""
        self.set_note(f"{searching}{narrowed}{count(self._total, 'table')}{order}")

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
        self._choose_found = False
        if self._timer is not None:
            self._timer.stop()
        self._searching = bool(self._catalog.find_unsearched(event.value))
        if self._searching:
            self._timer = self.set_timer(_TYPING_SECONDS, self._search)
        self._refresh_list()

    def _search(self) -> None:
        """Look up the words of the filter in Snowflake."""
        words = self._catalog.find_unsearched(self._filter.value)
        if words:
            self.post_message(SearchAsked(words))
        else:
            self.end_search()

    @on(Input.Submitted, "#filter")
    def _choose_filtered(self, event: Input.Submitted) -> None:
        event.stop()
        self.go()
        awaited = self._searching or bool(self._absent and self._filter.value)
        self._choose_found = awaited and self._list.current is None
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
        """Copy the full name of the table under the cursor, or the name of the column."""
        row = self._list.current
        if isinstance(row, Leaf) and row.column is not None:
            copy(self.app, row.column.name, "The name")
        elif row is not None and not isinstance(row, Heading | Branch | Leaf):
            copy(self.app, str(row.name), "The name")

    def action_fold(self) -> None:
        """Open or close the row under the cursor."""
        self._list.action_fold()

    @on(Lines.Moved, "#table-list")
    def _follow_cursor(self, event: Lines.Moved) -> None:
        event.stop()
        self._note_count()

    def on_descendant_focus(self) -> None:
        """Show the name under the cursor, if it is cut; else leave the note, such as an error."""
        if self._shows_cut or (self._list.has_focus and self._list.find_cut()):
            self._note_count()

    def on_descendant_blur(self) -> None:
        """Show the number of tables instead of a name."""
        self.on_descendant_focus()

    def on_resize(self) -> None:
        """Show the name under the cursor if it is cut now, and no longer if it is not."""
        self.call_after_refresh(self.on_descendant_focus)

    @on(TableLines.Folded)
    def _fold(self, event: TableLines.Folded) -> None:
        event.stop()
        self._open(self._list.items[event.index], is_open=event.is_open)

    @on(Lines.Chosen, "#table-list")
    def _choose(self, event: Lines.Chosen) -> None:
        """Open or close a branch; select a table, or open it if its sign was clicked."""
        event.stop()
        row = self._list.items[event.index]
        match row:
            case Heading():
                pass
            case Branch():
                self._open(row, is_open=not row.is_open)
            case Leaf(table=name):
                self.post_message(TablePicked(name))
            case Recent():
                self.post_message(TablePicked(row.name))
            case _ if self._list.is_sign(event.index, event.x):
                self._open(row, is_open=row.name not in self._catalog.with_columns)
            case _:
                self.post_message(TablePicked(row.name))

    def _open(self, row: Row, *, is_open: bool) -> None:
        """Show what a row holds, or hide it; what is not listed yet is to be."""
        if isinstance(row, Branch):
            self._catalog.open_branch(row, is_open=is_open)
            if is_open and not row.schema and not self._catalog.is_listed(row.database):
                self.post_message(DatabaseOpened(row.database))
        elif isinstance(row, Heading | Leaf | Recent):
            return
        elif self._catalog.open_table(row.name, is_open=is_open):
            self.post_message(TableOpened(row.name))
        self._refresh_list()
