"""Formats and types that Snowflake unloads differently from the other engines.

A request for one of them is refused before anything starts.

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
from core.remedy import Advice, Remedy, join_remedies
from core.request.options.values import TimestampUnit
from core.request.request import Request

_OTHERS: Final = Advice(
    "Choose another engine: ",
    join_remedies([Remedy("engine", "pushdown"), Remedy("engine", "stream")]),
)


# What COPY INTO has no clause for (docs.snowflake.com, "COPY INTO <location>"): of the encryptions
# it knows AWS_SSE_S3 and AWS_SSE_KMS.
_UNSUPPORTED: Final = (
    *("acl", "storage_class", "tags", "metadata", "request_payer", "split_by", "encrypt_to"),
)
# With a text for NULL, Snowflake would enclose it like any other; it has no clause for the others.
_CSV_UNSUPPORTED: Final = ("csv_null", "csv_bom", "csv_decimal_comma")


def find_unsupported(request: Request) -> TransferError | None:
    """Return why Snowflake cannot write the object as the request demands; None if it can."""
    given = [Remedy(name) for name in _UNSUPPORTED if getattr(request, name)]
    if request.sse == "aws:kms:dsse":
        given.append(Remedy("sse", "aws:kms:dsse"))
    if not given:
        return _find_unsupported_text(request)
    return UsageError(
        Advice("Engine unload cannot write an object with ", join_remedies(given, "and"), "."),
        Advice(_OTHERS, ", whose files are written from this machine."),
    )


def _find_unsupported_text(request: Request) -> TransferError | None:
    given = [Remedy(name) for name in _CSV_UNSUPPORTED if getattr(request, name)]
    if Format(request.format) is not Format.CSV or not given:
        return None
    return UsageError(
        Advice("Engine unload cannot write csv with ", join_remedies(given, "and"), "."),
        Advice(_OTHERS, "."),
    )


def find_limit(plan: Plan, format: Format) -> TransferError | None:  # noqa: A002 - the users' word
    """Return why Snowflake cannot deliver a plan as the other engines do.

    Returns:
        A `UsageError` if Snowflake does not write the format; a `SourceDataError` that names a
        column whose values it writes differently; None if the delivery would be the same.
    """
    if format is Format.JSON:
        return UsageError(
            "Engine unload cannot write a json array.",
            Advice(_OTHERS, "; or one record a line: ", Remedy("format", "ndjson"), "."),
        )
    if format is Format.XLSX:
        return UsageError("Engine unload cannot write xlsx.", Advice(_OTHERS, "."))
    for column in plan.delivered:
        for why in _find_obstacles(column, format, plan.timestamp_unit):
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


def _find_obstacles(
    column: PlannedColumn,
    format: Format,  # noqa: A002
    unit: TimestampUnit,
) -> Iterator[str]:
    kind = column.source.type.kind
    parquet = format is Format.PARQUET
    if format is Format.CSV and '"' in column.delivered_name:
        yield "its name contains a quotation mark"
    if column.role is Role.MONTH:
        return
    if kind in ("REAL", "DECFLOAT") and not parquet:
        yield "Snowflake truncates floats to about 15 digits in text files"
    if column.role is not Role.KEY:
        return
    if unit == "ns" and column.source.type.has_nanoseconds:
        yield "Snowflake does not unload nanoseconds"
    if parquet and kind in ("TIMESTAMP_TZ", "TIMESTAMP_LTZ"):
        yield "Snowflake unloads no time zones to parquet"
    if parquet and kind == "TIMESTAMP_NTZ":
        yield "Snowflake truncates timestamps in parquet to milliseconds, in UTC"
    if parquet and kind in ("TIME", "BINARY"):
        yield "how Snowflake unloads this type to parquet is not documented"
