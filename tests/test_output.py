"""The files of a delivery: their bytes, what independent readers make of them, and their cost."""

from __future__ import annotations

import csv
import gzip
import io
import json
import subprocess
import sys
from datetime import UTC, date, datetime
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

from core.errors import LocalResourceError, UsageError
from core.output import Format, content_type, extension, open_writer
from core.output.writer import local_failure

GOLDEN = Path(__file__).parent / "golden"
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
    with open_writer(path, kind, schema, gzip=gzipped) as writer:
        for each in frames:
            writer.write(each)
    assert writer.rows == sum(each.height for each in frames)
    return path.read_bytes()


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
    """What a reader of JSON finds for a Python value."""
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
    """Records as lists of pairs, so that order and repeated names would be seen."""
    return json.loads(text, parse_float=Decimal, object_pairs_hook=lambda pairs: pairs)


def test_json_reads_back_value_for_value(tmp_path: Path) -> None:
    text = written(tmp_path / "f", Format.JSON, [frame(ROWS[:3]), frame(ROWS[3:])]).decode()

    found = read_json(text)

    assert found == expected_records()
    assert str(dict(found[0])["AMT"]) == "1.10"
    assert len(text.splitlines()) == len(ROWS) + 2 + 1  # U+2028 ends a line for Python only


def test_ndjson_reads_back_value_for_value(tmp_path: Path) -> None:
    text = written(tmp_path / "f", Format.NDJSON, [frame(ROWS)]).decode()

    assert text.endswith("\n")
    assert [read_json(line) for line in text[:-1].split("\n")] == expected_records()


def test_csv_reads_back_value_for_value(tmp_path: Path) -> None:
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


def test_csv_tells_empty_text_from_null_and_quotes_only_what_must_be(tmp_path: Path) -> None:
    schema = pa.schema([("T", pa.string()), ("U", pa.string()), ("B", pa.binary())])
    rows: list[tuple[Any, ...]] = [
        ("", None, b""), (None, "", None), ('a"b', "a,b", b"\x0a"), ("a\rb", "a\nb", None),
        (" a ", "a;b", None),
    ]  # fmt: skip

    lines = written(tmp_path / "f", Format.CSV, [frame(rows, schema)], schema)

    assert lines == (
        b'T,U,B\r\n"",,""\r\n,"",\r\n"a""b","a,b",0A\r\n"a\rb","a\nb",\r\n a ,a;b,\r\n'
    )


def test_parquet_reads_back_value_for_value_in_duckdb(tmp_path: Path) -> None:
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


# ----------------------------------------------------------------------------------- one file


@pytest.mark.parametrize(
    ("kind", "gzipped"), [(kind, False) for kind in Format] + [(Format.NDJSON, True)]
)
def test_equal_rows_make_equal_bytes_however_they_are_cut(
    tmp_path: Path, kind: Format, gzipped: bool
) -> None:
    whole = frame(ROWS * 20_000)
    pieces = [whole.slice(0, 1), whole.slice(1, 0), *whole.slice(1).iter_slices(77_777)]

    first = written(tmp_path / "one", kind, [whole], gzipped=gzipped)
    second = written(tmp_path / "other_name", kind, pieces, gzipped=gzipped)

    assert first == second


@pytest.mark.parametrize("kind", TEXT_FORMATS)
def test_gzip_holds_the_same_text(tmp_path: Path, kind: Format) -> None:
    plain = written(tmp_path / "f", kind, [frame(ROWS)])
    zipped = written(tmp_path / "f.gz", kind, [frame(ROWS)], gzipped=True)

    assert gzip.decompress(zipped) == plain
    assert zipped[3] == 0  # no flags: no file name
    assert zipped[4:8] == bytes(4)  # no time


def test_values_are_cast_to_the_schema(tmp_path: Path) -> None:
    schema = pa.schema([("N", pa.decimal128(38, 2))])
    ints = pl.DataFrame({"N": pl.Series([2**100, None], dtype=pl.Int128)})

    assert (
        written(tmp_path / "f", Format.CSV, [ints], schema) == f"N\r\n{2**100}.00\r\n\r\n".encode()
    )


def test_names_and_content_types() -> None:
    assert [extension(kind, False) for kind in Format] == ["parquet", "json", "ndjson", "csv"]
    assert [extension(kind, True) for kind in TEXT_FORMATS] == ["json.gz", "ndjson.gz", "csv.gz"]
    assert content_type(Format.CSV, False) == "text/csv; charset=utf-8"
    assert content_type(Format.CSV, True) == "application/gzip"


@pytest.mark.parametrize("call", [extension, content_type])
def test_gzipped_parquet_is_a_usage_error(call: Any) -> None:
    with pytest.raises(UsageError, match="compressed inside"):
        call(Format.PARQUET, True)


def test_gzipped_parquet_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        open_writer(tmp_path / "f", Format.PARQUET, SCHEMA, gzip=True)

    assert not (tmp_path / "f").exists()


