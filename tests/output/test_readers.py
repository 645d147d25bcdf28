"""What readers make of each format by default: the table of core/docs/rule.md, cell by cell."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.json as pa_json
import pyarrow.parquet as pq
import pytest

from core.output import Format, TextForm, open_writer

SCHEMA = pa.schema(
    [
        *(("D", pa.date32()), ("K", pa.string()), ("I", pa.int64())),
        *(("A", pa.decimal128(38, 2)), ("T", pa.time64("us"))),
    ]
)
DAY, CLOCK = date(2024, 1, 1), time(1, 2, 3, 4)
ABOVE, WIDE = 2**53 + 1, Decimal("99999999999999999999.99")  # no 64-bit float holds them
ROWS = [
    (DAY, "", ABOVE, WIDE, CLOCK),
    (DAY, None, 7, Decimal("0.10"), None),
    (DAY, "x", 8, Decimal("1.00"), CLOCK),  # a text, by which some readers know the type
]
Rows = list[tuple[Any, ...]]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def written(kind: Format, **form: Any) -> Path:
        path = tmp_path / f"f.{kind}"
        with open_writer(path, kind, SCHEMA, text=TextForm(**form)) as writer:
            empty = pl.from_arrow(SCHEMA.empty_table())
            writer.write(pl.DataFrame(ROWS, empty.schema, orient="row"))
        return path

    return written


def query(sql: str) -> Rows:
    with duckdb.connect() as engine:
        return engine.execute(sql).fetchall()


def texts(rows: Rows) -> list[Any]:
    """The texts of the first two rows, with None for any missing value."""
    return [None if pd.isna(row[1]) else row[1] for row in rows[:2]]


@pytest.mark.parametrize(
    ("read", "found"),
    [
        (lambda path: query(f"FROM '{path}'"), [None, None]),
        (lambda path: query(f"FROM read_csv('{path}', allow_quoted_nulls=false)"), ["", None]),
        (lambda path: pd.read_csv(path).itertuples(index=False), [None, None]),
        (lambda path: pl.read_csv(path).rows(), ["", None]),
        (lambda path: [tuple(row.values()) for row in pa_csv.read_csv(path).to_pylist()], ["", ""]),
        (lambda path: list(csv.reader(path.open(newline="")))[1:], ["", ""]),
    ],
    ids=["duckdb", "duckdb_quoted", "pandas", "polars", "pyarrow", "csv"],
)
def test_empty_text_and_null_of_csv(
    write: Callable[..., Path], read: Callable[[Path], Any], found: list[Any]
) -> None:
    assert texts(list(read(write(Format.CSV)))) == found


def test_a_marker_of_null_is_for_every_reader(write: Callable[..., Path]) -> None:
    path = write(Format.CSV, null=r"\N")
    frame = pd.read_csv(path, keep_default_na=False, na_values=[r"\N"])
    assert texts(list(frame.itertuples(index=False))) == ["", None]
    options = pa_csv.ConvertOptions(null_values=[r"\N"], strings_can_be_null=True)
    assert pa_csv.read_csv(path, convert_options=options)["K"].to_pylist() == ["", None, "x"]


@pytest.mark.parametrize(
    "read",
    [
        lambda path: query(f"SELECT * REPLACE (A::DOUBLE AS A) FROM read_json('{path}')"),
        lambda path: pl.read_ndjson(path).rows(),
        lambda path: [tuple(row.values()) for row in pa_json.read_json(path).to_pylist()],
        lambda path: [tuple(json.loads(line).values()) for line in path.open()],
    ],
    ids=["duckdb", "polars", "pyarrow", "json"],
)
def test_large_numbers_of_json(write: Callable[..., Path], read: Callable[[Path], Rows]) -> None:
    (whole, wide), *_ = [row[2:4] for row in read(write(Format.NDJSON))]
    assert whole == ABOVE
    assert (type(wide), wide) == (float, 1e20)  # its digits are gone


def test_large_numbers_as_text_are_for_pandas_too(write: Callable[..., Path]) -> None:
    with pytest.raises(ValueError, match="too big"):
        pd.read_json(write(Format.NDJSON), lines=True)
    path = write(Format.NDJSON, large_numbers_as_text=True)
    frame = pd.read_json(path, lines=True, dtype=False)
    assert Decimal(frame["A"][0]) == WIDE


@pytest.mark.parametrize(
    "read",
    [
        lambda path: query(f"FROM '{path}'"),
        lambda path: pd.read_parquet(path).itertuples(index=False),
        lambda path: pl.read_parquet(path).rows(),
        lambda path: [tuple(row.values()) for row in pq.read_table(path).to_pylist()],
    ],
    ids=["duckdb", "pandas", "polars", "pyarrow"],
)
def test_parquet_is_exact(write: Callable[..., Path], read: Callable[[Path], Any]) -> None:
    rows = read(write(Format.PARQUET))
    assert [tuple(None if pd.isna(value) else value for value in row) for row in rows] == ROWS


def test_a_workbook(write: Callable[..., Path]) -> None:
    path = write(Format.XLSX, xlsx_text_numbers=True)
    frame = pd.read_excel(path, dtype=str)
    assert list(frame["A"]) == [str(WIDE), "0.10", "1.00"]
    assert texts(list(frame.itertuples(index=False))) == [None, None]
    sheet = openpyxl.load_workbook(path, read_only=True)["data"]
    assert [row[1] for row in sheet.iter_rows(min_row=2, values_only=True)] == ["", None, "x"]
