"""The Arrow types of a column on its way: as read, and as delivered.

Types follow from what the table declares, never from the values of a batch: the wire narrows
integers chunk by chunk, so two batches of one column may arrive differently.
"""

from __future__ import annotations

import pyarrow as pa

from core.errors import IntegrityError
from core.plan import Plan, PlannedColumn, Role
from core.query import Field
from core.source import TIMESTAMPS, ColumnType

# Nanoseconds since the epoch: wide enough for years 1 to 9999.
NANOSECONDS = pa.decimal128(38, 0)
_PLAIN = {
    "REAL": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "BINARY": pa.binary(),
    "DATE": pa.date32(),
    "TIME": pa.int64(),
}
_HELPERS = {"blank": pa.bool_(), "bad": pa.string()}


def number_type(column: ColumnType) -> pa.DataType:
    """The exact type of a NUMBER: 64-bit integers where they fit, else 38-digit decimals."""
    return pa.int64() if column.fits_int64 else pa.decimal128(38, column.scale)


def is_nanosecond_key(column: PlannedColumn) -> bool:
    """Whether a column is a timestamp key that declares more digits than microseconds hold."""
    return column.role is Role.KEY and column.source.type.has_nanoseconds


def read_type(field: Field) -> pa.DataType:
    """The type that every batch of `field` is cast to."""
    if field.column is None:
        return _HELPERS[field.alias]
    kind = field.column.source.type
    if field.column.role is Role.MONTH:
        return pa.date32()
    if field.column.role is Role.SUM:
        return number_type(kind) if kind.kind == "FIXED" else pa.float64()
    if kind.kind == "FIXED":
        return number_type(kind)
    if kind.kind in TIMESTAMPS:
        return NANOSECONDS if is_nanosecond_key(field.column) else pa.timestamp("us", _zone(kind))
    return _PLAIN.get(kind.kind, pa.string())


def delivered_type(column: PlannedColumn, unit: str = "ns") -> pa.DataType:
    """The type of a delivered column.

    Args:
        column: the column.
        unit: of its timestamps, where the column declares nanoseconds (`ns` or `us`).
    """
    kind = column.source.type
    if column.role is Role.MONTH:
        return pa.date32()
    if column.role is Role.SUM:
        return pa.decimal128(38, kind.scale) if kind.kind == "FIXED" else pa.float64()
    if kind.kind == "FIXED":
        return number_type(kind)
    if kind.kind == "TIME":
        return pa.time64("ns" if (kind.scale or 0) > 6 else "us")
    if kind.kind in TIMESTAMPS:
        return pa.timestamp(unit if is_nanosecond_key(column) else "us", _zone(kind))
    return _PLAIN.get(kind.kind, pa.string())


def delivered_schema(plan: Plan, units: dict[str, str]) -> pa.Schema:
    """The schema of the file: the table's names in the table's order."""
    return pa.schema([(c.name, delivered_type(c, units.get(c.name, "ns"))) for c in plan.delivered])


def cast_column(values: pa.ChunkedArray, target: pa.DataType) -> pa.ChunkedArray:
    """`values` in their declared type; a value that does not fit is an error.

    Raises:
        IntegrityError: the warehouse sent another type than the table declares.
    """
    if values.type == target:
        return values
    try:
        return values.cast(target)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise IntegrityError(
            f"The warehouse sent {values.type} where the table declares {target}.",
            "The table may have been altered during the run: run again.",
        ) from error


def _zone(kind: ColumnType) -> str | None:
    return None if kind.kind == "TIMESTAMP_NTZ" else "UTC"
