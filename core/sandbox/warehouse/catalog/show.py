"""SHOW and DESCRIBE, with the columns, filters and order of Snowflake's answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlglot import exp

from core.sandbox.warehouse import failures, types
from core.sandbox.warehouse.answer import Answer
from core.sandbox.warehouse.catalog.catalog import OWNER, Table, TableColumn
from core.sandbox.warehouse.engine.execution import DESCRIBE, SHOW, Execution, rows_answer
from core.sandbox.warehouse.model import Column
from core.sandbox.warehouse.translate.scope import fold
from core.sandbox.warehouse.types import SqlType

_MOMENT = SqlType("TIMESTAMP_LTZ", scale=3)
_COUNT = types.number(38)
_MAX_ROWS = 10_000  # SHOW never returns more
Row = tuple[object, ...]


def columns(text: str) -> list[Column]:
    """Create columns from names with a suffix: `:t` for a moment, `:n` a number, else text."""
    kinds = {"t": _MOMENT, "n": _COUNT, "": types.TEXT}
    split = (each.partition(":") for each in text.split())
    return [kinds[kind].column(name) for name, _, kind in split]


_DATABASES = columns(
    "created_on:t name is_default is_current origin owner comment options retention_time kind"
)
_SCHEMAS = columns(
    "created_on:t name is_default is_current database_name owner comment options retention_time"
)
# Recorded in 2026.
_TABLES = columns(
    "created_on:t name database_name schema_name kind comment cluster_by rows:n bytes:n owner"
    " retention_time automatic_clustering change_tracking search_optimization"
    " search_optimization_progress search_optimization_bytes is_external enable_schema_evolution"
    " owner_role_type is_event is_hybrid is_iceberg is_dynamic is_immutable is_interactive"
    " row_timestamp error_logging"
)
_VIEWS = columns(
    "created_on:t name reserved database_name schema_name owner comment text is_secure"
    " is_materialized"
)
# https://docs.snowflake.com/en/sql-reference/sql/show-objects
_OBJECTS = columns(
    "created_on:t name database_name schema_name kind comment cluster_by rows:n bytes:n owner"
    " retention_time owner_role_type is_hybrid is_dynamic is_iceberg"
)
_COLUMNS = columns(
    "table_name schema_name column_name data_type null? default kind expression comment"
    " database_name autoincrement"
)
_WAREHOUSES = columns(
    "name state type size running:n queued:n is_default is_current auto_suspend:n auto_resume"
    " created_on:t owner comment"
)
_ROLES = columns("created_on:t name is_default is_current is_inherited owner comment")
_DESCRIPTION = [
    types.TEXT.column(name)
    for name in ("name", "type", "kind", "null?", "default", "primary key", "unique key", "check",
                 "expression", "comment", "policy name")
]  # fmt: skip


@dataclass(frozen=True)
class _Place:
    """IN ...: the database, schema and table that limit a SHOW; None where they do not."""

    database: str | None = None
    schema: str | None = None
    table: Table | None = None

    def holds(self, table: Table) -> bool:
        """Whether the table is inside."""
        if self.table is not None:
            return table is self.table
        return self.database in (None, table.path[0]) and self.schema in (None, table.path[1])


def show(execution: Execution, node: exp.Expr) -> Answer:
    """Execute SHOW <kind> [LIKE] [IN] [STARTS WITH] [LIMIT n [FROM 'x']]."""
    kind = str(node.this).upper()
    handler = _KINDS.get(kind)
    if handler is None:
        raise failures.unsupported(f"SHOW {kind}")
    columns, rows = handler(execution, _place(execution, node, kind))
    name = next(i for i, each in enumerate(columns) if each.name in ("name", "column_name"))
    return rows_answer(columns, _filter(node, rows, name), SHOW)


def _filter(node: exp.Expr, rows: Sequence[Row], name: int) -> list[Row]:
    like, starts, limit, after = (
        node.args.get(key) or None for key in ("like", "starts_with", "limit", "from_")
    )
    kept = list(rows)
    if like is not None:
        pattern = like_pattern(like.name)
        kept = [row for row in kept if pattern.fullmatch(str(row[name]))]
    if starts is not None:
        kept = [row for row in kept if str(row[name]).startswith(starts.name)]
    if after is not None:
        kept = [row for row in kept if str(row[name]) > after.name]
    most = int(limit.expression.name) if limit is not None else _MAX_ROWS
    return kept[: min(most, _MAX_ROWS)]


def like_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a SHOW ... LIKE pattern: % and _, escaped by a backslash; case is ignored."""
    parts = re.findall(r"\\.|.", pattern, re.S)
    wild = {"%": ".*", "_": "."}
    regex = "".join(
        re.escape(each[1:]) if len(each) > 1 else wild.get(each, re.escape(each)) for each in parts
    )
    return re.compile(regex, re.I | re.S)


