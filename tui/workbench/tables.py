"""Part 1: the tables and views there are, and a filter over all of them."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from core.facade import TableName
from tui.format.text import fit, short, size
from tui.widgets.lines import Lines, Piece
from tui.workbench.catalog import Catalog, Heading
from tui.workbench.messages import DatabaseSeen, TablePicked
from tui.workbench.pane import Pane

if TYPE_CHECKING:
    from core.facade import Entry

_ROWS_CELLS, _SIZE_CELLS = 6, 8
_WIDE = 40  # cells from which on sizes are shown


class TableLines(Lines["Heading | Entry"]):
    """The tables, below their schemas."""

    picked: TableName | None = None

    def pieces(self, item: Heading | Entry, width: int) -> list[Piece]:
        """A heading, or a table with its rows and its size."""
        if isinstance(item, Heading):
            note = f" {item.note} " if item.note else ""
            return [
                Piece(" " + fit(item.text, width - 1 - len(note)), "head"),
                Piece(note, "dim"),
            ]
        mark = "▸" if item.name == self.picked else " "
        rows = "view" if "VIEW" in item.kind else short(item.rows)
        figures = fit(rows, _ROWS_CELLS, "right")
        if width >= _WIDE:
            figures += fit(size(item.bytes), _SIZE_CELLS, "right")
        name = fit(item.name.table, max(4, width - len(figures) - 4))
        return [
            Piece(f" {mark} ", "accent"),
            Piece(name, "accent" if item.name == self.picked else ""),
            Piece(figures + " ", "dim"),
        ]

    def selectable(self, item: Heading | Entry) -> bool:
        """Tables only."""
        return not isinstance(item, Heading)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Ask for what came into view."""
        super().watch_scroll_y(old_value, new_value)
        self.ask_in_view()

    def ask_in_view(self) -> None:
        """Ask for the databases whose heading is in view and that were not listed yet."""
        top = int(self.scroll_offset.y)
        for item in self.items[top : top + max(1, self.size.height)]:
            if isinstance(item, Heading) and item.database:
                self.post_message(DatabaseSeen(item.database))


class TablesPane(Pane):
    """Filter and list."""

    BORDER_TITLE = "1 Tables"
    HELP = """\
The tables and views that your role may see. Nothing here starts a warehouse.

Type / and a part of a name to filter everything that is loaded; several words must all occur. \
Enter takes a table, and the other parts fill by themselves. Databases are listed as they come \
into view."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="tables.filter"),
        Binding("escape", "clear", "Clear filter", show=False),
    ]

    def __init__(self, recent: Sequence[TableName] = ()) -> None:
        super().__init__(id="tables")
        self._catalog = Catalog(recent)
        self._filter = Input(placeholder="/ filter", compact=True, id="filter")
        self._list = TableLines(empty="signing in…", id="table-list")

    def compose(self) -> ComposeResult:
        """The filter above the list."""
        yield self._filter
        yield self._list

    def on_mount(self) -> None:
        """Nothing is known yet."""
        self.set_note("")

    def on_unmount(self) -> None:
        """Nobody needs the tables any more."""
        gc.unfreeze()

    def go(self) -> None:
        """Take the focus."""
        self._list.focus()

    # ------------------------------------------------------------------------------- contents

    def forget(self) -> None:
        """Begin anew: everything is to be listed again."""
        self._catalog = Catalog(self._catalog.recent)
        self._refresh_list()

    def add_databases(self, names: Sequence[str]) -> None:
        """There are these databases."""
        self._catalog.add_databases(names)
        self._refresh_list()

    def add_tables(self, database: str, entries: Sequence[Entry], *, complete: bool) -> None:
        """There are these tables, behind those known already."""
        self._catalog.add_tables(database, entries, complete=complete)
        if complete:
            # They stay: a collection that walks 100,000 of them would stop the app for 150 ms.
            gc.freeze()
        self._refresh_list()

    def ask(self, database: str) -> bool:
        """Note that `database` is being listed; false if it was before."""
        return self._catalog.ask(database)

    def mark(self, name: TableName | None) -> None:
        """Mark the table that is open."""
        self._list.picked = name
        if name is not None:
            self._catalog.note_use(name)
        self._list.refresh()

    def fail(self, text: str) -> None:
        """There is no list, and why."""
        self._list.set_empty(text)

    def _refresh_list(self) -> None:
        current = self._list.current
        view = self._catalog.view(self._filter.value)
        at = 0
        if current is not None and not isinstance(current, Heading) and not self._filter.has_focus:
            at = next((n for n, row in enumerate(view.rows) if row is current), 0)
        self._list.set_empty("no table matches" if self._filter.value else "no tables yet")
        self._list.show(view.rows, cursor=at)
        narrowed = f"{view.matching:,} of " if self._filter.value else ""
        self.set_note(f"{narrowed}{view.total:,} tables")
        self.call_after_refresh(self._list.ask_in_view)

    # --------------------------------------------------------------------------------- events

    def action_filter(self) -> None:
        """Type a filter."""
        self._filter.focus()

    def action_clear(self) -> None:
        """Show everything again."""
        self._filter.value = ""
        self._list.focus()

    @on(Input.Changed, "#filter")
    def _apply_filter(self, event: Input.Changed) -> None:
        event.stop()
        self._refresh_list()

    @on(Input.Submitted, "#filter")
    def _choose_filtered(self, event: Input.Submitted) -> None:
        event.stop()
        self._list.focus()
        self._list.action_choose()

    def on_key(self, event: object) -> None:
        """Let the arrows move the list's cursor while the filter is typed."""
        key = getattr(event, "key", "")
        if self._filter.has_focus and key in ("down", "up"):
            self._list.action_move(1 if key == "down" else -1)

    @on(Lines.Chosen, "#table-list")
    def _pick(self, event: Lines.Chosen) -> None:
        event.stop()
        row = self._list.items[event.index]
        if not isinstance(row, Heading):
            self.post_message(TablePicked(row.name))
