"""The Arrow types of a column: as read, and as delivered.

Types depend on the declaration of the table, never on the values of a batch: Snowflake narrows the
integers of each batch separately, so two batches of one column can have different types.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pyarrow as pa

from core.errors import IntegrityError, SourceDataError
from core.planning.delivered import Kind, describe_type
from core.planning.plan import Plan, PlannedColumn, Role
from core.planning.source import TIMESTAMPS, ColumnType
from core.query import Field
from core.remedy import Advice, Remedy
from core.request.options.values import TimestampUnit

# Nanoseconds since the epoch: wide enough for years 1 to 9999.
NANOSECONDS = pa.decimal128(38, 0)
_PLAIN = {
    "REAL": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "BINARY": pa.binary(),
    "DATE": pa.date32(),
    "TIME": pa.int64(),
}
_DELIVERED = {
    Kind.DATE: pa.date32(),
    Kind.INTEGER: pa.int64(),
    Kind.FLOAT: pa.float64(),
    Kind.TEXT: pa.string(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.BINARY: pa.binary(),
}
_UNITS = {6: "us", 9: "ns"}
_HELPERS = {"blank": pa.bool_(), "bad": pa.string()}
# Columns that `query.select_groups` adds; its other additional columns are integer counts.
_GROUP_HELPERS = {"total": pa.bool_(), "magnitude": pa.float64()}


def number_type(column: ColumnType) -> pa.DataType:
    """Return the exact type of a NUMBER: 64-bit integers if they fit, else 38-digit decimals."""
    return pa.int64() if column.fits_int64 else pa.decimal128(38, column.scale)


def is_nanosecond_key(column: PlannedColumn) -> bool:
    """Whether a column is a time or timestamp key with more digits than microseconds have."""
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


def delivered_type(column: PlannedColumn, unit: TimestampUnit = "us") -> pa.DataType:
    """Return the type of a delivered column.

    Args:
        column: the column.
        unit: the unit of the plan; `ns` is that of keys that declare nanoseconds only.
    """
    kind = describe_type(column, unit)
    match kind.kind:
        case Kind.DECIMAL:
            return pa.decimal128(kind.precision, kind.scale)
        case Kind.TIME:
            return pa.time64(_UNITS[kind.scale])
        case Kind.TIMESTAMP:
            return pa.timestamp(_UNITS[kind.scale])
        case Kind.INSTANT:
            return pa.timestamp(_UNITS[kind.scale], "UTC")
        case _:
            return _DELIVERED[kind.kind]


def delivered_schema(plan: Plan) -> pa.Schema:
    """Return the schema of the file: the delivered columns in the table's order."""
    unit = plan.timestamp_unit
    return pa.schema([(c.delivered_name, delivered_type(c, unit)) for c in plan.delivered])


def check_units(
    unit: TimestampUnit, fields: Iterable[Field], is_unfit: Callable[[str], bool]
) -> None:
    """Refuse a result with a key that the unit of the plan cannot hold.

    Args:
        unit: the unit.
        fields: the columns of the result.
        is_unfit: takes the alias of a key; returns whether it has such a value.

    Raises:
        SourceDataError: there is one.
    """
    for field in fields:
        if field.column is None or not is_nanosecond_key(field.column):
            continue
        if is_unfit(field.alias):
            raise _refuse_unit(unit, field.column.name)


def _refuse_unit(unit: TimestampUnit, name: str) -> SourceDataError:
    otherwise = Advice(
        "; or leave the column out: ",
        Remedy("drop_columns", name),
        "; or round it in a view.",
    )
    if unit == "us":
        return SourceDataError(
            f"Column {name} has values with fractions of a microsecond, and times are delivered in "
            "microseconds.",
            Advice("Deliver nanoseconds: ", Remedy("timestamp_unit", "ns"), otherwise),
        )
    return SourceDataError(
        f"Column {name} has years outside 1677-2262, which timestamps in nanoseconds cannot hold.",
        Advice("Deliver microseconds: ", Remedy("timestamp_unit", "us"), otherwise),
    )


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