def _place(execution: Execution, node: exp.Expr, kind: str) -> _Place:
    scope = node.args.get("scope")
    scope_kind = str(node.args.get("scope_kind") or "").upper()
    state, catalog = execution.state, execution.catalog
    if scope_kind == "ACCOUNT":
        return _Place()
    names = tuple(fold(part) for part in scope.parts) if isinstance(scope, exp.Table) else ()
    if not names:
        schema = None if kind == "SCHEMAS" or scope_kind == "DATABASE" else state.schema
        return _Place(state.database, schema)
    if scope_kind in ("TABLE", "VIEW"):
        return _Place(table=execution.names.lookup(names, scope_kind.title()))
    if kind in ("DATABASES", "WAREHOUSES", "ROLES"):
        return _Place()
    if scope_kind == "DATABASE" or (kind == "SCHEMAS" and len(names) == 1):
        _visible(execution, names[-1:], "Database")
        return _Place(catalog.database(names[-1]).name)
    path = execution.names.schema_path(names)
    _visible(execution, path, "Schema")
    catalog.schema(*path)
    return _Place(*path)


def _visible(execution: Execution, path: tuple[str, ...], kind: str) -> None:
    if not execution.catalog.visible(execution.state.role, path):
        raise failures.missing_object(kind, ".".join(path))


def _yes(condition: bool) -> str:
    return "Y" if condition else "N"


def _databases(execution: Execution, _: _Place) -> tuple[list[Column], list[Row]]:
    state, catalog = execution.state, execution.catalog
    rows: list[Row] = [
        (each.created_on, each.name, "N", _yes(each.name == state.database), "", OWNER,
         each.comment, "", "1", "STANDARD")
        for each in catalog.databases()
        if catalog.visible(state.role, (each.name,))
    ]  # fmt: skip
    return _DATABASES, rows


def _schemas(execution: Execution, place: _Place) -> tuple[list[Column], list[Row]]:
    state, catalog = execution.state, execution.catalog
    rows: list[Row] = []
    for database in catalog.databases():
        if place.database not in (None, database.name):
            continue
        if not catalog.visible(state.role, (database.name,)):
            continue
        inner = [(s.name, s.created_on, s.comment, OWNER) for s in database.schemas.values()
                 if catalog.visible(state.role, (database.name, s.name))]  # fmt: skip
        about = "Views describing the contents of schemas in this database"
        inner.append(("INFORMATION_SCHEMA", database.created_on, about, ""))
        for name, created, comment, owner in sorted(inner):
            current = (database.name, name) == (state.database, state.schema)
            rows.append((created, name, "N", _yes(current), database.name, owner, comment, "", "1"))
    return _SCHEMAS, rows


def _seen(execution: Execution, place: _Place) -> list[Table]:
    role, catalog = execution.state.role, execution.catalog
    return [t for t in catalog.tables() if place.holds(t) and catalog.visible(role, t.path)]


def _tables(execution: Execution, place: _Place) -> tuple[list[Column], list[Row]]:
    rows: list[Row] = [
        (t.created_on, t.name, t.path[0], t.path[1], t.kind, t.comment, "",
         *_sizes(t), OWNER,
         str(t.retention), "OFF", "OFF", "OFF", None, None, _yes(t.external), "N", "ROLE", "N",
         "N", "N", "N", "N", "N", "OFF", "OFF")
        for t in _seen(execution, place)
        if t.query is None
    ]  # fmt: skip
    return _TABLES, rows


