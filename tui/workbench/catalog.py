"""The tables known so far, and those of them that match what was typed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.facade import Entry, TableName


_MOST_RECENT = 5


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


@dataclass
class _Schema:
    """The tables of a schema, and their names folded for searching."""

    database: str
    name: str
    entries: list[Entry] = field(default_factory=list)
    folded: list[str] = field(default_factory=list)

    def add(self, entry: Entry) -> None:
        """Put a table behind the others."""
        self.entries.append(entry)
        self.folded.append(entry.name.table.casefold())

    def narrow(self, words: Sequence[str]) -> _Schema:
        """With the tables alone whose full name holds every word; the schema's may, for all."""
        above = f"{self.database}.{self.name}.".casefold()
        entries, folded = self.entries, self.folded
        for word in (word for word in words if word not in above):
            if "." in word:  # it may begin in the schema's name
                hits = [word in above + text for text in folded]
            else:
                hits = [word in text for text in folded]
            entries = list(compress(entries, hits))
            folded = list(compress(folded, hits))
        return _Schema(self.database, self.name, entries, folded)


class Catalog:
    """Databases with their tables, and the tables used last.

    Attributes:
        recent: the tables used last, the latest first.
    """

    def __init__(self, recent: Sequence[TableName] = ()) -> None:
        self.recent = list(recent)
        self._databases: dict[str, dict[str, _Schema]] = {}
        self._complete: set[str] = set()
        self._asked: set[str] = set()
        self._last: tuple[str, list[_Schema]] | None = None  # what was typed, and what it left

    def add_databases(self, names: Sequence[str]) -> None:
        """Put `names` behind the databases known."""
        for name in names:
            self._databases.setdefault(name, {})

    def add_tables(self, database: str, entries: Sequence[Entry], *, complete: bool) -> None:
        """Put `entries` behind the tables known of `database`."""
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
        """Note that `database` is being listed; false if it was before."""
        if database in self._asked:
            return False
        self._asked.add(database)
        return True

    def note_use(self, name: TableName) -> None:
        """Put `name` on top of the tables used last."""
        self.recent = [name, *(each for each in self.recent if each != name)][:_MOST_RECENT]

    def view(self, needle: str = "") -> View:
        """The tables whose name holds every word of `needle`, in any case."""
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
        """The schemas with what matches; who types on searches what is left."""
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
        return [Heading(f"{schema.database}.{schema.name}", note), *schema.entries]

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
