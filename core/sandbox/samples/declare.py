"""How a sample table is declared: columns in Snowflake's words, rows in DuckDB's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from sqlglot import exp

from core.sandbox.warehouse.catalog.catalog import Catalog, Table, TableColumn
from core.sandbox.warehouse.translate.bound import quote
from core.sandbox.warehouse.translate.datatypes import from_ast

Where = tuple[str, str]


class Installer(Protocol):
    """What takes the declarations: the engine."""

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
    """Declare a table whose `rows` rows are made, on first use, by the DuckDB query `select()`."""
    physical = target.catalog.physical()
    declared = tuple(
        TableColumn(column, from_ast(exp.DataType.build(kind, dialect="snowflake")), f"c{i}")
        for i, (column, kind) in enumerate(columns)
    )
    made = Table(
        (*where, name),
        declared,
        physical,
        comment=comment,
        rows=rows,
        fill=lambda: f"INSERT INTO {physical} {select()}",
    )
    target.execute(made.creation(physical))
    target.catalog.add(made)


def literal(value: object) -> str:
    """A Python value as a DuckDB literal."""
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, bytes):
        return f"unhex('{value.hex()}')"
    return repr(value)


def values(rows: Iterable[Sequence[str]]) -> str:
    """Rows of DuckDB literals as a query."""
    return "VALUES " + ", ".join(f"({', '.join(row)})" for row in rows)