@pytest.mark.parametrize("kind", list(Format))
def test_a_failure_in_between_leaves_no_file(tmp_path: Path, kind: Format) -> None:
    def interrupted() -> None:
        with open_writer(tmp_path / "f", kind, SCHEMA) as writer:
            writer.write(frame(ROWS))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", list(Format))
def test_other_columns_than_the_schemas_are_refused_and_leave_no_file(
    tmp_path: Path, kind: Format
) -> None:
    with open_writer(tmp_path / "f", kind, SCHEMA) as writer:
        with pytest.raises(ValueError, match="instead of"):
            writer.write(frame(ROWS).reverse().select(pl.nth(1, 0)))
        with pytest.raises(ValueError, match="closed"):
            writer.write(frame(ROWS))

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", TEXT_FORMATS)
def test_a_type_that_no_file_carries_leaves_no_file(tmp_path: Path, kind: Format) -> None:
    with pytest.raises(TypeError):
        open_writer(tmp_path / "f", kind, pa.schema([("L", pa.list_(pa.int64()))]))

    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------------------ local resources


def test_a_missing_directory_is_a_local_failure(tmp_path: Path) -> None:
    with pytest.raises(LocalResourceError, match="No such file") as raised:
        open_writer(tmp_path / "missing" / "f.csv", Format.CSV, SCHEMA)

    assert isinstance(raised.value.__cause__, FileNotFoundError)


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        OSError("No space left on device (os error 28)"),
        pl.exceptions.ComputeError("failed: No space left on device (os error 28)"),
        OSError(27, "File too large"),
        MemoryError(),
        pa.ArrowMemoryError("malloc of size 1 failed"),
        PermissionError(13, "Permission denied"),
    ],
)
def test_libraries_word_one_failure_differently(error: Exception) -> None:
    assert isinstance(local_failure(error, Path("f")), LocalResourceError)


def test_other_failures_stay_what_they_are() -> None:
    assert local_failure(pl.exceptions.ComputeError("overflow in sum"), Path("f")) is None


DISK_FULL = """
import resource, sys
from pathlib import Path
import polars as pl, pyarrow as pa
from core.errors import LocalResourceError
from core.output import Format, open_writer

resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
schema = pa.schema([("N", pa.decimal128(38, 0)), ("F", pa.float64())])
numbers = pl.int_range(100_000, eager=True).hash(seed=1)
frame = pl.DataFrame({"N": numbers, "F": numbers.cast(pl.Float64)})
path = Path(sys.argv[1])
try:
    with open_writer(path, Format(sys.argv[2]), schema, gzip=sys.argv[3] == "gzip") as writer:
        for _ in range(int(sys.argv[4])):
            writer.write(frame)
except LocalResourceError as error:
    print(error.exit_code, path.exists(), error)
"""


@pytest.mark.parametrize(
    ("kind", "gzipped", "frames"),
    [
        (Format.PARQUET, "", 5),
        (Format.PARQUET, "", 1),  # the only row group is written as the file is closed
        (Format.JSON, "", 5),
        (Format.NDJSON, "gzip", 5),
        (Format.CSV, "", 1),
    ],
)
def test_a_full_disk_is_one_error_and_leaves_no_file(
    tmp_path: Path, kind: Format, gzipped: str, frames: int
) -> None:
    path = tmp_path / "f"

    done = subprocess.run(
        [sys.executable, "-c", DISK_FULL, str(path), kind, gzipped, str(frames)],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip

    assert done.stdout.startswith("9 False The disk is full")
    assert done.stderr == ""
    assert not path.exists()


MEMORY = """
import resource, sys
from pathlib import Path
import polars as pl, pyarrow as pa
from core.output import Format, open_writer

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

schema = pa.schema([("D", pa.date32()), ("K", pa.string()), ("N", pa.decimal128(38, 2))])
numbers = pl.int_range(100_000, eager=True)
frame = pl.DataFrame(
    {"D": (numbers // 1000).cast(pl.Int32).cast(pl.Date), "K": numbers.cast(pl.String),
     "N": numbers.cast(pl.Decimal(38, 2))}
)
before = peak()
with open_writer(Path(sys.argv[1]), Format(sys.argv[2]), schema, gzip=False) as writer:
    for count in range(50):
        writer.write(frame)
        if count == 4:
            early = peak()
print(writer.rows, early - before, peak() - early)
"""


@pytest.mark.parametrize("kind", [Format.PARQUET, Format.JSON])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, kind: Format) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(tmp_path / "f"), kind],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip

    rows, first, later = map(int, done.stdout.split())
    assert rows == 5_000_000
    assert first < 100  # MB for the first 500,000 rows, libraries included
    assert later < 60  # MB for the next 4,500,000: unbounded writers need hundreds


def test_importing_the_package_loads_neither_polars_nor_pyarrow() -> None:
    code = "import sys, core.output; print({'polars', 'pyarrow'} & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"
