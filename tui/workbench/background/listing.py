"""What of the tree is listed, and when: the session's database, and what the user opens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.workbench.background.lane import Slot
from tui.workbench.background.session import Session
from tui.workbench.messages import (
    ColumnsFound,
    DatabaseOpened,
    DatabasesFound,
    SearchAsked,
    TableOpened,
    TablesFound,
    TablesMatched,
)
from tui.workbench.tables.pane import TablesPane

if TYPE_CHECKING:
    from core.facade import TableName

Listed = (
    DatabaseOpened | DatabasesFound | TablesFound | SearchAsked | TablesMatched
    | TableOpened | ColumnsFound
)  # fmt: skip


class Listing:
    """Lists the current database of the session first, and then finds the others.

    The tables of these are listed once they are opened, one database at a time; a search finds
    those of databases that are not.

    Args:
        session: runs the statements.
        tables: shows the results.
    """

    def __init__(self, session: Session, tables: TablesPane) -> None:
        self._session, self._tables = session, tables
        self._found_others = False
        self._waiting: list[str] = []
        self._waiting_tables: list[TableName] = []
        self._busy: set[Slot] = set()

    def begin(self) -> None:
        """Start listing; does nothing before the session is open."""
        if self._session.explorer is None:
            return
        own = self._session.explorer.place[0]
        self._found_others = own is None
        if own is None:
            self._find_databases()
            return
        self._ask(own)

    def restart(self) -> None:
        """List everything again."""
        if self._session.explorer is not None:
            self._tables.forget()
            self._waiting.clear()
            self._waiting_tables.clear()
            self._busy.clear()
            self.begin()

    def take(self, message: Listed) -> None:
        """Show a result, and continue."""
        match message:
            case DatabaseOpened(database=database):
                self._ask(database)
            case DatabasesFound(names=names):
                self._busy.discard(Slot.CATALOG)
                self._tables.add_databases(names)
                if len(names) == 1:
                    self._ask(names[0])
                self._go_on()
            case TablesFound(database=database, entries=entries, complete=complete):
                self._tables.add_tables(database, entries, complete=complete)
                if complete:
                    self._busy.discard(Slot.CATALOG)
                    self._list_others()
            case SearchAsked(words=words):
                self._session.search_tables(words)
            case TablesMatched(word=word, entries=entries, last=last):
                self._tables.add_found(word, entries, last=last)
            case TableOpened(name=name):
                self._waiting_tables.append(name)
                self._go_on()
            case ColumnsFound(name=name, columns=columns):
                self._busy.discard(Slot.COLUMNS)
                self._tables.add_columns(name, columns)
                self._go_on()

    def fail(self, slot: Slot) -> None:
        """Go on after a statement that failed."""
        self._busy.discard(slot)
        if slot is Slot.SEARCH:
            self._tables.end_search()
        self._go_on()

    def _go_on(self) -> None:
        """List the next database, and the columns of the next table, that wait."""
        if self._waiting and Slot.CATALOG not in self._busy:
            self._busy.add(Slot.CATALOG)
            self._session.list_tables(self._waiting.pop(0))
        if self._waiting_tables and Slot.COLUMNS not in self._busy:
            self._busy.add(Slot.COLUMNS)
            self._session.list_columns(self._waiting_tables.pop(0))

    def _find_databases(self) -> None:
        self._busy.add(Slot.CATALOG)
        self._session.find_databases()

    def _ask(self, database: str) -> None:
        """List a database after those that wait, unless it was listed before."""
        if self._tables.ask(database):
            self._waiting.append(database)
            self._go_on()

    def _list_others(self) -> None:
        if self._found_others:
            self._go_on()
        else:
            self._found_others = True
            self._find_databases()
