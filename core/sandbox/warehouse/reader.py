"""DuckDB's Arrow batches into the Arrow types that `Answer` promises."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from core.sandbox.warehouse.failures import invalid
from core.sandbox.warehouse.model import Column
from core.sandbox.warehouse.types import MAX_PRECISION, SqlType

BATCH_ROWS = 65_536
_INT64_DIGITS = 18
_NS_RANGE = (-(2**63) // 1000 + 1, (2**63 - 1) // 1000)  # microseconds that fit when counted in ns


def select_list(types: Sequence[SqlType], alias: str) -> str:
    """The outermost select list: whole numbers travel as BIGINT where they fit."""
    items = []
    for i, type_ in enumerate(types):
        value = f"{alias}.c{i}"
        if type_.name == "FIXED" and not type_.scale and type_.precision <= _INT64_DIGITS:
            value = f"CAST({value} AS BIGINT)"
        items.append(f"{value} AS c{i}")
    return ", ".join(items)


def shaped(batch: pa.RecordBatch, types: Sequence[SqlType]) -> Iterator[pa.RecordBatch]:
    """`batch` with the types of `Answer`; in pieces if no timestamp unit holds all of it."""
    if len(batch) > 1 and any(_spread(batch.column(i), t) for i, t in enumerate(types)):
        middle = len(batch) // 2
        yield from shaped(batch.slice(0, middle), types)
        yield from shaped(batch.slice(middle), types)
        return
    arrays = [_shape(batch.column(i), type_) for i, type_ in enumerate(types)]
    yield pa.RecordBatch.from_arrays(arrays, names=[f"c{i}" for i in range(len(arrays))])


def _shape(array: pa.Array, type_: SqlType) -> pa.Array:
    if type_.name == "FIXED" and pa.types.is_decimal(array.type):
        wide = pa.decimal128(MAX_PRECISION, type_.scale)  # the same 16 bytes, another label
        return pa.Array.from_buffers(wide, len(array), array.buffers(), -1, array.offset)
    if not type_.has_nanos:
        return array
    instant = _moment(array)
    if type_.name != "TIMESTAMP_TZ":
        return instant
    offset = pc.struct_field(array, "o").cast(pa.int32())
    return pa.StructArray.from_arrays(
        [instant, offset], names=["instant", "offset"], mask=array.is_null()
    )


def _spread(array: pa.Array, type_: SqlType) -> bool:
    """Whether nanoseconds occur beside years that do not fit when counted in them."""
    if not type_.has_nanos or not pc.any(pc.not_equal(pc.struct_field(array, "n"), 0)).as_py():
        return False
    micros = pc.struct_field(array, "t").cast(pa.int64())
    low, high = pc.min_max(micros).values()
    return bool(low.as_py() < _NS_RANGE[0] or high.as_py() > _NS_RANGE[1])


def _moment(array: pa.StructArray) -> pa.Array:
    """Microseconds where they are enough, else nanoseconds."""
    t, n = pc.struct_field(array, "t"), pc.struct_field(array, "n")
    if not pc.any(pc.not_equal(n, 0)).as_py():
        return t
    try:
        nanos = pc.add_checked(pc.multiply_checked(t.cast(pa.int64()), 1000), n.cast(pa.int64()))
    except pa.ArrowInvalid as error:
        raise invalid(
            "Timestamp beyond 1677-2262 with nanoseconds cannot be shipped", 100035, "22007"
        ) from error
    return nanos.cast(pa.timestamp("ns"))


def rows_batch(columns: Sequence[Column], rows: Sequence[Sequence[object]]) -> pa.RecordBatch:
    """Python rows as one batch; timestamps are aware datetimes."""
    kinds = {
        "TEXT": pa.string(),
        "FIXED": pa.int64(),
        "BOOLEAN": pa.bool_(),
        "TIMESTAMP_LTZ": pa.timestamp("us", tz="UTC"),
    }
    arrays = [
        pa.array([row[i] for row in rows], type=kinds[column.type])
        for i, column in enumerate(columns)
    ]
    return pa.RecordBatch.from_arrays(arrays, names=[f"c{i}" for i in range(len(arrays))])
