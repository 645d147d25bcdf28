"""The warehouse's catalog: databases, schemas, tables, views, roles and their grants.

It is kept in memory; one DuckDB database holds the rows of each table under a physical name
(`t7`, columns `c0`, `c1`, ...): any name is possible, and names that differ by case only are
different. Every sandbox starts with a new catalog.

Roles: the names in `Catalog.limited` see only what they were granted, through GRANT; every other
role owns everything, as ACCOUNTADMIN does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import count

from core.sandbox.warehouse import failures
from core.sandbox.warehouse.locks import patiently
from core.sandbox.warehouse.partitions import Read
from core.sandbox.warehouse.types import SqlType

Path = tuple[str, str, str]
_WIDTHS = {"FIXED": 4, "BOOLEAN": 1, "DATE": 4, "TEXT": 12, "BINARY": 16, "VARIANT": 40}
_MAX_COPIES = 10  # DuckDB tables kept of one table; time travel ends where they end
_KEYS = count(1)
DEFAULT_RETENTION = 1  # days of Time Travel
INFORMATION_SCHEMA = "INFORMATION_SCHEMA"
OWNER = "SYSADMIN"
LIMITED_ROLES = ("PUBLIC", "RESTRICTED")


def now() -> datetime:
    """Return the current time in UTC, for created_on."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class TableColumn:
    """A declared column. `physical` is its name in DuckDB, `default` its expression's SQL; `key`
    stays the same when it is renamed. A virtual column has an `expression`, whose DuckDB SQL is
    `computed`.
    """

    name: str
    type: SqlType
    physical: str
    nullable: bool = True
    default: str | None = None
    comment: str | None = None
    key: int = field(default_factory=partial(next, _KEYS))
    expression: str | None = None
    computed: str = ""

    @property
    def declaration(self) -> str:
        """The column in a DuckDB CREATE TABLE."""
        made = f" GENERATED ALWAYS AS ({self.computed}) VIRTUAL" if self.computed else ""
        return f"{self.physical} {self.type.physical}{made}{'' if self.nullable else ' NOT NULL'}"


@dataclass(frozen=True)
class Version:
    """A table's rows as one change left them: the first `rows` of the DuckDB table `physical`.

    INSERT appends to that table; every other change makes a new one. `number` counts the changes
    of the whole catalog. `columns` are those of `physical` when it was last changed.
    """

    number: int
    moment: datetime
    physical: str
    columns: tuple[TableColumn, ...]
    rows: int


@dataclass(eq=False)
class Table:
    """A table, or a view if `query` holds its SQL. The rows of an `external` one are of files.

    `fill` gives the DuckDB SQL that makes the rows when the table is first read; `rows` counts
    them from the beginning. `versions` are its rows in the past and, last, now. `retention` is in
    days; at 0 no past versions are kept. A statement that changes the rows holds `writing`.
    """

    path: Path
    columns: tuple[TableColumn, ...]
    physical: str
    query: str | None = None
    temporary: bool = False
    comment: str = ""
    created_on: datetime = field(default_factory=now)
    fill: Callable[[], str] | None = None
    rows: int = 0
    context: tuple[str | None, str | None] = (None, None)  # where a view's names begin
    lock: threading.Lock = field(default_factory=threading.Lock)
    writing: threading.Lock = field(default_factory=threading.Lock)
    versions: list[Version] = field(default_factory=list)
    retention: int = DEFAULT_RETENTION
    external: bool = False

    @property
    def name(self) -> str:
        """The name without its schema."""
        return self.path[2]

    @property
    def kind(self) -> str:
        """TABLE, TEMPORARY or VIEW."""
        if self.query is not None:
            return "VIEW"
        return "TEMPORARY" if self.temporary else "TABLE"

    @property
    def bytes(self) -> int:
        """The size of the rows, by the usual width of a value of each type."""
        return self.rows * self._row_bytes

    @property
    def _row_bytes(self) -> int:
        return sum(_WIDTHS.get(each.type.name, 8) for each in self.columns)

    def read(self, version: Version) -> Read:
        """Return a reading of a version of the table."""
        return Read(version.physical, version.rows, self._row_bytes)

    @property
    def physicals(self) -> set[str]:
        """The DuckDB tables that hold its rows, present and past."""
        return {self.physical, *(each.physical for each in self.versions)}

    def creation(self, physical: str, hidden: tuple[str, ...] = ()) -> str:
        """Return the DuckDB statement that creates an empty table with these columns."""
        columns = ", ".join((*(each.declaration for each in self.columns), *hidden))
        return f"CREATE TABLE {physical} ({columns})"

    def ready(self, execute: Callable[[str], object], check: Callable[[], None]) -> None:
        """Generate the rows unless they exist; `check`, called while waiting, may raise."""
        with patiently(self.lock, check):  # another statement may make them
            if self.fill is not None:
                execute(self.fill())
                self.fill = None

    def redefine(self, columns: tuple[TableColumn, ...]) -> None:
        """Change the columns, as the DuckDB table that holds the rows has been changed."""
        self.columns = columns
        self.versions = [
            replace(each, columns=columns) if each.physical == self.physical else each
            for each in self.versions
        ]

    def forget(self) -> set[str]:
        """Discard versions of the past; return the DuckDB tables that held only these.

        Without a retention these are all past versions; else the oldest, while the rows are in too
        many DuckDB tables.
        """
        before = self.physicals
        if not self.retention:
            self.versions = self.versions[-1:]
        while len(self.physicals) > _MAX_COPIES:
            oldest = self.versions[0].physical
            self.versions = [each for each in self.versions if each.physical != oldest]
        return before - self.physicals


