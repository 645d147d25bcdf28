"""Declare a sample table: its columns in Snowflake's SQL, its rows in DuckDB's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from sqlglot import exp

from core.sandbox.warehouse.catalog.catalog import Catalog, Table, TableColumn
from core.sandbox.warehouse.translate.bound import quote
from core.sandbox.warehouse.translate.datatypes import from_ast

Where = tuple[str, str]


class Installer(Protocol):
    """The receiver of declarations: the engine."""

    catalog: Catalog

    def execute(self, sql: str) -> None:
        """Run DuckDB SQL."""


def table(
    target: Installer,
    where: Where,
    name: str,
    columns: Sequence[tuple[str, str]],
    rows: int,
    select: Callable[[], str],
    comment: str = "",
) -> None:
    """Declare a table whose `rows` rows the DuckDB query `select()` generates on first use."""
    physical = target.catalog.physical()
    declared = tuple(
        TableColumn(column, from_ast(exp.DataType.build(kind, dialect="snowflake")), f"c{i}")
        for i, (column, kind) in enumerate(columns)
    )
    declaration = Table(
        (*where, name),
        declared,
        physical,
        comment=comment,
        rows=rows,
        fill=lambda: f"INSERT INTO {physical} {select()}",
    )
    target.execute(declaration.creation(physical))
    target.catalog.add(declaration)


def literal(value: object) -> str:
    """Return a Python value as a DuckDB literal."""
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, bytes):
        return f"unhex('{value.hex()}')"
    return repr(value)


def values(rows: Iterable[Sequence[str]]) -> str:
    """Return a query of rows of DuckDB literals."""
    return "VALUES " + ", ".join(f"({', '.join(row)})" for row in rows)
