"""A delivered file read back: every format, to the last digit, in bounded memory."""

from __future__ import annotations

import gc
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyarrow as pa
import pytest

from core.errors import IntegrityError
from core.output import Format, TextForm, open_writer
from core.verify.month_totals import Figures
from core.verify.read_back import read_figures
from core.verify.read_xlsx import read_rows
from tests.support.output_rows import ROWS, frame, written
from tests.support.sources import plan

TYPES = {
    "MONTH": "DATE",
    "seen": "TIMESTAMP_NTZ(6)",
    "SEEN_NS": "TIMESTAMP_NTZ(9)",
    "instant": "TIMESTAMP_LTZ(6)",
    "clock": "TIME(6)",
    "^.*$": "VARCHAR",
    'a,"quoted"\nname': "BOOLEAN",
    "*": "BINARY",
    "Größe 😀": "NUMBER(18,0)",
    "QTY": "NUMBER(38,0)",
    "AMT": "NUMBER(38,2)",
    "F": "FLOAT",
}
PLAN = plan(
    TYPES,
    date_column="MONTH",
    sum_columns=("QTY", "AMT", "F"),
    key_columns=[name for name in TYPES if name not in ("MONTH", "QTY", "AMT", "F")],
)
KINDS = [(kind, gzipped) for kind in Format for gzipped in (False, True)]
KINDS.remove((Format.PARQUET, True))
KINDS.remove((Format.XLSX, True))
by_kind = pytest.mark.parametrize(("kind", "gzipped"), KINDS)


def values(figures: Figures) -> dict[str | None, tuple[int, list[Any]]]:
    """The figures as numbers that compare exactly."""
    return {
        month: (found.groups, [None if t is None else _exact([t.value]) for t in found.sums])
        for month, found in figures.items()
    }


def expected(rows: list[tuple[Any, ...]]) -> dict[str | None, tuple[int, list[Any]]]:
    """The same of rows, by hand."""
    months: dict[str | None, list[tuple[Any, ...]]] = {}
    for row in rows:
        months.setdefault(row[0] and row[0].isoformat(), []).append(row)
    return {
        month: (len(some), [_exact([row[n] for row in some]) for n in (9, 10, 11)])
        for month, some in months.items()
    }


def _exact(numbers: list[Any]) -> Any:
    """The sum of numbers that are no NULLs: of floats as text, since NaN equals nothing."""
    there = [number for number in numbers if number is not None]
    if not there or isinstance(there[0], float):
        return str(sum(there)) if there else None
    return sum(map(Fraction, there))


@by_kind
def test_reads_what_was_written(kind: Format, gzipped: bool, tmp_path: Path) -> None:
    rows = [*ROWS, *ROWS[1:3], ROWS[1]]  # sums of more than 38 digits too
    path = tmp_path / "file"
    written(path, kind, [frame(rows)], gzipped=gzipped)
    assert values(read_figures(path, kind, PLAN, gzipped=gzipped)) == expected(rows)


@by_kind
def test_reads_a_file_without_rows(kind: Format, gzipped: bool, tmp_path: Path) -> None:
    path = tmp_path / "file"
    written(path, kind, [], gzipped=gzipped)
    assert read_figures(path, kind, PLAN, gzipped=gzipped) == {}


ONE = plan({"D": "DATE"})


@by_kind
def test_reads_a_single_column_with_null(kind: Format, gzipped: bool, tmp_path: Path) -> None:
    schema = pa.schema([("D", pa.date32())])
    rows = [(ROWS[0][0],), (None,), (None,)]
    path = tmp_path / "file"
    written(path, kind, [frame(rows, schema)], schema, gzipped=gzipped)
    found = read_figures(path, kind, ONE, gzipped=gzipped)
    assert values(found) == {"2024-01-01": (1, []), None: (2, [])}


@pytest.mark.parametrize("kind", [kind for kind in Format if kind is not Format.XLSX])
def test_reads_records_of_many_megabytes(kind: Format, tmp_path: Path) -> None:
    made = plan({"D": "DATE", "NOTE": "VARCHAR", "N": "NUMBER(9,0)"})
    schema = pa.schema([("D", pa.date32()), ("NOTE", pa.string()), ("N", pa.decimal128(38, 0))])
    rows = [(ROWS[0][0], "x,\r\n" * 1_500_000, Decimal(1)), (ROWS[0][0], "y", Decimal(2))] * 2
    path = tmp_path / "file"
    written(path, kind, [frame(rows, schema)], schema)
    found = read_figures(path, kind, made, gzipped=False)
    assert values(found) == {"2024-01-01": (4, [Decimal(6)])}


