"""What Snowflake cannot unload as the other engines deliver it: refused before anything starts.

Sources: docs.snowflake.com, "COPY INTO <location>", usage notes ("unloading TIMESTAMP_TZ or
TIMESTAMP_LTZ data produces an error" for parquet) and "Data unloading considerations"
("floating-point number columns ... truncated to approximately (15,9)" for csv and json). For TIME
and BINARY no type in parquet is documented; TIMESTAMP_NTZ is reported to become milliseconds that
are marked as UTC, where the other engines deliver microseconds without a zone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from core.errors import SourceDataError, TransferError, UsageError
from core.output import Format
from core.planning.plan import Plan, PlannedColumn, Role
from core.planning.source import TIMESTAMPS
from core.remedy import Advice, Remedy, listed_remedies

_OTHERS: Final = Advice(
    "Choose another engine: ",
    listed_remedies([Remedy("engine", "pushdown"), Remedy("engine", "stream")]),
)


def find_limit(plan: Plan, format: Format) -> TransferError | None:  # noqa: A002 - the users' word
    """Why the delivery of a plan could not be what the other engines deliver; None if it can.

    Returns:
        A `UsageError` where Snowflake does not write the format; a `SourceDataError` that names the
        column which it does not write as the other engines do.
    """
    if format is Format.JSON:
        return UsageError(
            "Engine unload cannot write a json array.",
            Advice(_OTHERS, "; or one record a line: ", Remedy("format", "ndjson"), "."),
        )
    for column in plan.delivered:
        for why in _obstacles(column, format):
            return SourceDataError(
                f"Engine unload cannot deliver column {column.name} "
                f"({column.source.type.text}) as {format}: {why}.",
                Advice(
                    _OTHERS,
                    "; or try another format: ",
                    Remedy("format"),
                    "; or leave the column out: ",
                    Remedy("drop_columns"),
                    ".",
                ),
            )
    return None


def _obstacles(column: PlannedColumn, format: Format) -> Iterator[str]:  # noqa: A002
    kind, digits = column.source.type.kind, column.source.type.scale or 0
    parquet = format is Format.PARQUET
    if format is Format.CSV and '"' in column.name:
        yield "its name has a quotation mark"
    if column.role is Role.MONTH:
        return
    if kind in ("REAL", "DECFLOAT") and not parquet:
        yield "Snowflake cuts floats to about 15 digits in text files"
    if column.role is not Role.KEY:
        return
    if (kind == "TIME" or kind in TIMESTAMPS) and digits > 6:
        yield "Snowflake does not unload nanoseconds"
    if parquet and kind in ("TIMESTAMP_TZ", "TIMESTAMP_LTZ"):
        yield "Snowflake unloads no time zones to parquet"
    if parquet and kind == "TIMESTAMP_NTZ":
        yield "Snowflake cuts timestamps in parquet to milliseconds, in UTC"
    if parquet and kind in ("TIME", "BINARY"):
        yield "how Snowflake unloads this type to parquet is not documented"