def _views(execution: Execution, place: _Place) -> tuple[list[Column], list[Row]]:
    rows: list[Row] = [
        (
            t.created_on,
            t.name,
            "",
            t.path[0],
            t.path[1],
            OWNER,
            t.comment,
            t.query,
            "false",
            "false",
        )
        for t in _seen(execution, place)
        if t.query is not None
    ]
    return _VIEWS, rows


def _sizes(table: Table) -> tuple[int, int]:
    """Return the rows and bytes that SHOW gives: 0 of a view, not NULL.

    No recording shows those of an external table; as they are Snowflake's own, 0 misleads most.
    """
    if table.query is not None or table.external:
        return 0, 0
    return table.rows, table.bytes


def _objects(execution: Execution, place: _Place) -> tuple[list[Column], list[Row]]:
    rows: list[Row] = [
        (t.created_on, t.name, t.path[0], t.path[1], t.kind, t.comment, "",
         *_sizes(t), OWNER,
         str(t.retention), "ROLE", "N", "N", "N")
        for t in _seen(execution, place)
    ]  # fmt: skip
    return _OBJECTS, rows


def _all_columns(execution: Execution, place: _Place) -> tuple[list[Column], list[Row]]:
    rows: list[Row] = [
        (t.name, t.path[1], c.name, json_type(c), str(c.nullable).lower(), c.default or "",
         "COLUMN" if c.expression is None else "VIRTUAL_COLUMN", c.expression or "",
         c.comment or "", t.path[0], "")
        for t in _seen(execution, place)
        for c in t.columns
    ]  # fmt: skip
    return _COLUMNS, rows


def json_type(column: TableColumn) -> str:
    """Format a column's type as SHOW COLUMNS does, in JSON."""
    kind = column.type
    described: dict[str, object] = {"type": kind.name}
    if kind.name == "FIXED":
        described |= {"precision": kind.precision, "scale": kind.scale}
    elif kind.name == "TEXT":
        bytes_ = min(kind.length * 4, types.MAX_TEXT)
        described |= {"length": kind.length, "byteLength": bytes_}
    elif kind.name == "BINARY":
        described |= {"length": kind.length, "byteLength": kind.length}
    elif kind.is_timestamp or kind.name == "TIME":
        described |= {"precision": 0, "scale": kind.scale}
    described["nullable"] = column.nullable
    if kind.name in ("TEXT", "BINARY"):
        described["fixed"] = False
    return json.dumps(described, separators=(",", ":"))


def _warehouses(execution: Execution, _: _Place) -> tuple[list[Column], list[Row]]:
    created = execution.catalog.started_on
    rows: list[Row] = [
        (name, "STARTED", "STANDARD", "X-Small", 0, 0, "N",
         _yes(name == execution.state.warehouse), 600, "true", created, OWNER, "")
        for name in sorted(execution.catalog.warehouses)
    ]  # fmt: skip
    return _WAREHOUSES, rows


def _roles(execution: Execution, _: _Place) -> tuple[list[Column], list[Row]]:
    created = execution.catalog.started_on
    rows: list[Row] = [
        (created, name, "N", _yes(name == execution.state.role), "N", "USERADMIN", "")
        for name in sorted(execution.catalog.roles | {execution.state.role})
    ]
    return _ROLES, rows


_Kind = Callable[[Execution, _Place], tuple[list[Column], list[Row]]]
_KINDS: dict[str, _Kind] = {
    "DATABASES": _databases, "SCHEMAS": _schemas, "TABLES": _tables, "VIEWS": _views,
    "OBJECTS": _objects, "COLUMNS": _all_columns, "WAREHOUSES": _warehouses, "ROLES": _roles,
}  # fmt: skip


def describe(execution: Execution, node: exp.Expr) -> Answer:
    """Execute DESCRIBE TABLE | VIEW, for which any privilege on it is enough."""
    kind = str(node.args.get("kind") or "TABLE").upper()
    if kind not in ("TABLE", "VIEW"):
        raise failures.unsupported(f"DESCRIBE {kind}")
    table = execution.names.table(node.this, kind.title())
    rows = [
        (c.name, c.type.display, "COLUMN" if c.expression is None else "VIRTUAL", _yes(c.nullable),
         c.default, "N", "N", None, c.expression, c.comment, None)
        for c in table.columns
    ]  # fmt: skip
    return rows_answer(_DESCRIPTION, rows, DESCRIBE)
