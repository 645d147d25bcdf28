"""The tables known so far, and those of them that match what was typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.names import TableName
    from core.warehouse.catalog import Entry


@dataclass(frozen=True)
class Heading:
    """A line above tables.

    Attributes:
        text: what it says.
        note: how many there are, or that they are being listed.
        database: the one to list when it comes into view; empty if that is done.
    """

    text: str
    note: str = ""
    database: str = ""


@dataclass(frozen=True)
class View:
    """What the list shows.

    Attributes:
        rows: headings and tables, in their order.
        matching: how many of the tables.
        total: how many tables are known.
    """

    rows: Sequence[Heading | Entry]
    matching: int
    total: int


class Catalog:
    """Databases with their tables, and the tables used last."""

    def __init__(self, recent: Sequence[TableName] = ()) -> None:
        self._recent = list(recent)
        self._tables: dict[str, dict[str, list[Entry]]] = {}
        self._complete: set[str] = set()
        self._asked: set[str] = set()
        self._folded: list[str] | None = None
        self._flat: list[Entry] = []

    def add_databases(self, names: Sequence[str]) -> None:
        """Put `names` behind the databases known."""
        for name in names:
            self._tables.setdefault(name, {})

    def add_tables(self, database: str, entries: Sequence[Entry], *, complete: bool) -> None:
        """Put `entries` behind the tables known of `database`."""
        schemas = self._tables.setdefault(database, {})
        for entry in entries:
            schemas.setdefault(entry.name.schema, []).append(entry)
        self._asked.add(database)
        if complete:
            self._complete.add(database)
        self._folded = None

    def ask(self, database: str) -> bool:
        """Note that `database` is being listed; false if it was before."""
        if database in self._asked:
            return False
        self._asked.add(database)
        return True

    def used(self, name: TableName) -> None:
        """Put `name` on top of the tables used last."""
        self._recent = [name, *(each for each in self._recent if each != name)][:5]

    def view(self, needle: str = "") -> View:
        """The tables whose name holds every word of `needle`, in any case."""
        words = needle.casefold().split()
        folded = self._index()
        found = self._flat
        for word in words:
            pairs = [(e, text) for e, text in zip(found, folded, strict=True) if word in text]
            found, folded = [e for e, _ in pairs], [text for _, text in pairs]
        rows = self._rows(found, everything=not words)
        return View(rows, len(found), len(self._flat))

    def _index(self) -> list[str]:
        if self._folded is None:
            self._flat = [
                entry
                for schemas in self._tables.values()
                for entries in schemas.values()
                for entry in entries
            ]
            self._folded = [
                f"{e.name.database}.{e.name.schema}.{e.name.table}".casefold() for e in self._flat
            ]
        return self._folded

    def _rows(self, found: Sequence[Entry], *, everything: bool) -> list[Heading | Entry]:
        rows: list[Heading | Entry] = []
        if everything:
            known = set(self._recent)
            last = {e.name: e for e in self._flat if e.name in known} if known else {}
            recent = [last[name] for name in self._recent if name in last]
            if recent:
                rows += [Heading("Recent"), *recent]
        counts: dict[tuple[str, str], int] = {}
        for entry in found:
            place = entry.name.database, entry.name.schema
            counts[place] = counts.get(place, 0) + 1
        at, databases = 0, dict.fromkeys(self._tables)
        for (database, schema), count in counts.items():
            databases.pop(database, None)
            more = "" if database in self._complete else "+"
            rows.append(Heading(f"{database}.{schema}", f"{count:,}{more}"))
            rows += found[at : at + count]
            at += count
        if everything:
            rows += [self._unlisted(name) for name in databases]
        return rows

    def _unlisted(self, database: str) -> Heading:
        if database in self._complete:
            return Heading(database, "no tables")
        return Heading(database, "…", "" if database in self._asked else database)
