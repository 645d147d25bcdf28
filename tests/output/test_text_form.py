"""Delimiters, markers of NULL and decimal points of csv; large numbers of JSON as text."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.output import Format, TextForm, open_writer
from core.verify.read_back import read_figures
from tests.support.sources import plan

COLUMNS = {"D": "DATE", "K;1": "VARCHAR", "N": "NUMBER(12,2)", "F": "FLOAT"}
SCHEMA = pa.schema(
    [("D", pa.date32()), ("K;1", pa.string()), ("N", pa.decimal128(38, 2)), ("F", pa.float64())]
)


def written(
    path: Path, form: TextForm, texts: list[str | None], kind: Format = Format.CSV
) -> bytes:
    rows = {
        "D": ["2024-01-01"] * len(texts),
        "K;1": texts,
        "N": ["-1234.50"] * len(texts),
        "F": [0.5, *[None] * (len(texts) - 1)],
    }
    frame = pl.DataFrame(rows).with_columns(
        pl.col("D").str.to_date(), pl.col("N").str.to_decimal(scale=2)
    )
    with open_writer(path, kind, SCHEMA, text=form) as writer:
        writer.write(frame)
    return path.read_bytes()


def test_every_option_of_csv(tmp_path: Path) -> None:
    form = TextForm(delimiter=";", null=r"\N", bom=True, decimal_comma=True)
    path = tmp_path / "f"
    assert written(path, form, ["a,b", None, "", r"\N", "x;y"]).decode() == (
        '\ufeffD;"K;1";N;F\r\n'
        "2024-01-01;a,b;-1234,50;0,5\r\n"
        "2024-01-01;\\N;-1234,50;\\N\r\n"
        '2024-01-01;"";-1234,50;\\N\r\n'
        '2024-01-01;"\\N";-1234,50;\\N\r\n'
        '2024-01-01;"x;y";-1234,50;\\N\r\n'
    )
    figures = read_figures(path, Format.CSV, plan(COLUMNS), gzipped=False, text=form)
    (month,) = figures.values()
    assert month.groups == 5
    assert [total and total.value for total in month.sums] == [Decimal("-6172.50"), 0.5]


@pytest.mark.parametrize(("escape", "mark"), [(False, ""), (True, "'")])
def test_names_and_texts_that_look_like_formulas(tmp_path: Path, escape: bool, mark: str) -> None:
    schema = pa.schema([("=A", pa.string()), ("-N", pa.int64())])
    with open_writer(
        tmp_path / "f", Format.CSV, schema, text=TextForm(escape_formulas=escape)
    ) as writer:
        writer.write(pl.DataFrame({"=A": ["+1", "a"], "-N": [-1, -2]}))
    expected = f"{mark}=A,{mark}-N\r\n{mark}+1,-1\r\na,-2\r\n"
    assert (tmp_path / "f").read_bytes().decode() == expected


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.text(st.sampled_from('\t;|,"\r\nNUL\\a '), max_size=4) | st.none(), min_size=1),
    st.sampled_from(["\t", ";", "|", ","]),
    st.sampled_from([r"\N", "NULL", "", "a"]),
)
def test_duckdb_reads_the_same_texts(
    tmp_path: Path, texts: list[str | None], delimiter: str, null: str
) -> None:
    path = tmp_path / "f"
    written(path, TextForm(delimiter=delimiter, null=null), texts)
    query = f"""SELECT k FROM read_csv('{path}', delim='{delimiter}', nullstr='{null}', skip=1,
        quote='"', escape='"', header=false, allow_quoted_nulls=false, new_line='\\r\\n',
        columns={{'d': 'DATE', 'k': 'VARCHAR', 'n': 'DECIMAL(38,2)', 'f': 'DOUBLE'}})"""
    with duckdb.connect() as engine:
        assert [row[0] for row in engine.execute(query).fetchall()] == texts


@pytest.mark.parametrize("kind", [Format.JSON, Format.NDJSON])
def test_large_numbers_as_text(tmp_path: Path, kind: Format) -> None:
    schema = pa.schema(
        [("I", pa.int64()), ("W", pa.decimal128(38, 0)), ("A", pa.decimal128(38, 2))]
    )
    held = [2**53, -(2**53), None]
    sums = [Decimal("9999999999999.99"), Decimal("-9999999999999.99"), None]
    large = [2**53 + 1, -(2**53) - 1, 7]
    above = [Decimal("10000000000000.00"), Decimal("-10000000000000.01"), Decimal("1.10")]
    frame = pl.DataFrame(
        {"I": held + large, "W": held + large, "A": sums + above},
        schema={"I": pl.Int64, "W": pl.Decimal(38, 0), "A": pl.Decimal(38, 2)},
    )

    def read(form: TextForm) -> tuple[list[tuple[Any, ...]], tuple[str, ...]]:
        with open_writer(tmp_path / "f", kind, schema, text=form) as writer:
            writer.write(frame)
        text = (tmp_path / "f").read_text()
        lines = text.splitlines() if kind is Format.NDJSON else [text]
        records = [json.loads(line, parse_float=Decimal) for line in lines]
        listed = records if kind is Format.NDJSON else records[0]
        return [tuple(record.values()) for record in listed], writer.large_numbers

    plain, found = read(TextForm())
    assert plain == list(zip(held + large, held + large, sums + above, strict=True))
    assert found == ("I", "W", "A")
    texts, _ = read(TextForm(large_numbers_as_text=True))
    assert texts[:3] == plain[:3]
    assert texts[3:5] == [
        (str(a), str(a), f"{b}") for a, b in zip(large[:2], above[:2], strict=True)
    ]
    assert texts[5] == plain[5]
    for a, _, c in plain[:3]:  # what stays a number is the same for a reader with floats
        assert a is None or int(float(a)) == a
        assert c is None or Decimal(repr(float(c))) == c


def test_the_module_csv_reads_what_excel_writes(tmp_path: Path) -> None:
    form = TextForm(delimiter=";", bom=True)
    data = written(tmp_path / "f", form, ["a;b", 'c"d', "e\nf"])
    rows = list(
        csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), "excel", delimiter=";")
    )
    assert [row[1] for row in rows] == ["K;1", "a;b", 'c"d', "e\nf"]
