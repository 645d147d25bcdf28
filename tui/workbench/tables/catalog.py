"""The tree of databases, schemas, tables and columns as far as it is read, and the search in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from core.facade import Entry, SourceColumn, TableName


ORDERS = ("name", "rows", "size")  # in which tables can be sorted; Snowflake lists them by name
_MOST_RECENT = 5
_MOST_WORDS = 3  # of a search are looked up in Snowflake, the longest ones
_SHORTEST_WORD = 2  # characters: one letter is in nearly every name


@dataclass(frozen=True)
class Heading:
    """A line above the tables used last."""

    text: str


@dataclass(frozen=True)
class Branch:
    """A database, or a schema below it.

    Attributes:
        database: the database.
        schema: the schema; empty for the line of the database itself.
        note: the number of tables, or a sign that they are being listed.
        is_open: whether what it holds is shown below.
    """

    database: str
    schema: str = ""
    note: str = ""
    is_open: bool = True

    @property
    def path(self) -> tuple[str, str]:
        """What identifies it."""
        return self.database, self.schema


@dataclass(frozen=True)
class Leaf:
    """A column below its table.

    Attributes:
        table: the table.
        column: the column; None while the columns are read, or for a table without any.
        text: what to show without a column.
    """

    table: TableName
    column: SourceColumn | None
    text: str = ""


@dataclass(frozen=True)
class Recent:
    """A table used last: a second way to it, without its columns."""

    entry: Entry

    @property
    def name(self) -> TableName:
        """Its full name."""
        return self.entry.name


Row: TypeAlias = "Heading | Recent | Branch | Entry | Leaf"


@dataclass(frozen=True)
class View:
    """The lines that match a search.

    Attributes:
        rows: the lines, in order of display.
        matching: the number of tables that match.
        total: the number of tables listed so far.
    """

    rows: Sequence[Row]
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
    """Databases with their schemas, tables and columns, and the tables used last.

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
        self._open: set[str] = set()  # databases
        self._closed: set[tuple[str, str]] = set()  # schemas
        self._columns: dict[TableName, Sequence[SourceColumn] | None] = {}
        self._shown_columns: set[TableName] = set()
        self._searched: set[str] = set()
        self._last: tuple[str, list[_Schema]] | None = None  # the last search and its result

    # ------------------------------------------------------------------------------- contents

    def add_databases(self, names: Sequence[str]) -> None:
        """Append the databases `names`."""
        for name in names:
            self._databases.setdefault(name, {})

    def add_tables(self, database: str, entries: Sequence[Entry], *, complete: bool) -> None:
        """Append `entries` to the tables of `database`; `complete` if these were the last."""
        self.ask(database)
        self._add(entries)
        if complete:
            self._complete.add(database)

    def ask(self, database: str) -> bool:
        """Record that `database` is being listed; return false if it was recorded before."""
        if database in self._asked:
            return False
        self._asked.add(database)
        self._open.add(database)
        self._databases[database] = {}  # without what a search has found in it
        self._last = None
        return True

    def add_found(self, word: str, entries: Sequence[Entry]) -> None:
        """Add the tables that a search for `word` found in all databases.

        Those of databases that are listed are there already.
        """
        self._searched.add(word)
        new = [each for each in entries if each.name.database not in self._asked]
        known = {each.name for schema in self._schemas() for each in schema.entries} if new else ()
        self._add([each for each in new if each.name not in known])

    def _add(self, entries: Sequence[Entry]) -> None:
        self._last = None
        for entry in entries:
            schemas = self._databases.setdefault(entry.name.database, {})
            name = entry.name.schema
            if name not in schemas:
                schemas[name] = _Schema(entry.name.database, name)
            schemas[name].add(entry)

    def find_unsearched(self, needle: str) -> list[str]:
        """Return the words to look up in Snowflake, for tables of databases that are not listed.

        A word that contains one looked up before would find nothing new. A word with dots is a
        part of a path: its last part is that of the table's name.
        """
        if self._asked >= self._databases.keys():
            return []
        parts = {word.rpartition(".")[2] for word in needle.casefold().split()}
        words = sorted((each for each in parts if len(each) >= _SHORTEST_WORD), key=len)
        new = [each for each in words if not any(old in each for old in self._searched)]
        return new[: -_MOST_WORDS - 1 : -1]

    def note_use(self, name: TableName) -> None:
        """Put `name` first among the tables used last."""
        self.recent = [name, *(each for each in self.recent if each != name)][:_MOST_RECENT]

    # ------------------------------------------------------------------------ opening, closing

    def is_listed(self, database: str) -> bool:
        """Return whether a database has been listed, or is being listed."""
        return database in self._asked

    def open_branch(self, branch: Branch, *, is_open: bool) -> None:
        """Show what a branch holds, or hide it; a database is to be listed before."""
        if branch.schema:
            change = self._closed.discard if is_open else self._closed.add
            change(branch.path)
        else:
            (self._open.add if is_open else self._open.discard)(branch.database)

    def open_table(self, name: TableName, *, is_open: bool) -> bool:
        """Show the columns of a table, or hide them; return whether they are to be read."""
        if not is_open:
            self._shown_columns.discard(name)
            return False
        self._shown_columns.add(name)
        return self._columns.setdefault(name, None) is None

    @property
    def with_columns(self) -> frozenset[TableName]:
        """The tables whose columns are shown."""
        return frozenset(self._shown_columns)

    def add_columns(self, name: TableName, columns: Sequence[SourceColumn]) -> None:
        """Take the columns of a table; none if it has gone."""
        self._columns[name] = columns

    # -------------------------------------------------------------------------------- display

    def view(self, needle: str = "") -> View:
        """Return the tables whose name holds every word of `needle`, ignoring case."""
        total = sum(len(schema.entries) for schema in self._schemas() if self._is_counted(schema))
        if not needle.split():
            self._last = None
            return View([*self._list_recent(), *self._list_all()], total, total)
        found = self._search(needle.casefold())
        rows: list[Row] = []
        database = ""
        for schema in found:
            if schema.database != database:
                database = schema.database
                rows.append(Branch(database))
            rows += self._list_schema(schema, is_open=True)
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

    def _is_counted(self, schema: _Schema) -> bool:
        return schema.database in self._asked

    def _list_all(self) -> Iterator[Row]:
        for database, schemas in self._databases.items():
            is_open = database in self._open
            yield Branch(database, "", self._note_database(database), is_open)
            if is_open:
                for schema in schemas.values():
                    yield from self._list_schema(
                        schema, is_open=(database, schema.name) not in self._closed
                    )

    def _list_schema(self, schema: _Schema, *, is_open: bool) -> list[Row]:
        more = "" if schema.database in self._complete else "+"
        branch = Branch(schema.database, schema.name, f"{len(schema.entries):,}{more}", is_open)
        if not is_open:
            return [branch]
        entries = _sort(schema.entries, self.order)
        if not self._shown_columns:
            return [branch, *entries]
        return [branch, *(row for entry in entries for row in self._list_table(entry))]

    def _list_table(self, entry: Entry) -> Iterator[Entry | Leaf]:
        yield entry
        if entry.name in self._shown_columns:
            columns = self._columns[entry.name]
            if not columns:
                yield Leaf(entry.name, None, "…" if columns is None else "no columns")
            for column in columns or ():
                yield Leaf(entry.name, column)

    def _list_recent(self) -> list[Row]:
        found = map(self._find_recent, self.recent)
        known = [Recent(entry) for entry in found if entry is not None]
        return [Heading("Recent"), *known] if known else []

    def _find_recent(self, name: TableName) -> Entry | None:
        """Return a table used last, if it is there; of a database not listed yet, it may be."""
        schemas = self._databases.get(name.database)
        if schemas is None:
            return None
        schema = schemas.get(name.schema)
        for entry in schema.entries if schema else ():
            if entry.name == name:
                return entry
        if name.database in self._asked:
            return None
        from core.facade import Entry

        return Entry(name, "", None, None)

    def _note_database(self, database: str) -> str:
        if database not in self._asked or self._databases[database]:
            return ""
        return "no tables" if database in self._complete else "…"


def _sort(entries: Sequence[Entry], order: str) -> Sequence[Entry]:
    """Return tables in an order: by name as listed, else the largest first, unknown ones last."""
    if order == "name":
        return entries
    figures = [each.rows if order == "rows" else each.bytes for each in entries]
    known = [-1 if figure is None else figure for figure in figures]
    return [entries[n] for n in sorted(range(len(entries)), key=lambda n: -known[n])]
