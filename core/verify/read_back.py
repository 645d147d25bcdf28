"""Read a delivered file back, in pieces, with another library than the one that wrote it.

Only the month and the summed columns are read. Parquet and CSV are read by pyarrow (polars wrote
them); JSON by Python's decoder, the only one of the three that keeps all digits of its numbers.
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
from zipfile import BadZipFile

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from core.aggregation.reconciliation import MOST_DIGITS
from core.errors import IntegrityError
from core.output import Format
from core.output.csv_injection import escape_formula
from core.output.text_form import PLAIN, TextForm
from core.planning.plan import Plan, PlannedColumn
from core.verify.month_totals import MONTH, Month, MonthFigures, sum_by_month, widen
from core.verify.read_xlsx import Cell, read_date, read_decimal, read_float, read_rows

_PARQUET_ROWS = 64 * 1024
_UNREADABLE = (
    *(pa.ArrowException, ValueError, KeyError, TypeError, EOFError, zlib.error, BadZipFile),
)
_XLSX_ROWS = 16 * 1024
_JSON_BYTES = 4 * 1024 * 1024
# Bytes of a block, into which a record must fit. If one does not, the next size is tried; the last
# holds the largest VARCHAR (docs.snowflake.com, "String & binary data types": 128 MB) and more.
_CSV_BLOCKS = (4 * 1024 * 1024, 64 * 1024 * 1024, 512 * 1024 * 1024)


def read_figures(
    path: Path, kind: Format, plan: Plan, *, gzipped: bool, text: TextForm = PLAIN
) -> dict[Month, MonthFigures]:
    """Return the figures of a local file by month.

    Args:
        path: the file.
        kind: its format.
        plan: the plan of the run, which determines its columns.
        gzipped: whether the whole file is compressed.
        text: how values are written in csv and JSON.

    Raises:
        IntegrityError: the file cannot be read in this format, or has other columns.
    """
    try:
        return _read(path, kind, plan, gzipped, text)
    except _UNREADABLE as error:
        raise IntegrityError(
            f"The delivered file cannot be read as {kind} with the columns of the plan "
            f"({type(error).__name__})."
        ) from error


def _read(
    path: Path, kind: Format, plan: Plan, gzipped: bool, form: TextForm
) -> dict[Month, MonthFigures]:
    if kind is Format.PARQUET:
        return sum_by_month(_read_parquet(path, plan))
    if kind is Format.XLSX:
        return sum_by_month(_read_xlsx(path, plan))
    if kind is not Format.CSV:
        return sum_by_month(_read_json(path, plan, gzipped, form, array=kind is Format.JSON))
    for block in _CSV_BLOCKS[:-1]:
        with suppress(_RecordTooLargeError):
            return sum_by_month(_read_csv(path, plan, gzipped, form, block))
    return sum_by_month(_read_csv(path, plan, gzipped, form, _CSV_BLOCKS[-1]))


class _RecordTooLargeError(ValueError):
    """A record of a CSV file does not fit into a block."""


def _read_parquet(path: Path, plan: Plan) -> Iterator[pa.Table]:
    with pq.ParquetFile(path) as file:
        if file.schema_arrow.names != _names(plan):
            raise KeyError("other columns")
        wanted = [plan.month.delivered_name, *(column.delivered_name for column in plan.sums)]
        places = [_names(plan).index(name) for name in wanted]
        leaves = [file.schema.column(place).path for place in places]
        for batch in file.iter_batches(_PARQUET_ROWS, columns=leaves):
            yield _make_table([batch[name] for name in wanted])


def _read_csv(
    path: Path, plan: Plan, gzipped: bool, form: TextForm, block: int
) -> Iterator[pa.Table]:
    name: Callable[[str], str] = escape_formula if form.escape_formulas else str
    coding = "utf-8-sig" if form.bom else "utf-8"
    with _open(path, gzipped) as file, io.TextIOWrapper(file, coding, newline="") as text:
        if next(csv.reader(text, delimiter=form.delimiter), None) != list(map(name, _names(plan))):
            raise KeyError("other columns")
    types = {
        name(plan.month.delivered_name): pa.string(),
        **{name(c.delivered_name): _type(c) for c in plan.sums},
    }
    options = pa_csv.ConvertOptions(
        include_columns=list(types),
        column_types=types,
        null_values=[form.null],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        decimal_point="," if form.decimal_comma else ".",
    )
    with _open(path, gzipped) as file:
        try:
            for batch in pa_csv.open_csv(
                file,
                pa_csv.ReadOptions(block_size=block),
                pa_csv.ParseOptions(
                    delimiter=form.delimiter, newlines_in_values=True, ignore_empty_lines=False
                ),
                options,
            ):
                yield _make_table(batch.columns)
        except pa.ArrowInvalid as error:
            raise (_RecordTooLargeError if "block size" in str(error) else ValueError) from error


def _read_json(
    path: Path, plan: Plan, gzipped: bool, form: TextForm, *, array: bool
) -> Iterator[pa.Table]:
    with _open(path, gzipped) as file:
        lines: Iterator[bytes] = _split_array(file) if array else iter(file)
        while part := _take_lines(lines):
            yield _parse_records(part, plan, form)


def _read_xlsx(path: Path, plan: Plan) -> Iterator[pa.Table]:
    rows = read_rows(path)
    header = next(rows, {})
    if [header.get(n, (False, ""))[1] for n in range(len(header))] != _names(plan):
        raise KeyError("other columns")
    month, *sums = (_names(plan).index(c.delivered_name) for c in (plan.month, *plan.sums))
    while part := list(islice(rows, _XLSX_ROWS)):
        months = pa.array([read_date(row.get(month)) for row in part], pa.string())
        totals = [
            pa.array([_read_number(c)(row.get(place)) for row in part], _type(c))
            for place, c in zip(sums, plan.sums, strict=True)
        ]
        yield _make_table([months, *totals])


def _read_number(column: PlannedColumn) -> Callable[[Cell | None], Decimal | float | None]:
    return read_decimal if column.source.type.kind == "FIXED" else read_float


def _open(path: Path, gzipped: bool) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path)) if gzipped else path.open("rb")


def _split_array(file: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the elements of a JSON array that is written with one element per line."""
    lines = (line.strip() for line in file)
    first = next(lines, b"")
    if first == b"[]":
        return
    if first != b"[":
        raise ValueError("not an array")
    for line in lines:
        yield line.removesuffix(b",")
        if not line.endswith(b","):
            break
    if list(islice(lines, 2)) != [b"]"]:
        raise ValueError("the array does not end")


