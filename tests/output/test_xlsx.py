"""Workbooks, read by another library than wrote them, and by the product's own reading back."""

from __future__ import annotations

import re
import tracemalloc
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import SourceDataError, UsageError
from core.output import (
    Format,
    TextForm,
    content_type,
    extension,
    find_missing_library,
    open_writer,
    xlsx,
)
from core.output.text_form import PLAIN
from core.remedy import Remedy
from core.verify.read_back import read_figures
from tests.support.sources import plan

COLUMNS = {
    "D": "DATE",
    "K": "VARCHAR",
    "OK": "BOOLEAN",
    "TS": "TIMESTAMP_NTZ(6)",
    "Z": "TIMESTAMP_TZ(6)",
    "T": "TIME(6)",
    "RAW": "BINARY",
    "NO": "NUMBER(9,0)",
    "AMT": "NUMBER(12,2)",
    "F": "FLOAT",
}
SCHEMA = pa.schema(
    [
        *(("D", pa.date32()), ("K", pa.string()), ("OK", pa.bool_())),
        *(("TS", pa.timestamp("us")), ("Z", pa.timestamp("us", "UTC")), ("T", pa.time64("us"))),
        *(("RAW", pa.binary()), ("NO", pa.int64()), ("AMT", pa.decimal128(38, 2))),
        ("F", pa.float64()),
    ]
)
EMPTY = pl.from_arrow(SCHEMA.empty_table()).schema
NOON = datetime(2024, 1, 31, 12, 0, 0, 125_000)
_ESCAPE = re.compile("_x([0-9A-F]{4})_")
FINE = NOON.replace(microsecond=1)
ROWS: list[tuple[Any, ...]] = [
    (date(2024, 1, 1), "a", True, NOON, NOON.replace(tzinfo=UTC), time(1, 2, 3), b"\x00\xff", 7,
     Decimal("-1.10"), 0.5),
    (date(1900, 3, 1), "=1+1", False, FINE, FINE.replace(tzinfo=UTC),
     time(1, 2, 3, 4), b"", -(10**15) + 1, Decimal("9999999999999.99"), float("nan")),
    (date(1, 1, 1), " http://x ", None, datetime(1, 1, 1), datetime(1, 1, 1, tzinfo=UTC), time(0),
     b"x", 10**18, Decimal("123456789012345000.00"), float("-inf")),
    (None,) * 10,
]  # fmt: skip


def write(
    path: Path, rows: list[tuple[Any, ...]], schema: pa.Schema = SCHEMA, **form: Any
) -> bytes:
    frame = pl.DataFrame(rows, pl.from_arrow(schema.empty_table()).schema, orient="row")
    with open_writer(path, Format.XLSX, schema, text=TextForm(**form)) as writer:
        writer.write(frame)
    return path.read_bytes()


def cells(path: Path) -> list[tuple[Any, ...]]:
    sheet = openpyxl.load_workbook(path)["data"]
    return [tuple(cell.value for cell in row) for row in sheet.iter_rows()]


def texts_of(path: Path, values: list[str | None]) -> list[str | None]:
    write(
        path, [(value, 1) for value in values], pa.schema([("T", pa.string()), ("N", pa.int64())])
    )
    return [row[0] for row in cells(path)[1:]]


