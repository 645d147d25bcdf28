"""Rows of every type that is delivered, and how the tests have them written."""

from __future__ import annotations

from datetime import UTC, date, datetime
from datetime import time as clock
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from core.output import Format, TextForm, open_writer

DIGITS = TextForm(xlsx_text_numbers=True)  # a workbook holds numbers of any size as text only
TEXT_FORMATS = [Format.JSON, Format.NDJSON, Format.CSV]

# A column of every type, under names that a careless writer trips over.
SCHEMA = pa.schema(
    [
        ("MONTH", pa.date32()),
        ("seen", pa.timestamp("us")),
        ("SEEN_NS", pa.timestamp("ns")),
        ("instant", pa.timestamp("us", "UTC")),
        ("clock", pa.time64("us")),
        ("^.*$", pa.string()),
        ('a,"quoted"\nname', pa.bool_()),
        ("*", pa.binary()),
        ("Größe 😀", pa.int64()),
        ("QTY", pa.decimal128(38, 0)),
        ("AMT", pa.decimal128(38, 2)),
        ("F", pa.float64()),
    ]
)
# Literals, since Decimal's arithmetic rounds to 28 digits.
BIG, BIG_AMOUNT = Decimal("9" * 38), Decimal("9" * 36 + ".99")
LOW, LOW_AMOUNT = Decimal("-" + "9" * 38), Decimal("-" + "9" * 36 + ".99")
ROWS: list[tuple[Any, ...]] = [
    (
        date(2024, 1, 1), datetime(2024, 1, 31, 23, 30, 0, 123456),
        datetime(2024, 1, 31, 23, 30, 0, 123456), datetime(2024, 1, 31, 23, 30, tzinfo=UTC),
        clock(23, 30, 0, 5), "plain", True, b"\xab\x00\xff", 2**63 - 1, Decimal(5),
        Decimal("1.10"), 0.1,
    ),
    (
        date(1, 1, 1), datetime(1, 1, 1), datetime(1700, 1, 1),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), clock(0, 0), "", False, b"",
        -(2**63), BIG, BIG_AMOUNT, float("nan"),
    ),
    (
        date(9999, 12, 1), datetime(1969, 12, 31, 23, 59, 59, 999999), datetime(2262, 1, 1),
        datetime(1970, 1, 1, tzinfo=UTC), clock(23, 59, 59, 999999),
        'quo"te, back\\slash\r\nline\ttab\x00\x1f\u2028', True, bytes(range(256)), 0, LOW,
        LOW_AMOUNT, float("inf"),
    ),
    (
        date(2024, 2, 1), datetime(2024, 2, 29), datetime(2024, 2, 29),
        datetime(2024, 2, 29, 12, tzinfo=UTC), clock(12, 0), "  spaces  ", None, b"x", 7,
        Decimal(0), Decimal("-0.05"), float("-inf"),
    ),
    (
        date(2024, 3, 1), None, None, None, None, "zażółć 😀 日本 e\u0301", None, None, None, None,
        Decimal("0.00"), 5e-324,
    ),
    (
        date(2024, 3, 1), None, None, None, None, "NULL", None, None, None, None, None, 1e16,
    ),
    (None,) * 12,
]  # fmt: skip


def frame(rows: list[tuple[Any, ...]], schema: pa.Schema = SCHEMA) -> pl.DataFrame:
    """A frame as the aggregation makes them, by another way than the writers'."""
    arrays = [
        pa.array([row[index] for row in rows], field.type) for index, field in enumerate(schema)
    ]
    made = pl.from_arrow(pa.Table.from_arrays(arrays, schema=schema))
    assert isinstance(made, pl.DataFrame)
    return made


def written(
    path: Path,
    kind: Format,
    frames: list[pl.DataFrame],
    schema: pa.Schema = SCHEMA,
    *,
    gzipped: bool = False,
) -> bytes:
    with open_writer(path, kind, schema, gzip=gzipped, text=DIGITS) as writer:
        for each in frames:
            writer.write(each)
    assert writer.rows == sum(each.height for each in frames)
    return path.read_bytes()