def _take_lines(lines: Iterator[bytes]) -> list[bytes]:
    """Return the next lines, about 4 MB of them; empty at the end."""
    part: list[bytes] = []
    size = 0
    for line in lines:
        part.append(line)
        size += len(line)
        if size >= _JSON_BYTES:
            break
    return part


def _parse_records(lines: list[bytes], plan: Plan, form: TextForm) -> pa.Table:
    # Joined to one array, so that the decoder is called once. Decimals keep every digit.
    records: list[dict[str, Any]] = json.loads(
        b"[" + b",".join(lines) + b"]",
        parse_float=Decimal,
        parse_int=Decimal,
        parse_constant=_refuse_constant,
    )
    names = set(_names(plan))
    if len(records) != len(lines) or any(record.keys() != names for record in records):
        raise ValueError("not one record per line, or other columns")
    month = pa.array([record[plan.month.delivered_name] for record in records], pa.string())
    sums = [
        _parse_numbers([record[c.delivered_name] for record in records], c, form) for c in plan.sums
    ]
    return _make_table([month, *sums])


def _refuse_constant(text: str) -> Decimal:
    raise ValueError(f"{text} is not valid JSON")


def _parse_numbers(values: list[Any], column: PlannedColumn, form: TextForm) -> pa.Array:
    if column.source.type.kind == "FIXED":
        if form.large_numbers_as_text:
            values = [Decimal(value) if isinstance(value, str) else value for value in values]
        return pa.array(values, _type(column))
    # JSON has no numbers for NaN and infinities: they are written as strings.
    return pa.array([None if value is None else float(value) for value in values], pa.float64())


def _make_table(columns: list[pa.Array]) -> pa.Table:
    month, *sums = (pa.chunked_array([column]) for column in columns)
    names = [MONTH, *(f"sum_{n}" for n in range(1, len(sums) + 1))]
    return pa.table([month.cast(pa.string()), *map(widen, sums)], names=names)


def _type(column: PlannedColumn) -> pa.DataType:
    kind = column.source.type
    return pa.decimal128(MOST_DIGITS, kind.scale) if kind.kind == "FIXED" else pa.float64()


def _names(plan: Plan) -> list[str]:
    return [column.delivered_name for column in plan.delivered]
