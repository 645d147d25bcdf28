"""A result that fits into memory, whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from core.errors import IntegrityError, SourceDataError
from core.query import Statement
from core.runtime.cancel import Cancel
from core.warehouse.download import Download
from core.warehouse.statement import Result, run

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

_BUDGET = 32 * 1024 * 1024  # bytes of batches in flight


def read_columns(
    connection: SnowflakeConnection, statement: Statement, cancel: Cancel
) -> list[list[object]]:
    """Run `statement` and read the values of each column it selects, in order; None is NULL.

    Raises:
        CancelledError: `cancel` was set; the statement was aborted.
        TransferError: it failed, or a value cannot be held here; the class tells why.
    """
    return read_result(run(connection, statement, cancel), statement, cancel)


def read_result(result: Result, statement: Statement, cancel: Cancel) -> list[list[object]]:
    """Read the values of each column of a finished statement, as `read_columns` does."""
    columns: list[list[object]] = [[] for _ in statement.fields]
    for table in _tables(result, len(columns), cancel):
        for values, part in zip(columns, table.columns, strict=True):
            try:
                values.extend(part.to_pylist())
            except (OverflowError, ValueError) as error:  # Python's dates are of years 1 to 9999
                raise SourceDataError(
                    "A date lies outside the years 1 to 9999.", "Look at the dates of the table."
                ) from error
    return columns


def read_rows(result: Result, *needed: str) -> list[dict[str, Any]]:
    """Read the rows of a small answer (SHOW, DESCRIBE), as dicts with lower-case names.

    Its times and structures are left out: nobody asks for them, and not every one can be held.

    Args:
        result: the finished statement.
        needed: columns that must be there, and whose values are texts.

    Raises:
        IntegrityError: it is not what was asked for.
        CancelledError: the statement's `cancel` was set.
        TransferError: it cannot be read; the class tells why.
    """
    names = [column.name.lower() for column in result.cursor.description or ()]
    rows = _named(result, names)
    for name in needed:
        if name not in names or not all(isinstance(row.get(name), str) for row in rows):
            raise IntegrityError(
                f"Snowflake's answer lacks {name!r} (query {result.query_id}).", "Run again."
            )
    return rows


def _named(result: Result, names: list[str]) -> list[dict[str, Any]]:
    result.batches.count()
    rows: list[dict[str, Any]] = []
    for table in _tables(result, len(names), result.cancel):
        held = {
            name: part.to_pylist()
            for name, part in zip(names, table.columns, strict=True)
            if not (pa.types.is_temporal(part.type) or pa.types.is_nested(part.type))
        }
        rows += [dict(zip(held, row, strict=True)) for row in zip(*held.values(), strict=True)]
    return rows


def _tables(result: Result, width: int, cancel: Cancel) -> Iterator[pa.Table]:
    """The batches of a result in their order, each with so many columns."""
    tables = Download(
        result, lambda table: table, budget=_BUDGET, workers=2, cancel=cancel, ordered=True
    )
    for _, table in tables:
        if table.num_columns != width:
            raise IntegrityError(
                f"The result has {table.num_columns} columns instead of {width}.",
                "The table may have been altered meanwhile: run again.",
            )
        yield table
