"""CSV cells that begin like formulas: left alone, or made text where that was asked for."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.output import Format, TextForm, open_writer
from tests.support.deliveries import download, execute, make_table, transfer

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

# As of owasp.org, "CSV Injection".
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
texts = st.text(st.sampled_from([*DANGEROUS, '"', ",", "'", " ", "1", "é"]), max_size=4)


def cells(path: Path, values: list[str | None], *, escape: bool) -> list[str]:
    schema = pa.schema([("T", pa.large_string()), ("N", pa.decimal128(38, 0))])
    with open_writer(path, Format.CSV, schema, text=TextForm(escape_formulas=escape)) as writer:
        writer.write(pl.DataFrame({"T": values, "N": [Decimal(-1)] * len(values)}))
    _, *rows = csv.reader(io.StringIO(path.read_bytes().decode(), newline=""))
    assert all(row[1] == "-1" for row in rows), "numbers stay numbers"
    return [row[0] for row in rows]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(texts | st.none(), min_size=1))
def test_no_text_begins_like_a_formula(tmp_path: Path, values: list[str | None]) -> None:
    seen = cells(tmp_path / "f", values, escape=True)
    assert not any(cell.startswith(DANGEROUS) for cell in seen)
    for value, cell in zip(values, seen, strict=True):
        text = value or ""
        assert cell == (f"'{text}" if text.startswith(DANGEROUS) else text)


def test_nothing_is_changed_unasked(tmp_path: Path) -> None:
    assert cells(tmp_path / "f", list(DANGEROUS), escape=False) == list(DANGEROUS)


@pytest.mark.parametrize("engine", ["stream", "pushdown", "unload"])
def test_every_engine_writes_the_same_cells(sandbox: Sandbox, engine: str) -> None:
    values = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\uff1dx", "x=1", "", "'=1"]
    table = make_table(sandbox, 'D DATE, "=T" VARCHAR, V VARIANT, "@N" NUMBER(9,2), B BINARY')
    rows = ", ".join(
        f"('2024-01-05', {literal(value)}, PARSE_JSON('-5'), -1.5, TO_BINARY('2D'))"
        for value in values
    )
    execute(sandbox, f"INSERT INTO {table} SELECT * FROM VALUES {rows}")
    more = {"storage_integration": sandbox.unload["storage_integration"]}
    result = transfer(
        sandbox,
        table,
        engine=engine,
        format="csv",
        csv_escape_formulas=True,
        verify=True,
        **(more if engine == "unload" else {}),
    )
    text = download(sandbox, result).decode()
    header, *found = csv.reader(io.StringIO(text, newline=""))
    assert header == ["D", "'=T", "V", "'@N", "B"]
    assert {row[1] for row in found} == {
        *("'=1+1", "'+1", "'-1", "'@x", "'\tx", "'\rx", "'\uff1dx", "x=1", "", "'=1"),
    }
    assert {tuple(row[2:]) for row in found} == {("'-5", "-1.50", "2D")}


def test_other_formats_have_no_use_for_it(sandbox: Sandbox) -> None:
    table = make_table(sandbox, "D DATE, T VARCHAR", "('2024-01-05', '=1')")
    result = transfer(sandbox, table, format="ndjson", csv_escape_formulas=True)
    assert b'"T":"=1"' in download(sandbox, result)


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