def test_reads_a_sheet_of_many_pieces_in_bounded_memory(tmp_path: Path) -> None:
    """The parser takes 64 KB at a time: pieces end within rows, and what was read is forgotten."""
    made = plan({"D": "DATE", "K": "VARCHAR", "N": "NUMBER(9,0)"})
    schema = pa.schema([("D", pa.date32()), ("K", pa.string()), ("N", pa.decimal128(38, 0))])
    path, count = tmp_path / "file", 5_000
    rows = [(ROWS[0][0], "k", Decimal(n)) for n in range(count)]
    written(path, Format.XLSX, [frame(rows, schema)], schema)
    figures = read_figures(path, Format.XLSX, made, gzipped=False)
    assert values(figures) == {"2024-01-01": (count, [sum(range(count))])}
    for number, _ in enumerate(read_rows(path)):
        if number == count:
            held = sum(isinstance(each, ElementTree.Element) for each in gc.get_objects())
    assert held < count


@pytest.mark.parametrize("kind", [Format.JSON, Format.NDJSON])
def test_numbers_that_are_text_are_read_only_where_they_were_asked_for(
    kind: Format, tmp_path: Path
) -> None:
    made = plan({"D": "DATE", "N": "NUMBER(38,0)"})
    schema = pa.schema([("D", pa.date32()), ("N", pa.decimal128(38, 0))])
    path, large = tmp_path / "file", Decimal(10**20)
    text = TextForm(large_numbers_as_text=True)
    with open_writer(path, kind, schema, text=text) as writer:
        writer.write(frame([(ROWS[0][0], large), (ROWS[0][0], Decimal(1))], schema))
    found = read_figures(path, kind, made, gzipped=False, text=text)
    assert values(found) == {"2024-01-01": (2, [large + 1])}
    with pytest.raises(IntegrityError, match=f"cannot be read as {kind.value}"):
        read_figures(path, kind, made, gzipped=False)


def broken(kind: Format, path: Path) -> list[bytes]:
    """Files that are nearly right."""
    data = path.read_bytes()
    if kind is Format.PARQUET:
        return [data[:-1], b""]
    if kind is Format.XLSX:
        return [data[:-30], b""]
    texts = [data.replace(b"QTY", b"QTX", 1), data.replace(b"0.05", b"0.O5")]
    if kind in (Format.JSON, Format.NDJSON):
        texts += [data.replace(b'"F":0.1}', b'"F":NaN}', 1)]  # which is no JSON
    if kind is Format.JSON:
        texts += [data.removesuffix(b"]\n"), data.replace(b"},\n{", b"}\n{", 1), b""]
    if kind is Format.NDJSON:
        texts += [data.replace(b'"F":0.1}', b'"F":0.1,"G":1}'), data[:-3]]
    return texts


@pytest.mark.parametrize("kind", list(Format))
def test_tells_a_file_that_is_none(kind: Format, tmp_path: Path) -> None:
    path = tmp_path / "file"
    written(path, kind, [frame(ROWS)])
    for data in broken(kind, path):
        path.write_bytes(data)
        with pytest.raises(IntegrityError, match=f"cannot be read as {kind.value}"):
            read_figures(path, kind, PLAN, gzipped=False)


@pytest.mark.parametrize("kind", list(Format))
@pytest.mark.parametrize(
    "names", [["D", "N", "K"], ["D", "K", "M"], ["D", "K"], ["D", "K", "N", "MORE"]]
)
def test_other_columns_are_no_delivery(kind: Format, names: list[str], tmp_path: Path) -> None:
    """Reordered, renamed, missing or more; the order counts where records do not name it."""
    made = plan({"D": "DATE", "K": "VARCHAR", "N": "NUMBER(9,0)"})
    types = {"D": pa.date32(), "K": pa.string()}
    schema = pa.schema([(name, types.get(name, pa.decimal128(38, 0))) for name in names])
    values_of = {"D": ROWS[0][0], "K": "k"}
    row = tuple(values_of.get(name, Decimal(1)) for name in names)
    path = tmp_path / "file"
    written(path, kind, [frame([row], schema)], schema)
    if kind in (Format.JSON, Format.NDJSON) and names == ["D", "N", "K"]:
        assert values(read_figures(path, kind, made, gzipped=False))
        return
    with pytest.raises(IntegrityError, match=f"cannot be read as {kind.value}"):
        read_figures(path, kind, made, gzipped=False)


def test_tells_a_gzip_file_that_is_cut_off(tmp_path: Path) -> None:
    for kind in (Format.JSON, Format.NDJSON, Format.CSV):
        path = tmp_path / kind.value
        written(path, kind, [frame(ROWS)], gzipped=True)
        path.write_bytes(path.read_bytes()[:-9])
        with pytest.raises(IntegrityError):
            read_figures(path, kind, PLAN, gzipped=True)
