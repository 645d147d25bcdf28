"""An answer's columns and rows in the form in which Snowflake sends them: `rowtype` and Arrow.

The physical types and field metadata are those that Snowflake's own clients decode (nanoarrow
`ArrowTableConverter.cpp` and `sf_core/src/chunks` of the drivers repository): FIXED is a scaled
integer of the narrowest width that holds the chunk, TIME and TIMESTAMP count in units of their
scale, timestamps that would overflow 64 bits are sent as structs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from core.sandbox.warehouse import json_text
from core.sandbox.warehouse.model import Column, Failure

TEXT_BYTES = 16_777_216  # the longest VARCHAR, in bytes
BINARY_BYTES = 8_388_608
BATCH_ROWS = 1_234  # recorded: 600 to 1,700 rows a record batch, several a chunk
MAX_DIGITS = 38
MAX_UTF8 = 4  # bytes a character

WIDE_TIMESTAMP = 7  # up to this scale every year to 9999 fits 64 bits
WIDE_ZONED = 3  # TIMESTAMP_TZ carries its fraction apart above this scale
NARROW_TIME = 4  # up to this scale a day fits 32 bits
UTC_OFFSET = 1440  # TIMESTAMP_TZ counts its offset in minutes from -24:00
UNIT_DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}

_INTEGERS = ((1, pa.int8()), (2, pa.int16()), (4, pa.int32()), (8, pa.int64()))
_JSON_TYPES = {"VARIANT", "OBJECT", "ARRAY"}


def rowtype(columns: Sequence[Column]) -> list[dict[str, Any]]:
    """Return the `rowtype` of a query response (types in lower case, all fields given)."""
    return [
        {
            "name": column.name,
            "database": "",
            "schema": "",
            "table": "",
            "type": column.type.lower(),
            "precision": _precision(column),
            "scale": column.scale,
            "length": _lengths(column)[0],
            "byteLength": _lengths(column)[1],
            "nullable": column.nullable,
            "collation": column.collation or None,
        }
        for column in columns
    ]


def encode(columns: Sequence[Column], table: pa.Table) -> bytes:
    """Encode the rows of `table` (typed as `model.Answer` says) as one Arrow IPC stream.

    Integer widths are chosen for these rows alone, as Snowflake does for every chunk. The stream
    has several record batches, as Snowflake's have; none if there are no rows.
    """
    fields: list[pa.Field] = []
    arrays: list[pa.Array] = []
    for column, chunked in zip(columns, table.columns, strict=True):
        array = _encode(column, _contiguous(chunked))
        if array.null_count and not column.nullable:
            raise Failure(603, "XX000", f"NULL in column {column.name}, which is never NULL")
        fields.append(_field(column, array.type))
        arrays.append(array.cast(fields[-1].type) if pa.types.is_struct(array.type) else array)
    batch = pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        for start in range(0, batch.num_rows, BATCH_ROWS):
            writer.write_batch(batch[start : start + BATCH_ROWS])
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def _contiguous(chunked: pa.ChunkedArray) -> pa.Array:
    combined = chunked.combine_chunks()
    if isinstance(combined, pa.ChunkedArray):  # no chunk at all, or one that had to be split
        return pa.concat_arrays(combined.chunks or [pa.array([], combined.type)])
    return combined


def _encode(column: Column, array: pa.Array) -> pa.Array:
    match column.type:
        case "FIXED":
            return _fixed(column, array)
        case "TIME":
            ticks = _rescale(array.cast(pa.time64("ns")).view(pa.int64()), 9, _scale(column))
            return ticks.cast(pa.int32() if _scale(column) <= NARROW_TIME else pa.int64())
        case "TIMESTAMP_NTZ" | "TIMESTAMP_LTZ":
            return _timestamp(array, _scale(column))
        case "TIMESTAMP_TZ":
            return _zoned_timestamp(array, _scale(column))
        case "REAL":
            return array.cast(pa.float64())
        case "BOOLEAN":
            return array.cast(pa.bool_())
        case "DATE":
            return array.cast(pa.date32())
        case "BINARY":
            return array.cast(pa.binary())
        case "VARIANT" | "OBJECT" | "ARRAY":
            return json_text.change(array, json_text.pretty)
        case _:
            return array.cast(pa.string())


def _fixed(column: Column, array: pa.Array) -> pa.Array:
    """Convert numbers to scaled integers of the narrowest width that holds them, or decimal128.

    Computed numbers are not narrower than int64 (recorded: COUNT, SUM).
    """
    precision, scale = _precision(column) or MAX_DIGITS, column.scale or 0
    whole = array
    if pa.types.is_decimal(array.type):
        # The same 128-bit integers, seen without their scale.
        whole = array.cast(pa.decimal128(38, scale)).view(pa.decimal128(38, 0))
    elif pa.types.is_null(array.type):
        whole = array.cast(pa.int8())
    bounds = pc.min_max(whole)
    least, most = int(bounds["min"].as_py() or 0), int(bounds["max"].as_py() or 0)
    for width, integer in _INTEGERS if column.narrow else _INTEGERS[-1:]:
        limit = 1 << (8 * width - 1)
        if -limit <= least and most < limit:
            return whole.cast(integer)
    # Of the column's own precision (recorded: decimal128(33, 3)).
    return whole.cast(pa.decimal128(MAX_DIGITS, 0)).view(pa.decimal128(precision, scale))


def _timestamp(array: pa.Array, scale: int) -> pa.Array:
    if scale > WIDE_TIMESTAMP:
        seconds, nanoseconds = _seconds(array, scale)
        return _struct({"epoch": seconds, "fraction": nanoseconds}, array)
    ticks, digits, rest = _ticks(array)
    rescaled = _rescale(ticks, digits, scale)
    if rest is None or scale <= digits:
        return rescaled
    return pc.add_checked(rescaled, floor_divide(rest, 10 ** (9 - scale)))


def _zoned_timestamp(array: pa.Array, scale: int) -> pa.Array:
    if pa.types.is_null(array.type):
        array = array.cast(pa.struct({"instant": pa.timestamp("us"), "offset": pa.int32()}))
    instant = pc.struct_field(array, "instant")
    zone = pc.add(pc.struct_field(array, "offset").cast(pa.int32()), pa.scalar(UTC_OFFSET, "int32"))
    if scale <= WIDE_ZONED:
        return _struct({"epoch": _timestamp(instant, scale), "timezone": zone}, array)
    seconds, nanoseconds = _seconds(instant, scale)
    return _struct({"epoch": seconds, "fraction": nanoseconds, "timezone": zone}, array)


def _struct(children: dict[str, pa.Array], source: pa.Array) -> pa.Array:
    fields = [pa.field(name, child.type, nullable=True) for name, child in children.items()]
    return pa.StructArray.from_arrays(
        list(children.values()), fields=fields, mask=source.is_null() if source.null_count else None
    )


def _ticks(array: pa.Array) -> tuple[pa.Array, int, pa.Array | None]:
    """Return the integers of a timestamp array, their unit, and the nanoseconds beyond them.

    The unit is a number of digits of a second. The nanoseconds are None unless they are in a field
    of their own.
    """
    rest = None
    if pa.types.is_struct(array.type):
        rest = pc.struct_field(array, "n").cast(pa.int64())
        array = pc.struct_field(array, "t")
    elif pa.types.is_null(array.type):
        array = array.cast(pa.timestamp("us"))
    return array.view(pa.int64()), UNIT_DIGITS[array.type.unit], rest


def _rescale(ticks: pa.Array, digits: int, scale: int) -> pa.Array:
    """Convert ticks of 10**-digits seconds to 10**-scale seconds, rounded towards the past."""
    if scale >= digits:
        return pc.multiply_checked(ticks, 10 ** (scale - digits))
    return floor_divide(ticks, 10 ** (digits - scale))


def _seconds(array: pa.Array, scale: int) -> tuple[pa.Array, pa.Array]:
    """Return whole seconds (rounded down) and the nanoseconds after them, to `scale` digits."""
    ticks, digits, beyond = _ticks(array)
    if scale < digits:
        ticks, digits = _rescale(ticks, digits, scale), scale
    per_second = 10**digits
    seconds = floor_divide(ticks, per_second)
    rest = pc.subtract(ticks, pc.multiply(seconds, per_second))
    nanoseconds = pc.multiply(rest, 10 ** (9 - digits))
    if beyond is not None and scale > digits:
        step = 10 ** (9 - scale)
        nanoseconds = pc.add(nanoseconds, pc.multiply(floor_divide(beyond, step), step))
    return seconds, nanoseconds.cast(pa.int32())


def floor_divide(values: pa.Array, divisor: int) -> pa.Array:
    """Divide integers, and round the quotients down, which is towards the past."""
    quotient = pc.divide(values, divisor)
    overshot = pc.greater(pc.multiply(quotient, divisor), values)
    return pc.subtract(quotient, overshot.cast(pa.int64()))


def _constant(column: Column, physical: pa.DataType) -> pa.Field:
    """Return the field of a constant, which the service layer makes, not a warehouse (recorded)."""
    metadata = {"logicalType": column.type}
    if column.type == "TEXT":
        characters, width = _lengths(column)
        metadata |= {"physicalType": "LOB", "charLength": str(characters), "byteLength": str(width)}
    else:
        kind = f"SB{_byte_width(column, physical)}"
        digits = {"precision": str(_precision(column)), "scale": str(column.scale or 0)}
        metadata |= {"physicalType": kind, **digits}
    return pa.field(column.name, physical, nullable=True, metadata=metadata)


def _field(column: Column, physical: pa.DataType) -> pa.Field:
    if column.constant and column.type in ("FIXED", "TEXT"):  # others are not recorded
        return _constant(column, physical)
    is_json = column.type in _JSON_TYPES  # the Arrow field has lengths, the rowtype none (recorded)
    characters, width = (TEXT_BYTES, TEXT_BYTES) if is_json else _lengths(column)
    metadata = {
        "logicalType": column.type,
        # Types without digits carry those of NUMBER, except times, whose precision is 0 (recorded).
        "precision": str(38 if (digits := _precision(column)) is None else digits),
        "scale": str(column.scale or 0),
        "charLength": str(characters or 0),
        "byteLength": str(_byte_width(column, physical) or width or 0),
        "finalType": "T",
    }
    if pa.types.is_struct(physical):  # a timestamp's parts repeat its metadata (recorded)
        physical = pa.struct([part.with_metadata(metadata) for part in physical])
    return pa.field(column.name, physical, nullable=column.nullable, metadata=metadata)


def _byte_width(column: Column, physical: pa.DataType) -> int:
    """Return bytes per value, by which clients distinguish the forms of TIMESTAMP_TZ (8, 16)."""
    if pa.types.is_struct(physical):
        return 8 if physical.num_fields == 2 and column.type == "TIMESTAMP_TZ" else 16
    if pa.types.is_primitive(physical):
        return max(int(physical.bit_width) // 8, 1)
    return 0


def _lengths(column: Column) -> tuple[int | None, int | None]:
    """Return the length in characters and in bytes; None for a type without a length."""
    match column.type:
        case "TEXT":
            characters = column.length or TEXT_BYTES
            return characters, min(characters * MAX_UTF8, TEXT_BYTES)
        case "BINARY":
            return column.length or BINARY_BYTES, column.length or BINARY_BYTES
        case _:
            return None, None


def _precision(column: Column) -> int | None:
    if column.type == "FIXED":
        return 38 if column.precision is None else column.precision
    return 0 if column.type.startswith("TIME") else None


def _scale(column: Column) -> int:
    return 9 if column.scale is None else column.scale
