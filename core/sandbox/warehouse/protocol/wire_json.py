"""Rows as Snowflake's JSON result format: every value a string, NULL is null.

Snowflake answers SHOW, DESCRIBE, DDL and DML so, and SELECT when a session asks for it.
A chunk is the rows separated by `,` and a line feed, without the outer brackets.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from decimal import ROUND_FLOOR, Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from core.sandbox.warehouse import json_text
from core.sandbox.warehouse.model import Column
from core.sandbox.warehouse.protocol.wire import UNIT_DIGITS, UTC_OFFSET


def encode(columns: Sequence[Column], table: pa.Table) -> bytes:
    """Encode the rows of `table` (typed as `model.Answer` says), one JSON array a line."""
    texts = [_texts(column, values) for column, values in zip(columns, table.columns, strict=True)]
    rows = zip(*texts, strict=True)
    return ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows).encode()


def decode(columns: Sequence[Column], data: bytes, schema: pa.Schema) -> pa.RecordBatch:
    """Decode the rows of `encode`, typed as `schema` says: the Arrow types of `SqlType.arrow`."""
    rows = json.loads(b"[" + data + b"]")
    arrays = [
        pa.array([None if row[i] is None else _parse(column, row[i]) for row in rows], field.type)
        for i, (column, field) in enumerate(zip(columns, schema, strict=True))
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _parse(column: Column, text: str) -> object:
    if column.type == "TIME" or column.type.startswith("TIMESTAMP"):
        seconds, _, zone = text.partition(" ")
        nanos = int(Decimal(seconds).scaleb(9))
        if column.type == "TIME":
            return nanos
        if column.type != "TIMESTAMP_TZ" and (9 if column.scale is None else column.scale) <= 6:
            return nanos // 1000
        parts = {"t": nanos // 1000, "n": nanos % 1000}
        return parts | {"o": int(zone) - UTC_OFFSET} if zone else parts
    return _PARSERS[column.type](text) if column.type in _PARSERS else text


def _texts(column: Column, values: pa.ChunkedArray) -> list[str | None]:
    if column.type == "TIMESTAMP_TZ":
        instants = _seconds(pc.struct_field(values, "instant"), column)
        offsets = pc.struct_field(values, "offset").to_pylist()
        return [
            None if instant is None else f"{instant} {offset + UTC_OFFSET}"
            for instant, offset in zip(instants, offsets, strict=True)
        ]
    if column.type in {"TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIME"}:
        return _seconds(values, column)
    if column.type == "DATE":
        values = values.cast(pa.date32()).cast(pa.int32())
    convert: Callable[[Any], str] = _CONVERTERS.get(column.type, str)
    return [None if value is None else convert(value) for value in values.to_pylist()]


def _seconds(values: pa.ChunkedArray, column: Column) -> list[str | None]:
    """Format seconds since the epoch (or midnight), with as many digits as the column has."""
    if pa.types.is_struct(values.type):  # microseconds and nanoseconds apart
        digits, parts = 9, values.combine_chunks()
        micros, rest = (pc.struct_field(parts, name).cast(pa.int64()) for name in "tn")
        pairs = zip(micros.to_pylist(), rest.to_pylist(), strict=True)
        ticks = [None if micro is None else micro * 1000 + left for micro, left in pairs]
    else:
        digits, ticks = UNIT_DIGITS[values.type.unit], values.cast(pa.int64()).to_pylist()
    places = Decimal(1).scaleb(-(9 if column.scale is None else column.scale))
    return [
        None if tick is None else f"{Decimal(tick).scaleb(-digits).quantize(places, ROUND_FLOOR):f}"
        for tick in ticks
    ]


def _real(value: float) -> str:
    return "NaN" if math.isnan(value) else repr(value)


_PARSERS: dict[str, Callable[[str], object]] = {
    "BOOLEAN": lambda text: text == "1",
    "BINARY": bytes.fromhex,
    "REAL": float,
    "FIXED": Decimal,
    "DATE": lambda text: int(text),
    **dict.fromkeys(("VARIANT", "OBJECT", "ARRAY"), json_text.compact),
}
_CONVERTERS: dict[str, Callable[[Any], str]] = {
    "BOOLEAN": lambda value: "1" if value else "0",
    "BINARY": lambda value: value.hex().upper(),
    "REAL": _real,
    **dict.fromkeys(("VARIANT", "OBJECT", "ARRAY"), json_text.pretty),
    "FIXED": lambda value: f"{value:f}" if isinstance(value, Decimal) else str(value),
}
