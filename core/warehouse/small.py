"""A result that fits into memory, whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import IntegrityError, SourceDataError
from core.query import Statement
from core.warehouse.batches import Download
from core.warehouse.statement import Cancel, Result, run

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
    tables = Download(result, lambda table: table, budget=_BUDGET, workers=2, cancel=cancel)
    for _, table in sorted(tables, key=lambda each: each[0]):
        if table.num_columns != len(columns):
            raise IntegrityError(
                f"The result has {table.num_columns} columns instead of {len(columns)}.",
                "The table may have been altered meanwhile: run again.",
            )
        for values, part in zip(columns, table.columns, strict=True):
            try:
                values.extend(part.to_pylist())
            except (OverflowError, ValueError) as error:  # Python's dates are of years 1 to 9999
                raise SourceDataError(
                    "A date lies outside the years 1 to 9999.", "Look at the dates of the table."
                ) from error
    return columns
