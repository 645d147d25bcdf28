"""The order in which databases are listed: the session's, then those that come into view."""

from __future__ import annotations

from tui.workbench.background.session import Session
from tui.workbench.messages import DatabaseSeen, DatabasesFound, TablesFound
from tui.workbench.tables.pane import TablesPane


class Listing:
    """Lists the current database of the session first, and then finds the others.

    The tables of these are listed once their headings are in view, one database at a time.

    Args:
        session: runs the statements.
        tables: shows the results.
    """

    def __init__(self, session: Session, tables: TablesPane) -> None:
        self._session, self._tables = session, tables
        self._found_others = False
        self._waiting: list[str] = []

    def begin(self) -> None:
        """Start listing; does nothing before the session is open."""
        if self._session.explorer is None:
            return
        own = self._session.explorer.place[0]
        self._found_others = own is None
        if own is None:
            self._session.find_databases()
            return
        self._tables.add_databases([own])
        self._ask(own)

    def restart(self) -> None:
        """List everything again."""
        if self._session.explorer is not None:
            self._tables.forget()
            self.begin()

    def take(self, message: DatabasesFound | DatabaseSeen | TablesFound) -> None:
        """Show a result, and continue."""
        match message:
            case DatabaseSeen(database=database):
                self._ask(database)
            case DatabasesFound(names=names):
                self._tables.add_databases(names)
                self.go_on()
            case TablesFound(database=database, entries=entries, complete=complete):
                self._tables.add_tables(database, entries, complete=complete)
                if complete:
                    self._list_others()

    def go_on(self) -> None:
        """List the next database that waits."""
        if self._waiting:
            self._session.list_tables(self._waiting.pop(0))

    def _ask(self, database: str) -> None:
        """List a database after those that wait, unless it was listed before."""
        if self._tables.ask(database):
            self._waiting.append(database)
            if not self._session.listing:
                self.go_on()

    def _list_others(self) -> None:
        if self._found_others:
            self.go_on()
        else:
            self._found_others = True
            self._session.find_databases()
