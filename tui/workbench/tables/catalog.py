"""The tables listed so far, and the search in their names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.facade import Entry, TableName


ORDERS = ("name", "rows", "size")  # in which tables can be sorted; Snowflake lists them by name
_MOST_RECENT = 5


@dataclass(frozen=True)
class Heading:
    """A heading line above tables.

    Attributes:
        text: the schema or database.
        note: the number of tables, or a sign that they are being listed.
        database: the database to list when the line comes into view; empty if it is listed.
    """

    text: str
    note: str = ""
    database: str = ""


@dataclass(frozen=True)
class View:
    """The lines that match a search.

    Attributes:
        rows: headings and tables, in order of display.
        matching: the number of tables that match.
        total: the number of tables listed so far.
    """

    rows: Sequence[Heading | Entry]
    matching: int
    total: int


@dataclass
class _Schema:
    """The tables of a schema, and their names casefolded for the search."""

    database: str
    name: str
    entries: list[Entry] = field(default_factory=list)
    folded: list[str] = field(default_factory=list)

    def add(self, entry: Entry) -> None:
        """Append a table."""
        self.entries.append(entry)
        self.folded.append(entry.name.table.casefold())

    def narrow(self, words: Sequence[str]) -> _Schema:
        """Return a copy with the tables whose qualified name holds every word."""
        above = f"{self.database}.{self.name}.".casefold()
        entries, folded = self.entries, self.folded
        for word in (word for word in words if word not in above):
            if "." in word:  # it may match across the end of the schema's name
                hits = [word in above + text for text in folded]
            else:
                hits = [word in text for text in folded]
            entries = list(compress(entries, hits))
            folded = list(compress(folded, hits))
        return _Schema(self.database, self.name, entries, folded)


class Catalog:
    """Databases with their tables, and the tables used last.

    Attributes:
        recent: the tables used last, most recent first.
        order: by what the tables of a schema are sorted; one of `ORDERS`.
    """

    def __init__(self, recent: Sequence[TableName] = ()) -> None:
        self.recent = list(recent)
        self.order = ORDERS[0]
        self._databases: dict[str, dict[str, _Schema]] = {}
        self._complete: set[str] = set()
        self._asked: set[str] = set()
        self._last: tuple[str, list[_Schema]] | None = None  # the last search and its result

    def add_databases(self, names: Sequence[str]) -> None:
        """Append the databases `names`."""
        for name in names:
            self._databases.setdefault(name, {})

    def add_tables(self, database: str, entries: Sequence[Entry], *, complete: bool) -> None:
        """Append `entries` to the tables of `database`; `complete` if these were the last."""
        self._last = None
        schemas = self._databases.setdefault(database, {})
        for entry in entries:
            name = entry.name.schema
            if name not in schemas:
                schemas[name] = _Schema(database, name)
            schemas[name].add(entry)
        self._asked.add(database)
        if complete:
            self._complete.add(database)

    def ask(self, database: str) -> bool:
        """Record that `database` is being listed; return false if it was recorded before."""
        if database in self._asked:
            return False
        self._asked.add(database)
        return True

    def note_use(self, name: TableName) -> None:
        """Put `name` first among the tables used last."""
        self.recent = [name, *(each for each in self.recent if each != name)][:_MOST_RECENT]

    def view(self, needle: str = "") -> View:
        """Return the tables whose name holds every word of `needle`, ignoring case."""
        total = sum(len(schema.entries) for schema in self._schemas())
        if not needle.split():
            self._last = None
            return View(self._all_rows(), total, total)
        found = self._search(needle.casefold())
        rows: list[Heading | Entry] = []
        for schema in found:
            rows += self._under_heading(schema)
        return View(rows, sum(len(schema.entries) for schema in found), total)

    def _search(self, needle: str) -> list[_Schema]:
        """Return the schemas with their matching tables.

        If `needle` extends the last one, only the tables that matched that one are searched.
        """
        known = self._last is not None and needle.startswith(self._last[0])
        before = self._last[1] if known and self._last else self._schemas()
        words = needle.split()
        found = [left for each in before if (left := each.narrow(words)).entries]
        self._last = needle, found
        return found

    def _schemas(self) -> Iterable[_Schema]:
        return (each for schemas in self._databases.values() for each in schemas.values())

    def _all_rows(self) -> list[Heading | Entry]:
        rows = self._recent_rows()
        for database, schemas in self._databases.items():
            for schema in schemas.values():
                rows += self._under_heading(schema)
            if not schemas:
                rows.append(self._without_tables(database))
        return rows

    def _under_heading(self, schema: _Schema) -> list[Heading | Entry]:
        more = "" if schema.database in self._complete else "+"
        note = f"{len(schema.entries):,}{more}"
        head = Heading(f"{schema.database}.{schema.name}", note)
        return [head, *_sort(schema.entries, self.order)]

    def _recent_rows(self) -> list[Heading | Entry]:
        known: list[Heading | Entry] = []
        for name in self.recent:
            schema = self._databases.get(name.database, {}).get(name.schema)
            known += [each for each in schema.entries if each.name == name] if schema else []
        return [Heading("Recent"), *known] if known else []

    def _without_tables(self, database: str) -> Heading:
        if database in self._complete:
            return Heading(database, "no tables")
        return Heading(database, "…", "" if database in self._asked else database)


def _sort(entries: Sequence[Entry], order: str) -> Sequence[Entry]:
    """Return tables in an order: by name as listed, else the largest first, unknown ones last."""
    if order == "name":
        return entries
    figures = [each.rows if order == "rows" else each.bytes for each in entries]
    known = [-1 if figure is None else figure for figure in figures]
    return [entries[n] for n in sorted(range(len(entries)), key=lambda n: -known[n])]
