"""A few thousand rows of a source, for detection to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import query
from core.plan import Sample
from core.source import Source
from core.warehouse.batches import Download
from core.warehouse.statement import Cancel, run

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

_BUDGET = 32 * 1024 * 1024  # bytes of batches in flight


def take_sample(connection: SnowflakeConnection, source: Source, cancel: Cancel) -> Sample:
    """Read the sample of `query.select_sample`.

    Returns:
        The values by column name: numbers, and text for everything else; None for NULL. Empty
        for a table without any column that detection looks at.
    """
    columns = query.sampled_columns(source)
    if not columns:
        return {}
    result = run(connection, query.select_sample(source, columns), cancel)
    values: dict[str, list[object]] = {column.name: [] for column in columns}
    tables = Download(result, lambda table: table, budget=_BUDGET, workers=2, cancel=cancel)
    for _, table in sorted(tables):
        for column, part in zip(columns, table.columns, strict=True):
            values[column.name].extend(part.to_pylist())
    return values
