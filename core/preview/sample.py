"""Read a few thousand rows of a source, for planning and for display."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from core import query
from core.planning.plan import Sample
from core.planning.source import Source, SourceColumn
from core.runtime.cancel import Cancel
from core.warehouse.results.read_result import read_columns
from core.warehouse.sampling import read_some

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection


def take_sample(
    connection: SnowflakeConnection,
    source: Source,
    cancel: Cancel,
    columns: tuple[SourceColumn, ...] | None = None,
) -> Sample:
    """Read the sample of `query.select_sample`.

    Args:
        connection: an open session.
        source: the table or view.
        cancel: stops the statement.
        columns: the columns to read; None for those that planning needs.

    Returns:
        The values by column name: numbers, and text for everything else; None for NULL. Empty
        for a table without any such column.
    """
    chosen = query.pick_sample_columns(source) if columns is None else columns
    if not chosen:
        return {}

    def read(beginning: bool) -> list[list[object]]:
        statement = query.select_sample(source, chosen, beginning=beginning)
        return read_columns(connection, statement, cancel, short=not source.is_view)

    values = read_some(source, read, is_empty=lambda columns: not columns[0])
    return {column.name: each for column, each in zip(chosen, values, strict=True)}


def find_blank_rows(source: Source, sample: Sample) -> frozenset[int]:
    """Return the positions of the fully blank rows of a sample of all columns of a source."""
    rows: Iterable[int] = range(max(map(len, sample.values()), default=0))
    for column in source.columns:
        values, kind = sample[column.name], column.type.kind
        rows = [row for row in rows if _is_blank(kind, values[row])]
    return frozenset(rows)


def _is_blank(kind: str, value: object) -> bool:
    if isinstance(value, str):
        # The JSON null of a VARIANT counts as NULL; the text is "null" in quotation marks.
        if kind == "VARIANT":
            return value == "null"
        return kind == "TEXT" and not value.strip(query.WHITE_SPACE)
    return value is None
