"""Delivered files as raw values, read by libraries that had no part in writing them."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pyarrow.types as pt

from tests.parity.tables import ns

_PER_UNIT = {"us": 1000, "ns": 1}


def read(
    data: bytes,
    form: str,
    wanted: Sequence[str],
    types: Sequence[pa.DataType],
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The column names, and the rows as raw values.

    Text files must write each value as its type in `types` does; parquet files must have that type.
    """
    if form == "parquet":
        return _parquet(data, types)
    if form == "csv":
        names, rows = _csv(data)
    else:
        text = data.decode()
        records = _load(text) if form == "json" else [_load(x) for x in text.split("\n")[:-1]]
        assert all(list(record) == list(wanted) for record in records)
        names, rows = list(wanted), [tuple(record.values()) for record in records]
    return names, [tuple(map(_value, row, types)) for row in rows]


def _parquet(data: bytes, types: Sequence[pa.DataType]) -> tuple[list[str], list[tuple[Any, ...]]]:
    table = pq.read_table(io.BytesIO(data))
    assert table.schema.types == list(types)
    columns: list[list[Any]] = []
    for kind, column in zip(types, table.columns, strict=True):
        if pt.is_time(kind) or pt.is_timestamp(kind):
            scale = _PER_UNIT[kind.unit]
            counts = column.cast(pa.int64()).to_pylist()
            columns.append([None if v is None else v * scale for v in counts])
        else:
            columns.append(column.to_pylist())
    return table.column_names, list(zip(*columns, strict=True))


def _csv(data: bytes) -> tuple[list[str], list[tuple[Any, ...]]]:
    """pyarrow's reader tells an empty text, which is quoted, from NULL."""
    header = pc.read_csv(io.BytesIO(data), pc.ReadOptions(autogenerate_column_names=True), _PARSE)
    names = [column[0].as_py() for column in header.columns]
    table = pc.read_csv(
        io.BytesIO(data),
        pc.ReadOptions(column_names=[f"c{n}" for n in range(len(names))], skip_rows=0),
        _PARSE,
        pc.ConvertOptions(
            column_types={f"c{n}": pa.string() for n in range(len(names))},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    rows = list(zip(*(column.to_pylist() for column in table.columns), strict=True))
    return [name or "" for name in names], rows[1:]


_PARSE = pc.ParseOptions(newlines_in_values=True, ignore_empty_lines=False)


class Bare(str):
    """A number of a JSON file, with its digits as they stand there."""

    __slots__ = ()


def _load(text: str) -> Any:
    return json.loads(text, parse_float=Bare, parse_int=Bare)


def _value(value: Any, kind: pa.DataType) -> Any:
    """A value of a text file as a raw one."""
    if value is None:
        return None
    if pt.is_boolean(kind):
        return value if isinstance(value, bool) else {"true": True, "false": False}[value]
    if pt.is_decimal(kind) or pt.is_integer(kind):
        scale = getattr(kind, "scale", 0)
        fraction = f"[.][0-9]{{{scale}}}" if scale else ""
        assert re.fullmatch(f"-?(0|[1-9][0-9]*){fraction}", value), value
        return Decimal(value)
    if pt.is_float64(kind):
        assert value in ("NaN", "Infinity", "-Infinity") or "n" not in value.lower(), value
        return float(value)
    if pt.is_date(kind):
        return date.fromisoformat(value)
    if pt.is_binary(kind):
        assert value == value.upper()
        return bytes.fromhex(value)
    if pt.is_time(kind):
        return ns(f"1970-01-01 {_digits(value, kind)}")
    if pt.is_timestamp(kind):
        assert value.endswith("Z") == (kind.tz is not None)
        return ns(_digits(value.removesuffix("Z"), kind).replace("T", " "))
    return str(value)


def _digits(text: str, kind: pa.DataType) -> str:
    assert len(text.partition(".")[2]) == (9 if kind.unit == "ns" else 6)
    return text
