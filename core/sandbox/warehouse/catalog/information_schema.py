"""INFORMATION_SCHEMA: TABLES, VIEWS, COLUMNS, SCHEMATA, DATABASES as relations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from core.sandbox.warehouse import failures, types
from core.sandbox.warehouse.catalog.catalog import (
    INFORMATION_SCHEMA,
    OWNER,
    Catalog,
    Path,
    Table,
    format_path,
)
from core.sandbox.warehouse.translate.bound import quote, timestamp
from core.sandbox.warehouse.translate.scope import BoundQuery
from core.sandbox.warehouse.types import SqlType

_TEXT, _COUNT, _MOMENT = types.TEXT, types.number(38), SqlType("TIMESTAMP_LTZ", scale=3)
Columns = dict[str, SqlType]
Row = tuple[object, ...]

_TABLES: Columns = {
    "TABLE_CATALOG": _TEXT, "TABLE_SCHEMA": _TEXT, "TABLE_NAME": _TEXT, "TABLE_OWNER": _TEXT,
    "TABLE_TYPE": _TEXT, "IS_TRANSIENT": _TEXT, "CLUSTERING_KEY": _TEXT, "ROW_COUNT": _COUNT,
    "BYTES": _COUNT, "RETENTION_TIME": _COUNT, "CREATED": _MOMENT, "LAST_ALTERED": _MOMENT,
    "COMMENT": _TEXT,
}  # fmt: skip
_COLUMNS: Columns = {
    "TABLE_CATALOG": _TEXT, "TABLE_SCHEMA": _TEXT, "TABLE_NAME": _TEXT, "COLUMN_NAME": _TEXT,
    "ORDINAL_POSITION": _COUNT, "COLUMN_DEFAULT": _TEXT, "IS_NULLABLE": _TEXT, "DATA_TYPE": _TEXT,
    "CHARACTER_MAXIMUM_LENGTH": _COUNT, "CHARACTER_OCTET_LENGTH": _COUNT,
    "NUMERIC_PRECISION": _COUNT, "NUMERIC_PRECISION_RADIX": _COUNT, "NUMERIC_SCALE": _COUNT,
    "DATETIME_PRECISION": _COUNT, "IS_IDENTITY": _TEXT, "COMMENT": _TEXT,
}  # fmt: skip
_VIEWS: Columns = {
    "TABLE_CATALOG": _TEXT, "TABLE_SCHEMA": _TEXT, "TABLE_NAME": _TEXT, "TABLE_OWNER": _TEXT,
    "VIEW_DEFINITION": _TEXT, "IS_SECURE": _TEXT, "CREATED": _MOMENT, "COMMENT": _TEXT,
}  # fmt: skip
_SCHEMATA: Columns = {
    "CATALOG_NAME": _TEXT, "SCHEMA_NAME": _TEXT, "SCHEMA_OWNER": _TEXT, "IS_TRANSIENT": _TEXT,
    "CREATED": _MOMENT, "LAST_ALTERED": _MOMENT, "COMMENT": _TEXT,
}  # fmt: skip
_DATABASES: Columns = {
    "DATABASE_NAME": _TEXT, "DATABASE_OWNER": _TEXT, "IS_TRANSIENT": _TEXT, "CREATED": _MOMENT,
    "COMMENT": _TEXT,
}  # fmt: skip


def relation(catalog: Catalog, role: str, path: Path) -> BoundQuery:
    """Return a query for the rows of an INFORMATION_SCHEMA view that `role` may see.

    Raises:
        Failure: 2003 for a view that the sandbox does not have.
    """
    database, _, name = path
    tables = [
        each
        for each in catalog.tables()
        if each.path[0] == database and catalog.visible(role, each.path)
    ]
    if name == "TABLES":
        return literal_rows(_TABLES, [_table_row(each) for each in tables])
    if name == "COLUMNS":
        return literal_rows(_COLUMNS, [row for each in tables for row in _column_rows(each)])
    if name == "VIEWS":
        return literal_rows(_VIEWS, [_view_row(each) for each in tables if each.query is not None])
    if name == "SCHEMATA":
        return literal_rows(_SCHEMATA, list(_schema_rows(catalog, role, database)))
    if name == "DATABASES":
        rows: list[Row] = [
            (each.name, OWNER, "NO", each.created_on, each.comment)
            for each in catalog.databases()
            if catalog.visible(role, (each.name,))
        ]
        return literal_rows(_DATABASES, rows)
    raise failures.missing_object("Object", format_path(path))


def literal_rows(columns: Columns, rows: list[Row]) -> BoundQuery:
    """Return the query for rows of Python values."""
    names = ", ".join(f"c{i}" for i in range(len(columns)))
    kinds = list(columns.values())
    blank = ", ".join(f"CAST(NULL AS {kind.physical})" for kind in kinds)
    lines = [
        "(" + ", ".join(_literal(v, kind) for v, kind in zip(row, kinds, strict=True)) + ")"
        for row in rows
    ]
    listed = ", ".join([f"({blank})", *lines])  # the first row gives the types, and is left out
    sql = f"SELECT {names} FROM (VALUES {listed}) AS v({names}) WHERE c0 IS NOT NULL"
    return BoundQuery(sql, tuple(columns.items()))


def _literal(value: object, kind: SqlType) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, datetime):
        micros = int(value.timestamp() * 1_000_000)
        return timestamp(kind, f"make_timestamp({micros}::BIGINT)").sql
    if isinstance(value, int):
        return f"CAST({value} AS {kind.physical})"
    return quote(str(value))


def _table_row(table: Table) -> Row:
    view = table.query is not None
    kind = {"TABLE": "BASE TABLE", "TEMPORARY": "LOCAL TEMPORARY"}.get(table.kind, "VIEW")
    if table.external:
        kind = "EXTERNAL TABLE"
    rows = None if view else table.rows
    size = None if view else table.bytes
    return (*table.path, OWNER, kind, None if view else "NO", None, rows, size, None if view else 1,
            table.created_on, table.created_on, table.comment or None)  # fmt: skip


def _view_row(view: Table) -> Row:
    return (*view.path, OWNER, view.query, "NO", view.created_on, view.comment or None)


def _column_rows(table: Table) -> Iterator[Row]:
    for position, column in enumerate(table.columns, 1):
        kind = column.type
        text = kind.name in ("TEXT", "BINARY")
        number = kind.name == "FIXED"
        yield (
            *table.path, column.name, position, column.default,
            "YES" if column.nullable else "NO", kind.declared_name,
            kind.length if text else None,
            min(kind.length * (4 if kind.name == "TEXT" else 1), types.MAX_TEXT) if text else None,
            kind.precision if number else None, 10 if number else None,
            kind.scale if number else None,
            kind.scale if kind.is_timestamp or kind.name == "TIME" else None, "NO", column.comment,
        )  # fmt: skip


def _schema_rows(catalog: Catalog, role: str, database: str) -> Iterator[Row]:
    found = catalog.database(database)
    yield database, INFORMATION_SCHEMA, None, "NO", found.created_on, found.created_on, None
    for schema in sorted(found.schemas.values(), key=lambda each: each.name):
        if catalog.visible(role, (database, schema.name)):
            moment = schema.created_on
            yield database, schema.name, OWNER, "NO", moment, moment, schema.comment or None