@dataclass
class Schema:
    """A schema and what is in it."""

    name: str
    comment: str = ""
    created_on: datetime = field(default_factory=now)
    tables: dict[str, Table] = field(default_factory=dict)


@dataclass
class Database:
    """A database and its schemas."""

    name: str
    comment: str = ""
    created_on: datetime = field(default_factory=now)
    schemas: dict[str, Schema] = field(default_factory=dict)


class Catalog:
    """All objects. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._databases: dict[str, Database] = {}
        self._lock = threading.RLock()
        self._numbers = count(1)
        self.clock = 0  # the number of the latest change
        self.started_on = now()
        self.warehouses = ["COMPUTE_WH"]
        self.roles = {"ACCOUNTADMIN", "SECURITYADMIN", "USERADMIN", OWNER, *LIMITED_ROLES}
        self.limited = set(LIMITED_ROLES)
        self.grants: dict[str, set[tuple[tuple[str, ...], str]]] = {}

    def physical(self) -> str:
        """Return a new name for a DuckDB table."""
        return f"t{next(self._numbers)}"

    def create_database(self, name: str, comment: str = "", *, replace: bool = False) -> None:
        """Add a database with its PUBLIC schema.

        Raises:
            Failure: 2002 if it exists and is not to be replaced.
        """
        with self._lock:
            if name in self._databases and not replace:
                raise failures.already_exists(name)
            self._databases[name] = Database(name, comment)
            self._databases[name].schemas["PUBLIC"] = Schema("PUBLIC")

    def create_schema(
        self, database: str, name: str, comment: str = "", *, replace: bool = False
    ) -> None:
        """Add a schema; raises as `create_database`, and 2003 if the database is missing."""
        with self._lock:
            schemas = self.database(database).schemas
            if (name in schemas and not replace) or name == INFORMATION_SCHEMA:
                raise failures.already_exists(name)
            schemas[name] = Schema(name, comment)

    def has(self, name: str) -> bool:
        """Whether there is a database of that name."""
        return name in self._databases

    def database(self, name: str) -> Database:
        """Return the database called `name`.

        Raises:
            Failure: 2003.
        """
        found = self._databases.get(name)
        if found is None:
            raise failures.missing_object("Database", name)
        return found

    def schema(self, database: str, name: str) -> Schema:
        """Return the schema called `name`.

        Raises:
            Failure: 2003.
        """
        found = self.database(database).schemas.get(name)
        if found is None:
            raise failures.missing_object("Schema", f"{display(database)}.{display(name)}")
        return found

    def find(self, path: Path) -> Table | None:
        """Return the table or view at `path`, or None if any part of the path is missing."""
        database = self._databases.get(path[0])
        schema = database.schemas.get(path[1]) if database else None
        return schema.tables.get(path[2]) if schema else None

    def add(self, table: Table, *, replace: bool = False) -> Table | None:
        """Add a table or view to its schema; return the one that it replaces, or None.

        Raises:
            Failure: 2002 if the name is taken, 2003 if the schema is missing.
        """
        with self._lock:
            tables = self.schema(*table.path[:2]).tables
            former = tables.get(table.name)
            if former is not None and not replace:
                raise failures.already_exists(table.name)
            tables[table.name] = table
            if not table.versions and table.query is None:
                self._version(table)
            return former

    def commit(
        self, table: Table, physical: str, rows: int, commit: Callable[[], object]
    ) -> tuple[int, set[str]]:
        """Make a change of a table's rows visible, in DuckDB by `commit` and here.

        Returns:
            The number of the change, and the DuckDB tables that nothing needs any more.
        """
        with self._lock:
            commit()
            table.physical, table.rows = physical, rows
            self._version(table)
            return self.clock, table.forget()

    def snapshot(self, begin: Callable[[], object]) -> int:
        """Call `begin`, which fixes what DuckDB sees; return the number of the latest change.

        No change is committed meanwhile.
        """
        with self._lock:
            begin()
            return self.clock

    def retain(self, table: Table, days: int) -> set[str]:
        """Change a table's retention; returns as `Table.forget`.

        Discarded versions do not come back with a longer retention.
        """
        with self._lock:
            table.retention = days
            gone = table.forget()
            if not days:
                self.clock += 1
                table.versions = [replace(table.versions[-1], number=self.clock, moment=now())]
            return gone

    def _version(self, table: Table) -> None:
        self.clock += 1
        made = Version(self.clock, now(), table.physical, table.columns, table.rows)
        table.versions = [*table.versions, made]

    def remove(self, path: Path) -> Table:
        """Remove a table or view from the catalog.

        Raises:
            Failure: 2003.
        """
        with self._lock:
            found = self.find(path)
            if found is None:
                raise failures.missing_object("Object", format_path(path))
            return self.schema(*path[:2]).tables.pop(path[2])

    def remove_schema(self, database: str, name: str) -> list[Table]:
        """Remove a schema; return its tables and views."""
        with self._lock:
            schema = self.schema(database, name)
            del self.database(database).schemas[name]
            return list(schema.tables.values())

    def remove_database(self, name: str) -> list[Table]:
        """Remove a database; return its tables and views."""
        with self._lock:
            found = self.database(name)
            del self._databases[name]
            return [t for schema in found.schemas.values() for t in schema.tables.values()]

    def databases(self) -> list[Database]:
        """Return all databases, sorted by name."""
        with self._lock:
            return sorted(self._databases.values(), key=lambda each: each.name)

    def tables(self) -> Iterator[Table]:
        """Yield all tables and views, sorted by database, schema and name."""
        with self._lock:
            found = [
                table
                for database in self.databases()
                for schema in sorted(database.schemas.values(), key=lambda each: each.name)
                for table in sorted(schema.tables.values(), key=lambda each: each.name)
            ]
        yield from found

    def grant(self, role: str, path: tuple[str, ...], privilege: str) -> None:
        """Let `role` use `privilege` on the object at `path`."""
        with self._lock:
            self.grants.setdefault(role, set()).add((path, privilege))

    def revoke(self, role: str, path: tuple[str, ...], privilege: str) -> None:
        """Remove a grant, if there is one."""
        with self._lock:
            self.grants.get(role, set()).discard((path, privilege))

    def privileges(self, role: str, path: tuple[str, ...]) -> set[str]:
        """Return a role's privileges on an object: OWNERSHIP, or the grants to it and to PUBLIC."""
        if role not in self.limited:
            return {"OWNERSHIP"}
        given = self.grants.get(role, set()) | self.grants.get("PUBLIC", set())
        return {privilege for granted, privilege in given if granted == path}

    def visible(self, role: str, path: tuple[str, ...]) -> bool:
        """Whether `role` may see the object: it has any privilege on it or inside it."""
        if role not in self.limited:
            return True
        given = self.grants.get(role, set()) | self.grants.get("PUBLIC", set())
        return any(granted[: len(path)] == path for granted, _ in given)


def display(name: str) -> str:
    """Format a name as Snowflake prints it in messages: quoted if necessary."""
    plain = name.isascii() and name.replace("_", "A").replace("$", "A").isalnum()
    if plain and name == name.upper() and not name[:1].isdigit():
        return name
    return '"' + name.replace('"', '""') + '"'


def format_path(path: tuple[str, ...]) -> str:
    """Format a path as Snowflake prints it in messages."""
    return ".".join(display(each) for each in path)
