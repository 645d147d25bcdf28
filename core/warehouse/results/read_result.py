"""Read a whole result that fits into memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from core.errors import IntegrityError, SourceDataError
from core.query import Statement
from core.runtime.cancel import Cancel
from core.warehouse.results.download import Download
from core.warehouse.statement import Result, run

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

_BUDGET = 32 * 1024 * 1024  # bytes of batches in flight


def read_columns(
    connection: SnowflakeConnection,
    statement: Statement,
    cancel: Cancel,
    *,
    short: bool = False,
) -> list[list[object]]:
    """Run `statement` and return the values of each selected column, in order; None is NULL.

    The arguments are those of `core.warehouse.statement.run`.

    Raises:
        CancelledError: `cancel` was set; the statement was aborted.
        TransferError: it failed, or a value cannot be represented; the class gives the reason.
    """
    return read_result(run(connection, statement, cancel, short=short), statement, cancel)


def read_result(result: Result, statement: Statement, cancel: Cancel) -> list[list[object]]:
    """Return the values of each column of a finished statement, as `read_columns` does."""
    columns: list[list[object]] = [[] for _ in statement.fields]
    for table in _read_tables(result, len(columns), cancel):
        for values, part in zip(columns, table.columns, strict=True):
            try:
                values.extend(part.to_pylist())
            except (OverflowError, ValueError) as error:  # Python's dates end at these years
                raise SourceDataError(
                    "A date lies outside the years 1 to 9999.", "Check the dates in the table."
                ) from error
    return columns


def read_rows(result: Result, *needed: str) -> list[dict[str, Any]]:
    """Return the rows of a small answer (SHOW, DESCRIBE) as dicts with lower-case names.

    Columns of times and structures are left out: they are not needed, and some of their values
    cannot be represented in Python.

    Args:
        result: the finished statement.
        needed: names of columns that must be present with text values.

    Raises:
        IntegrityError: a needed column is absent or holds other values.
        CancelledError: the statement's `cancel` was set.
        TransferError: the rows cannot be read; the class gives the reason.
    """
    names = [column.name.lower() for column in result.cursor.description or ()]
    rows = _read_named(result, names)
    for name in needed:
        if name not in names or not all(isinstance(row.get(name), str) for row in rows):
            raise IntegrityError(
                f"Snowflake's answer lacks {name!r} (query {result.query_id}).", "Run again."
            )
    return rows


def _read_named(result: Result, names: list[str]) -> list[dict[str, Any]]:
    result.batches.count()
    rows: list[dict[str, Any]] = []
    for table in _read_tables(result, len(names), result.cancel):
        held = {
            name: part.to_pylist()
            for name, part in zip(names, table.columns, strict=True)
            if not (pa.types.is_temporal(part.type) or pa.types.is_nested(part.type))
        }
        rows += [dict(zip(held, row, strict=True)) for row in zip(*held.values(), strict=True)]
    return rows


def _read_tables(result: Result, width: int, cancel: Cancel) -> Iterator[pa.Table]:
    """Yield the batches of a result in their order; check that each has `width` columns."""
    tables = Download(
        result, lambda table: table, budget=_BUDGET, workers=2, cancel=cancel, ordered=True
    )
    for _, table in tables:
        if table.num_columns != width:
            raise IntegrityError(
                f"The result has {table.num_columns} columns instead of {width}.",
                "The table may have been altered during the run: run again.",
            )
        yield table
