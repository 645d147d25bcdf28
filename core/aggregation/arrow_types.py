"""The Arrow types of a column: as read, and as delivered.

Types depend on the declaration of the table, never on the values of a batch: Snowflake narrows the
integers of each batch separately, so two batches of one column can have different types.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pyarrow as pa

from core.errors import IntegrityError, SourceDataError
from core.planning.plan import Plan, PlannedColumn, Role
from core.planning.source import TIMESTAMPS, ColumnType
from core.query import Field
from core.remedy import Advice, Remedy

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
# Columns that `query.select_groups` adds; its other additional columns are integer counts.
_GROUP_HELPERS = {"total": pa.bool_(), "magnitude": pa.float64()}


def number_type(column: ColumnType) -> pa.DataType:
    """Return the exact type of a NUMBER: 64-bit integers if they fit, else 38-digit decimals."""
    return pa.int64() if column.fits_int64 else pa.decimal128(38, column.scale)


def is_nanosecond_key(column: PlannedColumn) -> bool:
    """Whether a column is a timestamp key with more fractional digits than microseconds have."""
    return column.role is Role.KEY and column.source.type.has_nanoseconds


def read_type(field: Field) -> pa.DataType:
    """Return the type that every batch of `field` is cast to."""
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


def group_type(field: Field) -> pa.DataType:
    """Return the type that every batch of a field of `query.select_groups` is cast to."""
    if field.column is None:
        if field.alias.startswith("total_"):
            return pa.float64()
        return _GROUP_HELPERS.get(field.alias.partition("_")[0], pa.int64())
    return delivered_type(field.column) if field.is_sum else read_type(field)


def delivered_type(column: PlannedColumn, unit: str = "ns") -> pa.DataType:
    """Return the type of a delivered column.

    Args:
        column: the column.
        unit: the unit of its timestamps if the column declares nanoseconds: `ns` or `us`.
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
    """Return the schema of the file: the delivered columns in the table's order.

    Args:
        plan: the plan.
        units: the result of `timestamp_units`.
    """
    return pa.schema([(c.name, delivered_type(c, units.get(c.name, "ns"))) for c in plan.delivered])


def timestamp_units(
    fields: Iterable[Field], far: Callable[[str], bool], fine: Callable[[str], bool]
) -> dict[str, str]:
    """Return the columns whose nanosecond timestamps must be delivered in microseconds.

    A column keeps nanoseconds unless a value is beyond 64 bits of them (1677-2262).

    Args:
        fields: the columns of a result.
        far: takes an alias; returns whether that column has a value beyond 64 bits.
        fine: takes an alias; returns whether that column has a fraction of a microsecond.

    Returns:
        The unit `us` by column name.

    Raises:
        SourceDataError: such a column also has fractions of a microsecond.
    """
    units: dict[str, str] = {}
    for field in fields:
        if field.column is None or not is_nanosecond_key(field.column) or not far(field.alias):
            continue
        name = field.column.name
        if fine(field.alias):
            raise SourceDataError(
                f"No file format holds the timestamps of {name}: some are outside 1677-2262, "
                "others have nanoseconds.",
                Advice(
                    "Leave it out: ",
                    Remedy("drop_columns"),
                    f"; or cast {name} to TIMESTAMP(6) in a view.",
                ),
            )
        units[name] = "us"
    return units


def cast_columns(
    fields: tuple[Field, ...], table: pa.Table, type_of: Callable[[Field], pa.DataType]
) -> dict[str, pa.ChunkedArray]:
    """Return the columns of a batch by alias, each cast to its declared type.

    Args:
        fields: the columns of the statement.
        table: the batch.
        type_of: returns the declared type of a field.

    Raises:
        IntegrityError: the batch has other columns or types than the statement selects.
    """
    if table.num_columns != len(fields):
        raise IntegrityError(
            f"The result has {table.num_columns} columns instead of {len(fields)}.",
            "The table may have been altered during the run: run again.",
        )
    pairs = zip(fields, table.columns, strict=True)
    return {field.alias: cast_column(values, type_of(field)) for field, values in pairs}


def cast_column(values: pa.ChunkedArray, target: pa.DataType) -> pa.ChunkedArray:
    """Return `values` cast to their declared type.

    Raises:
        IntegrityError: a value does not fit, or Snowflake sent another type than declared.
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