def test_real_dates_and_numbers_and_text(tmp_path: Path) -> None:
    path = tmp_path / "f.xlsx"
    write(path, ROWS)
    header, *rows = cells(path)
    assert header == tuple(COLUMNS)
    assert rows[0] == (
        *(datetime(2024, 1, 1), "a", True, NOON, NOON, time(1, 2, 3), "00FF", 7, -1.1, 0.5),
    )
    assert rows[1] == (
        *(datetime(1900, 3, 1), "=1+1", False, "2024-01-31T12:00:00.000001"),
        *(
            "2024-01-31T12:00:00.000001Z",
            "01:02:03.000004",
            "",
            1 - 10**15,
            9999999999999.99,
            "NaN",
        ),
    )
    assert rows[2] == (
        *("0001-01-01", " http://x ", None, "0001-01-01T00:00:00.000000"),
        *(
            "0001-01-01T00:00:00.000000Z",
            time(0),
            "78",
            10**18,
            float(123456789012345000),
            "-Infinity",
        ),
    )
    assert rows[3:] == [(None,) * 10]
    sheet = openpyxl.load_workbook(path)["data"]
    assert sheet.freeze_panes == "A2"
    assert sheet["A1"].font.bold
    assert sheet["A2"].number_format == "yyyy-mm-dd"
    assert sheet["I2"].number_format == "0.00"
    assert all(cell.data_type != "f" and cell.hyperlink is None for row in sheet for cell in row)


def test_numbers_as_text_have_all_their_digits(tmp_path: Path) -> None:
    amount = Decimal("9" * 36 + ".90")
    row = (date(2024, 1, 1), *[None] * 6, 10**18 - 1, amount, 0.1)
    write(tmp_path / "f.xlsx", [row], xlsx_text_numbers=True)
    assert cells(tmp_path / "f.xlsx")[1][7:] == (str(10**18 - 1), str(amount), 0.1)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.text(
            st.sampled_from("<r>/&\"'=_x0041\t\n\r\x00\x1f \ufffe\uffff\U0001f600é"), max_size=12
        )
        | st.sampled_from(
            ["<r>&</r>", "<r><t>x</t></r>", "_x0041_", "_x005F_x0041_", "=1", "@x", "1"]
        ),
        min_size=1,
        max_size=6,
    )
)
def test_text_is_text(tmp_path: Path, values: list[str]) -> None:
    path = tmp_path / "f.xlsx"
    found = texts_of(path, list(values))
    # openpyxl leaves the escapes of Excel in texts within cells.
    assert [_ESCAPE.sub(lambda each: chr(int(each[1], 16)), each or "") for each in found] == values


def test_equal_rows_make_equal_bytes(tmp_path: Path) -> None:
    path = tmp_path / "f"
    first = write(path, ROWS)
    frames = [pl.DataFrame([row], EMPTY, orient="row") for row in ROWS]
    with open_writer(path, Format.XLSX, SCHEMA) as writer:
        for frame in frames:
            writer.write(frame)
    assert path.read_bytes() == first
    assert [each.name for each in tmp_path.iterdir()] == ["f"]


@pytest.mark.parametrize("text_numbers", [False, True])
def test_the_product_reads_it_back(tmp_path: Path, text_numbers: bool) -> None:
    rows = [row for row in ROWS if row[9] is None or row[9] == row[9]]
    text = TextForm(xlsx_text_numbers=text_numbers)
    write(tmp_path / "f", rows, xlsx_text_numbers=text_numbers)
    made = plan(COLUMNS, date_column="D", key_columns="K,OK,TS,Z,T,RAW,NO", sum_columns="AMT,F")
    figures = read_figures(tmp_path / "f", Format.XLSX, made, gzipped=False, text=text)
    counts = {month: each.groups for month, each in figures.items()}
    assert counts == {"2024-01-01": 1, "0001-01-01": 1, None: 1}
    amounts = {month: each.sums[0] and each.sums[0].value for month, each in figures.items()}
    assert amounts == {
        "2024-01-01": Decimal("-1.10"),
        "0001-01-01": Decimal("123456789012345000"),
        None: None,
    }


