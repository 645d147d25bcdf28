"""A delivered file, read again: by other code than wrote it, piece by piece.

Only the month and the summed columns are looked at. Parquet and CSV are read by pyarrow (polars
wrote them); JSON by Python, the one reader here that keeps all digits of its numbers.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import IO, Any, cast

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from core.aggregation.reconciliation import MOST_DIGITS
from core.errors import IntegrityError
from core.output import Format
from core.output.csv_injection import escape_formula
from core.planning.plan import Plan, PlannedColumn
from core.verify.month_totals import MONTH, Month, MonthFigures, fold, summable

_PARQUET_ROWS = 64 * 1024
_JSON_BYTES = 4 * 1024 * 1024
# A record must fit into a block; larger ones are tried where it does not, up to more than one
# VARCHAR holds (docs.snowflake.com, "String & binary data types": 128 MB).
_CSV_BLOCKS = (4 * 1024 * 1024, 64 * 1024 * 1024, 512 * 1024 * 1024)


def read_figures(
    path: Path, kind: Format, plan: Plan, *, gzipped: bool, escaped_formulas: bool = False
) -> dict[Month, MonthFigures]:
    """What a local file holds, by month.

    Args:
        path: the file.
        kind: its format.
        plan: what it should hold.
        gzipped: whether it is compressed as a whole.
        escaped_formulas: whether csv cells that look like formulas are made text, names too.

    Raises:
        IntegrityError: it cannot be read as what it should be.
    """
    try:
        return _read(path, kind, plan, gzipped, escaped_formulas)
    except (pa.ArrowException, ValueError, KeyError, TypeError, EOFError, zlib.error) as error:
        raise IntegrityError(
            f"The delivered file cannot be read as {kind} with the columns of the plan "
            f"({type(error).__name__})."
        ) from error


def _read(
    path: Path, kind: Format, plan: Plan, gzipped: bool, escape: bool
) -> dict[Month, MonthFigures]:
    if kind is Format.PARQUET:
        return fold(_parquet(path, plan))
    if kind is not Format.CSV:
        return fold(_json(path, plan, gzipped, array=kind is Format.JSON))
    for block in _CSV_BLOCKS[:-1]:
        with suppress(_RecordTooLargeError):
            return fold(_csv(path, plan, gzipped, escape, block))
    return fold(_csv(path, plan, gzipped, escape, _CSV_BLOCKS[-1]))


class _RecordTooLargeError(ValueError):
    """A record of a CSV file is larger than the block it should fit into."""


def _parquet(path: Path, plan: Plan) -> Iterator[pa.Table]:
    with pq.ParquetFile(path) as file:
        if file.schema_arrow.names != _names(plan):
            raise KeyError("other columns")
        wanted = [plan.month.name, *(column.name for column in plan.sums)]
        places = [_names(plan).index(name) for name in wanted]
        leaves = [file.schema.column(place).path for place in places]
        for batch in file.iter_batches(_PARQUET_ROWS, columns=leaves):
            yield _table([batch[name] for name in wanted])


def _csv(path: Path, plan: Plan, gzipped: bool, escape: bool, block: int) -> Iterator[pa.Table]:
    name: Callable[[str], str] = escape_formula if escape else str
    with _opened(path, gzipped) as file, io.TextIOWrapper(file, "utf-8", newline="") as text:
        if next(csv.reader(text), None) != list(map(name, _names(plan))):
            raise KeyError("other columns")
    types = {name(plan.month.name): pa.string(), **{name(c.name): _type(c) for c in plan.sums}}
    options = pa_csv.ConvertOptions(
        include_columns=list(types),
        column_types=types,
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    with _opened(path, gzipped) as file:
        try:
            for batch in pa_csv.open_csv(
                file,
                pa_csv.ReadOptions(block_size=block),
                pa_csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
                options,
            ):
                yield _table(batch.columns)
        except pa.ArrowInvalid as error:
            raise (_RecordTooLargeError if "block size" in str(error) else ValueError) from error


def _json(path: Path, plan: Plan, gzipped: bool, *, array: bool) -> Iterator[pa.Table]:
    with _opened(path, gzipped) as file:
        lines: Iterator[bytes] = _elements(file) if array else iter(file)
        while part := _some(lines):
            yield _records_table(part, plan)


def _opened(path: Path, gzipped: bool) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path)) if gzipped else path.open("rb")


def _elements(file: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of the elements of an array that has one a line."""
    lines = (line.strip() for line in file)
    first = next(lines, b"")
    if first == b"[]":
        return
    if first != b"[":
        raise ValueError("no array")
    for line in lines:
        yield line.removesuffix(b",")
        if not line.endswith(b","):
            break
    if list(islice(lines, 2)) != [b"]"]:
        raise ValueError("no end")


def _some(lines: Iterator[bytes]) -> list[bytes]:
    """The next lines, about 4 MB of them."""
    part: list[bytes] = []
    size = 0
    for line in lines:
        part.append(line)
        size += len(line)
        if size >= _JSON_BYTES:
            break
    return part


def _records_table(lines: list[bytes], plan: Plan) -> pa.Table:
    # As one array: the decoder is entered once. Decimals keep every digit.
    records: list[dict[str, Any]] = json.loads(
        b"[" + b",".join(lines) + b"]",
        parse_float=Decimal,
        parse_int=Decimal,
        parse_constant=_no_number,
    )
    names = set(_names(plan))
    if len(records) != len(lines) or any(record.keys() != names for record in records):
        raise ValueError("not one record a line, or other columns")
    month = pa.array([record[plan.month.name] for record in records], pa.string())
    sums = [_numbers([record[c.name] for record in records], c) for c in plan.sums]
    return _table([month, *sums])


def _no_number(text: str) -> Decimal:
    raise ValueError(f"{text} is no JSON")


def _numbers(values: list[Any], column: PlannedColumn) -> pa.Array:
    if column.source.type.kind == "FIXED":
        return pa.array(values, _type(column))
    # NaN and infinities are texts, which JSON has no numbers for.
    return pa.array([None if value is None else float(value) for value in values], pa.float64())


def _table(columns: list[pa.Array]) -> pa.Table:
    month, *sums = (pa.chunked_array([column]) for column in columns)
    names = [MONTH, *(f"sum_{n}" for n in range(1, len(sums) + 1))]
    return pa.table([month.cast(pa.string()), *map(summable, sums)], names=names)


def _type(column: PlannedColumn) -> pa.DataType:
    kind = column.source.type
    return pa.decimal128(MOST_DIGITS, kind.scale) if kind.kind == "FIXED" else pa.float64()


def _names(plan: Plan) -> list[str]:
    return [column.name for column in plan.delivered]
