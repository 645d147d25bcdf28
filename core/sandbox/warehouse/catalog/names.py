"""Resolve names for a session: full paths, tables, views, privileges, CURRENT_*."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlglot import exp

from core.sandbox.warehouse import failures
from core.sandbox.warehouse.catalog import information_schema, operator_stats
from core.sandbox.warehouse.catalog.catalog import (
    INFORMATION_SCHEMA,
    Catalog,
    Path,
    Table,
    Version,
    format_path,
)
from core.sandbox.warehouse.engine.past import Past, StoredRows
from core.sandbox.warehouse.engine.session_state import SessionState
from core.sandbox.warehouse.engine.time_travel import AtMoment, AtStatement, Point
from core.sandbox.warehouse.partitions import Read
from core.sandbox.warehouse.translate.binder import Binder
from core.sandbox.warehouse.translate.casts import cast
from core.sandbox.warehouse.translate.dialect import parse
from core.sandbox.warehouse.translate.query import translate, translation
from core.sandbox.warehouse.translate.scope import BoundQuery, Scope, fold
from core.sandbox.warehouse.types import SqlType

VERSION = "9.99.0"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_VIEW_DEPTH = 30
Evaluate = Callable[[str], list[tuple[object, ...]]]


def table_path(node: exp.Expr) -> tuple[str, ...]:
    """Return the name of the table in a statement's node, without resolving it.

    Raises:
        Failure: 1003 if the node names no table.
    """
    table = node.find(exp.Table)
    if table is None or not table.parts:
        raise failures.syntax(1, 0, "<EOF>")
    return tuple(fold(part) for part in table.parts)


class SessionNames:
    """Resolves names for one statement of a session.

    `touched` are the tables that it reads, `scanned` the earlier results by the names under
    which they must be registered in DuckDB, `reads` the partitions that it reads.
    """

    def __init__(
        self,
        catalog: Catalog,
        state: SessionState,
        context: tuple[str | None, str | None] | None = None,
        depth: int = 0,
        past: Past | None = None,
        evaluate: Evaluate | None = None,
        point: Point | None = None,
    ) -> None:
        self.catalog = catalog
        self.state = state
        self.touched: list[Table] = []
        self.reads: list[Read] = []
        self.scanned: dict[str, StoredRows] = {}
        self.seen: dict[Table, Version] = {}
        self.past = past
        self._evaluate = evaluate
        self._point = point
        self._context = context
        self._depth = depth

    def path(self, names: tuple[str, ...]) -> Path:
        """Return the full path of a table's name.

        Raises:
            Failure: 90105 when a part is missing and the session has none.
        """
        database, schema = self._context or (self.state.database, self.state.schema)
        if len(names) == 3:
            return names[0], names[1], names[2]
        if database is None:
            raise failures.no_database()
        if len(names) == 2:
            return database, names[0], names[1]
        if schema is None:
            raise failures.no_database()
        return database, schema, names[0]

    def schema_path(self, names: tuple[str, ...]) -> tuple[str, str]:
        """Return the full path of a schema's name; raises as `path`."""
        if len(names) > 1:
            return names[-2], names[-1]
        if self.state.database is None:
            raise failures.no_database()
        return self.state.database, names[0]

    def table(self, node: exp.Expr, kind: str = "Table") -> Table:
        """Return the table that a statement names, if it is visible to the role.

        Raises:
            Failure: 2003.
        """
        return self.lookup(table_path(node), kind)

    def lookup(self, written: tuple[str, ...], kind: str = "Object") -> Table:
        """Return the table or view `written`, if it is visible to the role; raises as `table`."""
        path = self.path(written)
        found = self.catalog.find(path)
        if found is None or not self.catalog.visible(self.state.role, path):
            self._explain_missing(path, written)
            raise failures.missing_object(kind, format_path(written))
        return found

    def _explain_missing(self, path: Path, written: tuple[str, ...]) -> None:
        """Raise 2003 for the database or schema of a path if that is what is missing."""
        if len(written) == 3 and not self.catalog.visible(self.state.role, path[:1]):
            raise failures.missing_object("Database", format_path(path[:1]))
        if len(written) > 1:
            if not self.catalog.visible(self.state.role, path[:2]):
                raise failures.missing_object("Schema", format_path(path[:2]))
            self.catalog.schema(*path[:2])

    def allow(self, table: Table, *privileges: str) -> None:
        """Refuse (3001) unless the role owns the table or has one of `privileges` on it."""
        if not self.catalog.privileges(self.state.role, table.path) & {"OWNERSHIP", *privileges}:
            raise failures.insufficient_privileges("Table", table.name)

    def relation(
        self, path: tuple[str, ...], point: Point | None = None
    ) -> tuple[BoundQuery, tuple[str, ...]]:
        """Return the query that reads a table or view (as it was at `point`), and its full name.

        Raises:
            Failure: 2003, 3001, 90105; 707 for rows that are not kept.
        """
        point = point or self._point
        full = self.path(path)
        if full[1] == INFORMATION_SCHEMA:
            if point is not None:
                raise failures.unsupported("AT | BEFORE of INFORMATION_SCHEMA")
            self.catalog.database(full[0])
            return information_schema.relation(self.catalog, self.state.role, full), full
        table = self.lookup(path)
        self.allow(table, "SELECT")
        if table.query is not None:
            return self._view(table, point), full
        if table.external and point is not None:
            raise failures.unsupported("AT | BEFORE of an external table")
        self.touched.append(table)
        columns = tuple((each.name, each.type) for each in table.columns)
        required = frozenset(i for i, each in enumerate(table.columns) if not each.nullable)
        latest = table.versions[-1]
        version = point.version(table) if point else latest
        read = table.read(version)
        self.reads.append(read)
        narrow = frozenset(range(len(columns)))
        if version is not latest:
            former = self._former(table, version)
            return BoundQuery(former, columns, required=required, narrow=narrow), full
        if point is None:
            self.seen[table] = latest
        listed = ", ".join(each.physical for each in table.columns)
        sql = f"SELECT {listed} FROM {latest.physical}"
        physical = None if table.external else latest.physical  # sampled as a view is
        return BoundQuery(sql, columns, physical, read, required, narrow), full

    def _former(self, table: Table, version: Version) -> str:
        """Return the query that reads a version with the columns of today.

        A column that was added since then has its default.
        """
        held = {each.key: each.physical for each in version.columns}
        binder = Binder(translation(self), Scope())
        items = []
        for each in table.columns:
            value = held.get(each.key)
            if value is None:
                default = parse(f"SELECT {each.default or 'NULL'}").expressions[0]
                value = cast(binder, binder.bind(default), each.type).sql
            items.append(f"{value} AS {each.physical}")
        return f"SELECT {', '.join(items)} FROM {version.physical} WHERE rowid < {version.rows}"

    def _view(self, view: Table, point: Point | None) -> BoundQuery:
        """Translate a view's query, with its owner's rights and in its own schema."""
        if self._depth > _MAX_VIEW_DEPTH:
            raise failures.invalid(f"View '{view.name}' is recursive", 1008)
        owner = SessionState(parameters=self.state.parameters)
        names = SessionNames(self.catalog, owner, view.context, self._depth + 1, self.past,
                             self._evaluate, point)  # fmt: skip
        query = translate(parse(view.query or ""), names)
        self.touched += names.touched
        self.reads += names.reads
        self.scanned |= names.scanned
        self.seen |= names.seen
        if len(query.columns) != len(view.columns):
            raise failures.invalid(
                f"View definition for '{format_path(view.path)}' declared {len(view.columns)}"
                f" column(s), but view query produces {len(query.columns)} column(s).",
                2057,
                "42601",
            )
        pairs = zip(view.columns, query.columns, strict=True)
        columns = tuple((each.name, kind) for each, (_, kind) in pairs)
        return replace(query, columns=columns, table=None, read=None, constant=False)

    def context(self, name: str) -> str | None:
        """Return the value of CURRENT_<name>(), or None."""
        state = self.state
        known: dict[str, str | None] = {
            "ACCOUNT": state.account.upper(),
            "ACCOUNT_NAME": state.account.upper(),
            "ORGANIZATION_NAME": "SANDBOX",
            "REGION": "SANDBOX_LOCAL",
            "USER": state.user,
            "ROLE": state.role,
            "WAREHOUSE": state.warehouse or None,
            "DATABASE": state.database,
            "SCHEMA": state.schema,
            "SESSION": state.session_id,
            "VERSION": VERSION,
        }
        return known.get(name)

    def query_id(self, number: int) -> str | None:
        """Return the id of the session's statement `number`: 1 is its first, -1 its latest."""
        ids = self.state.query_ids
        index = number - 1 if number > 0 else number
        return ids[index] if -len(ids) <= index < len(ids) and number else None

    def result(self, statement_id: str) -> BoundQuery:
        """Return the query that reads the stored result of an earlier statement.

        Raises:
            Failure: 709 if the result does not exist; 710 if the statement is running or failed.
        """
        if self.past is None:
            raise failures.statement_not_found(statement_id)
        stored = self.past.result(statement_id)
        physical = f'"result {statement_id}"'
        self.scanned[physical[1:-1]] = stored
        columns = tuple((each.name, SqlType.of(each)) for each in stored.columns)
        listed = ", ".join(f"c{i}" for i in range(len(columns)))
        return BoundQuery(
            f"SELECT {listed} FROM {physical}",
            columns,
            required=frozenset(i for i, each in enumerate(stored.columns) if not each.nullable),
            narrow=frozenset(i for i, each in enumerate(stored.columns) if each.narrow),
        )

    def operator_stats(self, statement_id: str) -> BoundQuery:
        """Return the query of GET_QUERY_OPERATOR_STATS: a row for each table scan of a statement.

        Raises:
            Failure: 709 if there is no such statement.
        """
        if self.past is None:
            raise failures.statement_not_found(statement_id)
        return operator_stats.relation(statement_id, self.past.trace(statement_id).reads)

    def at_statement(self, statement_id: str, *, before: bool) -> Point:
        """Return the point in time of AT or BEFORE(STATEMENT => ...).

        Raises:
            Failure: 709 if there is no such statement.
        """
        if self.past is None:
            raise failures.statement_not_found(statement_id)
        return AtStatement(self.past.trace(statement_id), before)

    def at_moment(self, micros: str, *, before: bool) -> Point:
        """Return the point in time of AT or BEFORE with a moment.

        `micros` is constant DuckDB SQL of microseconds since 1970.

        Raises:
            Failure: 1007 if it is not constant or NULL.
        """
        found = self._evaluate(f"SELECT {micros}")[0][0] if self._evaluate else None
        if found is None:
            raise failures.invalid("Time Travel needs a constant moment")
        return AtMoment(EPOCH + timedelta(microseconds=int(str(found))), before)

    def parameter(self, name: str) -> str:
        """Return a session parameter as text; empty if it is not set."""
        return self.state.parameter(name)

    def zone(self) -> str:
        """Return the session's TIMEZONE."""
        return self.state.timezone
