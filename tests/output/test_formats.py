"""The delivered files: their bytes, and their values as independent readers return them."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, datetime
from datetime import time as clock
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.output import Format
from tests.support.golden import GOLDEN
from tests.support.output_rows import ROWS, SCHEMA, TEXT_FORMATS, frame, written

# ---------------------------------------------------------------------------------------- golden


@pytest.mark.parametrize("kind", TEXT_FORMATS)
def test_the_bytes_of_every_type(tmp_path: Path, kind: Format) -> None:
    assert written(tmp_path / "f", kind, [frame(ROWS)]) == (GOLDEN / f"types.{kind}").read_bytes()


@pytest.mark.parametrize("kind", TEXT_FORMATS)
def test_the_bytes_of_no_rows(tmp_path: Path, kind: Format) -> None:
    golden = (GOLDEN / f"empty.{kind}").read_bytes()

    assert written(tmp_path / "none", kind, []) == golden
    assert written(tmp_path / "empty", kind, [frame([]), frame([])]) == golden


def test_the_parquet_schema_of_every_type(tmp_path: Path) -> None:
    written(tmp_path / "f", Format.PARQUET, [frame(ROWS)])

    described = str(pq.ParquetFile(tmp_path / "f").schema).partition("\n")[2]

    assert described == (GOLDEN / "types.parquet.txt").read_text()


# --------------------------------------------------------------------------- independent readers


def as_json(value: Any) -> Any:
    """Return what a JSON reader returns for a Python value."""
    match value:
        case float() if value != value or value in (float("inf"), float("-inf")):
            return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
        case float() | Decimal():
            return Decimal(str(value))
        case bytes():
            return value.hex().upper()
        case datetime(tzinfo=None):
            return value.isoformat(timespec="microseconds")
        case datetime():
            return value.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
        case clock():
            return value.isoformat(timespec="microseconds")
        case date():
            return value.isoformat()
    return value


def expected_records() -> list[list[tuple[str, Any]]]:
    records = [list(zip(SCHEMA.names, map(as_json, row), strict=True)) for row in ROWS]
    for record in records:  # nanoseconds have three digits more
        name, seen = record[2]
        record[2] = (name, None if seen is None else f"{seen}000")
    return records


def read_json(text: str) -> Any:
    """Return records as lists of pairs, which keep the order of names and repeated names."""
    return json.loads(text, parse_float=Decimal, object_pairs_hook=lambda pairs: pairs)


def test_json_round_trips_every_value(tmp_path: Path) -> None:
    text = written(tmp_path / "f", Format.JSON, [frame(ROWS[:3]), frame(ROWS[3:])]).decode()

    found = read_json(text)

    assert found == expected_records()
    assert str(dict(found[0])["AMT"]) == "1.10"
    assert len(text.splitlines()) == len(ROWS) + 2 + 1  # U+2028 ends a line for Python only


def test_ndjson_round_trips_every_value(tmp_path: Path) -> None:
    text = written(tmp_path / "f", Format.NDJSON, [frame(ROWS)]).decode()

    assert text.endswith("\n")
    assert [read_json(line) for line in text[:-1].split("\n")] == expected_records()


def test_csv_round_trips_every_value(tmp_path: Path) -> None:
    text = written(tmp_path / "f", Format.CSV, [frame(ROWS)]).decode()

    header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)

    assert header == SCHEMA.names
    for row, record in zip(rows, expected_records(), strict=True):
        *cells, number = row
        *values, expected = [value for _, value in record]
        assert cells == list(map(as_csv, values))
        assert number == as_csv(expected) or Decimal(number) == expected


def as_csv(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_csv_quotes_empty_text_but_not_null_and_otherwise_only_what_it_must(tmp_path: Path) -> None:
    schema = pa.schema([("T", pa.string()), ("U", pa.string()), ("B", pa.binary())])
    rows: list[tuple[Any, ...]] = [
        ("", None, b""), (None, "", None), ('a"b', "a,b", b"\x0a"), ("a\rb", "a\nb", None),
        (" a ", "a;b", None),
    ]  # fmt: skip

    lines = written(tmp_path / "f", Format.CSV, [frame(rows, schema)], schema)

    assert lines == (
        b'T,U,B\r\n"",,""\r\n,"",\r\n"a""b","a,b",0A\r\n"a\rb","a\nb",\r\n a ,a;b,\r\n'
    )


def test_parquet_round_trips_every_value_in_duckdb(tmp_path: Path) -> None:
    written(tmp_path / "f.parquet", Format.PARQUET, [frame(ROWS[:3]), frame(ROWS[3:])])
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        found = connection.execute(
            "SELECT * EXCLUDE (instant), instant AT TIME ZONE 'UTC' FROM read_parquet($1)",
            [str(tmp_path / "f.parquet")],
        )
        rows = found.fetchall()
        types = dict(
            connection.execute(
                "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_parquet($1))",
                [str(tmp_path / "f.parquet")],
            ).fetchall()
        )

    instants = [row[3] and row[3].replace(tzinfo=None) for row in ROWS]
    assert [row[-1] for row in rows] == instants
    without = [row[:3] + row[4:] for row in ROWS]
    assert [repr(row[:-1]) for row in rows] == [repr(row) for row in without]
    assert types["MONTH"] == "DATE"
    assert types["seen"] == "TIMESTAMP"
    assert types["SEEN_NS"] == "TIMESTAMP_NS"
    assert types["instant"] == "TIMESTAMP WITH TIME ZONE"
    assert types["QTY"] == "DECIMAL(38,0)"
    assert types["AMT"] == "DECIMAL(38,2)"


def test_parquet_without_rows_keeps_its_schema(tmp_path: Path) -> None:
    written(tmp_path / "f", Format.PARQUET, [])

    table = pq.read_table(tmp_path / "f")

    assert table.num_rows == 0
    assert table.schema.equals(SCHEMA)


def test_parquet_is_zstd_in_row_groups_of_bounded_size(tmp_path: Path) -> None:
    schema = pa.schema([("K", pa.string()), ("N", pa.decimal128(38, 0))])
    narrow = pl.DataFrame({"K": ["k"] * 300_000, "N": list(range(300_000))})
    wide = pl.DataFrame({"K": ["k" * 10_000] * 5_000, "N": list(range(5_000))})

    def groups(each: pl.DataFrame) -> list[int]:
        written(tmp_path / "f", Format.PARQUET, [each], schema)
        metadata = pq.ParquetFile(tmp_path / "f").metadata
        assert metadata.row_group(0).column(0).compression == "ZSTD"
        return [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)]

    assert groups(narrow) == [131_072, 131_072, 37_856]
    assert max(groups(wide)) * 10_000 < 17 * 1024 * 1024
    assert sum(groups(wide)) == 5_000


TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.none() | TEXT, st.none() | st.floats(), st.none() | st.binary())))
def test_any_text_and_float_survives(tmp_path: Path, rows: list[tuple[Any, ...]]) -> None:
    schema = pa.schema([("T", pa.string()), ("F", pa.float64()), ("B", pa.binary())])
    data = frame(rows, schema)
    special = {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}

    records = json.loads(written(tmp_path / "j", Format.JSON, [data], schema))
    cells = list(
        csv.reader(io.StringIO(written(tmp_path / "c", Format.CSV, [data], schema).decode(), ""))
    )[1:]

    assert [record["T"] for record in records] == [row[0] for row in rows]
    assert [record["B"] for record in records] == [
        None if row[2] is None else row[2].hex().upper() for row in rows
    ]
    assert [cell[0] for cell in cells] == [row[0] or "" for row in rows]
    for record, cell, row in zip(records, cells, rows, strict=True):
        for found in (record["F"], cell[1] or None):
            assert repr(found if found is None else float(special.get(found, found))) == repr(
                row[1]
            )
