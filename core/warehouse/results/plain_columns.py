"""Columns of a batch that need no conversion: those whose Arrow type is the one that is delivered.

The connector's converter copies every column, also one that it does not change; that takes as long
as all other decoding. It is needed for times, timestamps, decimals and structures.

The metadata of a field state its type at Snowflake, as in the streams that others recorded
(`tests/warehouse/results/test_recorded_arrow.py`): `logicalType`, and for FIXED `scale`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import pyarrow as pa

_DIGITS: Final = 38
_PLAIN: Final[Mapping[bytes, Callable[[pa.DataType], bool]]] = {
    b"BOOLEAN": pa.types.is_boolean,
    b"DATE": pa.types.is_date32,
    b"REAL": pa.types.is_float64,
    b"TEXT": pa.types.is_string,
}


def convert_columns(table: pa.Table, convert: Callable[[pa.Table], pa.Table]) -> pa.Table:
    """Return the columns of a decoded stream with the types of the connector's `to_arrow`.

    Args:
        table: the decoded stream.
        convert: the connector's converter; it is called for the columns that need it, if any.
    """
    columns = [_convert_plain(*pair) for pair in zip(table.schema, table.columns, strict=True)]
    others = [n for n, column in enumerate(columns) if column is None]
    if others:
        for n, column in zip(others, convert(table.select(others)).columns, strict=True):
            columns[n] = column
    return pa.table(columns, names=table.column_names)


def _convert_plain(field: pa.Field, values: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Return the values as the connector would convert them; None if it has to."""
    metadata = field.metadata or {}
    logical = metadata.get(b"logicalType", b"")
    if logical == b"FIXED" and pa.types.is_signed_integer(field.type):
        return _with_scale(values, metadata.get(b"scale", b""))
    is_plain = _PLAIN.get(logical)
    return values if is_plain is not None and is_plain(field.type) else None


def _with_scale(values: pa.ChunkedArray, scale: bytes) -> pa.ChunkedArray | None:
    """Return integers that count units of 10^-scale as decimals; as they are if the scale is 0."""
    if scale == b"0":
        return values
    if not (scale.isdigit() and 0 < int(scale) <= _DIGITS):
        return None
    target = pa.decimal128(_DIGITS, int(scale))
    whole = values.cast(pa.decimal128(_DIGITS, 0))
    # The same 128-bit integers, under a type with another scale.
    chunks = (
        pa.Array.from_buffers(target, len(chunk), chunk.buffers(), offset=chunk.offset)
        for chunk in whole.chunks
    )
    return pa.chunked_array(list(chunks), target)