class TestRefusals:
    def refused(
        self, path: Path, rows: list[tuple[Any, ...]], schema: pa.Schema
    ) -> SourceDataError:
        with pytest.raises(SourceDataError) as caught:
            write(path, rows, schema)
        assert not list(path.parent.iterdir())
        return caught.value

    @pytest.mark.parametrize(
        ("kind", "value"),
        [
            (pa.decimal128(38, 2), Decimal("10000000000000.01")),
            (pa.decimal128(38, 0), Decimal(-(10**15) - 1)),
            (pa.int64(), 10**17 + 1),
            (pa.decimal128(38, 20), Decimal("0.12345678901234560000")),
        ],
    )
    def test_more_digits_than_excel_keeps(
        self, tmp_path: Path, kind: pa.DataType, value: Any
    ) -> None:
        error = self.refused(tmp_path / "f", [(value,)], pa.schema([("AMT", kind)]))
        assert "Column AMT has numbers of more than 15 digits" in error.message
        assert Remedy("xlsx_text_numbers", True) in error.remedies

    @pytest.mark.parametrize("value", ["x" * 32_768, "\U0001f600" * 16_384])
    def test_texts_beyond_a_cell(self, tmp_path: Path, value: str) -> None:
        schema = pa.schema([("NOTE", pa.string())])
        assert "32,767 characters" in self.refused(tmp_path / "f", [(value,)], schema).message
        assert write(tmp_path / "f", [(value[1:],)], schema)

    def test_more_rows_than_a_sheet(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(xlsx, "MOST_ROWS", 3)
        schema = pa.schema([("N", pa.int64())])
        assert write(tmp_path / "f", [(1,)] * 3, schema)
        (tmp_path / "f").unlink()
        error = self.refused(tmp_path / "f", [(1,)] * 4, schema)
        assert "at most 3 rows" in error.message

    def test_the_last_row_of_a_sheet_is_used(self, tmp_path: Path) -> None:
        schema = pa.schema([("N", pa.int64())])
        path = tmp_path / "f.xlsx"
        with path.open("wb") as file:
            encoder = xlsx.XlsxEncoder(file, schema)
            encoder._rows = 1_048_574
            encoder.put(pl.DataFrame({"N": [7]}))
            with pytest.raises(SourceDataError, match="at most 1,048,575 rows"):
                encoder.put(pl.DataFrame({"N": [7]}))
            encoder.finish()
        assert openpyxl.load_workbook(path)["data"]["A1048576"].value == 7

    def test_more_columns_than_a_sheet(self, tmp_path: Path) -> None:
        schema = pa.schema([(f"C{n}", pa.int64()) for n in range(16_385)])
        assert "16,384 columns" in self.refused(tmp_path / "f", [], schema).message

    def test_without_its_library(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("core.output.find_spec", lambda name: None)
        with pytest.raises(UsageError, match="xlsxwriter") as caught:
            open_writer(tmp_path / "f", Format.XLSX, SCHEMA, text=PLAIN)
        assert "pip install 'amplify-transfer[xlsx]'" in caught.value.hint
        assert str(find_missing_library(Format.XLSX, True)) == str(caught.value)
        assert find_missing_library(Format.CSV, False) is None


def test_a_failure_leaves_no_temporary_file(tmp_path: Path) -> None:
    def fail() -> None:
        with open_writer(tmp_path / "f", Format.XLSX, SCHEMA) as writer:
            writer.write(pl.DataFrame(ROWS, EMPTY, orient="row"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not list(tmp_path.iterdir())


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    schema = pa.schema([("T", pa.string()), ("N", pa.int64())])
    frame = pl.DataFrame({"T": [f"text {n}" for n in range(4_096)], "N": range(4_096)})

    def peak(times: int) -> int:
        tracemalloc.start()
        try:
            with open_writer(tmp_path / "f", Format.XLSX, schema) as writer:
                for _ in range(times):
                    writer.write(frame)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(8) < peak(2) + 1_000_000


def test_names_and_types_of_the_object() -> None:
    assert extension(Format.XLSX, gzip=False) == "xlsx"
    assert content_type(Format.XLSX, gzip=False).endswith("spreadsheetml.sheet")
    with pytest.raises(UsageError, match="xlsx file cannot be gzipped"):
        extension(Format.XLSX, gzip=True)
