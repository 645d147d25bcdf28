"""Writing one output file: its name, its failures, its memory."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from core.errors import LocalResourceError, UsageError
from core.output import Format, content_type, extension, open_writer
from core.output.writer import local_failure
from tests.support.output_rows import DIGITS, ROWS, SCHEMA, TEXT_FORMATS, frame, written


@pytest.mark.parametrize(
    ("kind", "gzipped"), [(kind, False) for kind in Format] + [(Format.NDJSON, True)]
)
def test_equal_rows_make_equal_bytes_however_they_are_batched(
    tmp_path: Path, kind: Format, gzipped: bool
) -> None:
    whole = frame(ROWS * (2_000 if kind is Format.XLSX else 20_000))  # more than one batch
    pieces = [whole.slice(0, 1), whole.slice(1, 0), *whole.slice(1).iter_slices(7_777)]

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


@pytest.mark.parametrize("kind", list(Format))
def test_what_is_closed_stays(tmp_path: Path, kind: Format) -> None:
    path = tmp_path / "f"
    with open_writer(path, kind, SCHEMA, gzip=False, text=DIGITS) as writer:
        writer.write(frame(ROWS))
        writer.close()
        finished = path.read_bytes()
        writer.close()
    writer.discard()
    assert path.read_bytes() == finished
    with pytest.raises(ValueError, match="closed"):
        writer.write(frame(ROWS))
    assert path.read_bytes() == finished


def test_names_and_content_types() -> None:
    assert [extension(kind, False) for kind in Format] == [*Format]
    assert [extension(kind, True) for kind in TEXT_FORMATS] == ["json.gz", "ndjson.gz", "csv.gz"]
    assert content_type(Format.CSV, False) == "text/csv; charset=utf-8"
    assert content_type(Format.CSV, True) == "application/gzip"


@pytest.mark.parametrize("call", [extension, content_type])
def test_gzipped_parquet_is_a_usage_error(call: Any) -> None:
    with pytest.raises(UsageError, match="compressed already"):
        call(Format.PARQUET, True)


def test_gzipped_parquet_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        open_writer(tmp_path / "f", Format.PARQUET, SCHEMA, gzip=True)

    assert not (tmp_path / "f").exists()


@pytest.mark.parametrize("kind", list(Format))
def test_an_interrupted_write_leaves_no_file(tmp_path: Path, kind: Format) -> None:
    def interrupt() -> None:
        with open_writer(tmp_path / "f", kind, SCHEMA) as writer:
            writer.write(frame(ROWS))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()

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
def test_every_form_of_a_local_failure_is_recognised(error: Exception) -> None:
    assert isinstance(local_failure(error, Path("f")), LocalResourceError)


def test_other_failures_are_not_local() -> None:
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
