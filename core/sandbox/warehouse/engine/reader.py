"""DuckDB's Arrow batches into the Arrow types that `Answer` promises."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from core.sandbox.warehouse.model import Column
from core.sandbox.warehouse.types import MAX_PRECISION, SqlType

BATCH_ROWS = 65_536
_INT64_DIGITS = 18


def select_list(types: Sequence[SqlType], alias: str) -> str:
    """Return the outermost select list; whole numbers are sent as BIGINT if they fit."""
    items = []
    for i, type_ in enumerate(types):
        value = f"{alias}.c{i}"
        if type_.name == "FIXED" and not type_.scale and type_.precision <= _INT64_DIGITS:
            value = f"CAST({value} AS BIGINT)"
        items.append(f"{value} AS c{i}")
    return ", ".join(items)


def shape(batch: pa.RecordBatch, types: Sequence[SqlType]) -> pa.RecordBatch:
    """Convert `batch` to the types of `Answer`, without a copy of its values except offsets."""
    arrays = [_shape(batch.column(i), type_) for i, type_ in enumerate(types)]
    return pa.RecordBatch.from_arrays(arrays, names=[f"c{i}" for i in range(len(arrays))])


def _shape(array: pa.Array, type_: SqlType) -> pa.Array:
    if type_.name == "FIXED" and pa.types.is_decimal(array.type):
        wide = pa.decimal128(MAX_PRECISION, type_.scale)  # the same 16 bytes, another label
        return pa.Array.from_buffers(wide, len(array), array.buffers(), -1, array.offset)
    if type_.name != "TIMESTAMP_TZ":
        return array
    t, n, o = (pc.struct_field(array, name) for name in "tno")
    missing = array.is_null()
    instant = pa.StructArray.from_arrays([t, n], names=["t", "n"], mask=missing)
    offset = o.cast(pa.int32())
    return pa.StructArray.from_arrays([instant, offset], names=["instant", "offset"], mask=missing)


def rows_batch(columns: Sequence[Column], rows: Sequence[Sequence[object]]) -> pa.RecordBatch:
    """Convert Python rows to one batch; timestamps are aware datetimes."""
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
