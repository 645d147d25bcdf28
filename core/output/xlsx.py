"""XLSX: one sheet with a frozen header, written row by row in constant memory.

Values:

- dates, times and timestamps are Excel's numbers, with a format that shows them as such, where
  Excel can hold them: from March 1900 on, and to a millisecond. The others are text in ISO 8601;
- numbers are Excel's, of which it keeps 15 digits; more are refused, or all exact numbers are text
  with all their digits. The special floats are text, as Excel has none;
- text is text, whatever it looks like: never a formula, a link or a number. NULL is no cell, an
  empty text a cell with such a text, which Excel shows alike.

Sources: support.microsoft.com, "Excel specifications and limits" and "Date systems in Excel";
ECMA-376, part 1, 18.3.1.4 (cells).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, ClassVar, Final

import polars as pl
import pyarrow as pa
import pyarrow.types as pt
from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format as CellFormat
from xlsxwriter.worksheet import Worksheet

from core.errors import SourceDataError
from core.output.text import plain_text
from core.output.writer import BatchLimit
from core.remedy import Advice, Remedy

MOST_ROWS: Final = 1_048_576 - 1  # without the header
MOST_COLUMNS: Final = 16_384
MOST_CHARACTERS: Final = 32_767  # of UTF-16, of a cell
_MOST_DIGITS: Final = 15
_DAY: Final = timedelta(days=1)
# Excel takes 1900 for a leap year: its numbers of days agree with the calendar from March on.
_ORIGIN, _FIRST = datetime(1899, 12, 30), datetime(1900, 3, 1)  # noqa: DTZ001
_MOST_DECIMALS: Final = 30  # of a number format
_CREATED: Final = datetime(2000, 1, 1, tzinfo=UTC)  # fixed, so that equal rows make equal bytes

# Controls of XML, and the underscore of what looks like the escape of one, `_x0041_`
# (ECMA-376, part 1, 22.9.2.19, ST_Xstring); such underscores may follow each other.
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_ESCAPE: Final = re.compile("_(?=x[0-9A-Fa-f]{4}_)")

Put = Callable[[int, int, Any], object]


class _Sheet(Worksheet):  # type: ignore[misc]  # its base has no types
    """A sheet that takes no text for markup, and escapes what would be read as an escape."""

    @staticmethod
    def _escape_control_characters(data: Any) -> Any:
        if not isinstance(data, str):  # the number of a boolean
            return data
        return _CONTROL.sub(lambda each: f"_x{ord(each[0]):04X}_", _ESCAPE.sub("_x005F_", data))

    def _xml_rich_inline_string(self, string: str, attributes: Any = ()) -> None:
        """Write a text that begins with <r> and ends with </r> as text, not as markup."""
        self._xml_inline_string(string, True, list(attributes))


class XlsxEncoder:
    """Writes one workbook.

    Args:
        file: the file to write to, whose directory also takes a temporary file.
        schema: the delivered columns.
        text_numbers: write exact numbers as text.

    Raises:
        SourceDataError: there are more columns than a sheet can have.
    """

    limit: ClassVar[BatchLimit] = BatchLimit(rows=4 * 1024, bytes=4 * 1024 * 1024)

    def __init__(self, file: IO[bytes], schema: pa.Schema, *, text_numbers: bool = False) -> None:
        if len(schema) > MOST_COLUMNS:
            raise SourceDataError(
                f"A sheet of Excel has at most {MOST_COLUMNS:,} columns, not {len(schema):,}.",
                Advice("Leave columns out: ", Remedy("drop_columns"), "."),
            )
        self._rows = 0
        options = {"constant_memory": True, "tmpdir": str(Path(file.name).parent)}
        self._book = Workbook(file, options)
        self._book.use_zip64()  # only where a part is larger than 4 GB
        self._book.set_properties({"created": _CREATED})
        self._sheet = self._book.add_worksheet("data", worksheet_class=_Sheet)
        self._sheet.freeze_panes(1, 0)
        bold = self._book.add_format({"bold": True})
        self._nothing = self._format("General")
        self._columns = [
            self._choose(name, kind, text_numbers=text_numbers)
            for name, kind in zip(schema.names, schema.types, strict=True)
        ]
        self._texts = [
            plain_text(pl.nth(n), kind) if _becomes_text(kind) else pl.nth(n)
            for n, kind in enumerate(schema.types)
        ]
        for n, name in enumerate(schema.names):
            self._sheet.set_column(n, n, _find_width(schema.types[n]))
            self._text(name)(0, n, name, bold)

    def put(self, batch: pl.DataFrame) -> None:
        """Write the rows of `batch`.

        Raises:
            SourceDataError: a sheet cannot hold so many rows, or a value.
        """
        if self._rows + batch.height > MOST_ROWS:
            raise SourceDataError(
                f"A sheet of Excel has at most {MOST_ROWS:,} rows below its header, and there are "
                "more.",
                Advice(
                    "Deliver another format: ",
                    Remedy("format", "csv"),
                    "; or fewer rows: ",
                    Remedy("key_columns"),
                    " or ",
                    Remedy("last_months"),
                    ".",
                ),
            )
        frame = batch.select(e.alias(str(n)) for n, e in enumerate(self._texts))
        for values in frame.iter_rows():
            self._rows += 1
            empty = True
            for n, value in enumerate(values):
                if value is not None:
                    self._columns[n](self._rows, n, value)
                    empty = False
            if empty:  # a row without cells would not be written
                self._sheet.write_blank(self._rows, 0, None, self._nothing)

    def finish(self) -> None:
        """Write the workbook."""
        try:
            self._book.close()
        except FileCreateError as error:  # wraps the operating system's
            cause = error.__cause__ or error.__context__ or error
            raise cause if isinstance(cause, OSError) else error from error

    def abandon(self) -> None:
        """Close the temporary file; xlsxwriter would write the workbook when it is collected."""
        self._book.fileclosed = True
        with suppress(Exception):
            self._sheet.row_data_fh.close()
            Path(self._sheet.row_data_filename).unlink(missing_ok=True)

    def _format(self, form: str) -> CellFormat:
        return self._book.add_format({"num_format": form})

    def _choose(self, name: str, kind: pa.DataType, *, text_numbers: bool) -> Put:
        """Return the function that writes a value of a column."""
        if pt.is_boolean(kind):
            return self._sheet.write_boolean  # type: ignore[no-any-return]
        if pt.is_date32(kind):
            return self._date(self._format("yyyy-mm-dd"))
        if pt.is_timestamp(kind) and not _becomes_text(kind):
            return self._moment(self._format("yyyy-mm-dd hh:mm:ss.000"), kind.tz)
        if pt.is_time64(kind) and not _becomes_text(kind):
            return self._clock(self._format("hh:mm:ss.000"))
        if pt.is_decimal(kind) or pt.is_integer(kind):
            if text_numbers:
                return self._digits
            scale = min(getattr(kind, "scale", 0), _MOST_DECIMALS)
            return self._number(name, self._format(f"0.{'0' * scale}" if scale else "0"))
        if pt.is_float64(kind):
            return self._float
        return self._text(name)

    def _date(self, form: CellFormat) -> Put:
        def put(row: int, column: int, value: date) -> None:
            days = (datetime(value.year, value.month, value.day) - _ORIGIN).days  # noqa: DTZ001
            if value >= _FIRST.date():
                self._sheet.write_number(row, column, days, form)
            else:
                self._sheet.write_string(row, column, value.isoformat())

        return put

    def _moment(self, form: CellFormat, zone: str | None) -> Put:
        def put(row: int, column: int, value: datetime) -> None:
            value = value.replace(tzinfo=None)
            if value >= _FIRST and not value.microsecond % 1000:
                self._sheet.write_number(row, column, (value - _ORIGIN) / _DAY, form)
            else:
                text = value.isoformat(timespec="microseconds")
                self._sheet.write_string(row, column, f"{text}Z" if zone else text)

        return put

    def _clock(self, form: CellFormat) -> Put:
        def put(row: int, column: int, value: time) -> None:
            if value.microsecond % 1000:
                self._sheet.write_string(row, column, value.isoformat(timespec="microseconds"))
                return
            day = datetime.combine(_ORIGIN, value)
            self._sheet.write_number(row, column, (day - _ORIGIN) / _DAY, form)

        return put

    def _number(self, name: str, form: CellFormat) -> Put:
        def put(row: int, column: int, value: Decimal | int) -> None:
            digits = _write_digits(value).lstrip("-").replace(".", "").strip("0")
            if len(digits) > _MOST_DIGITS:
                raise SourceDataError(
                    f"Column {name} has numbers of more than {_MOST_DIGITS} digits, which Excel "
                    "would round.",
                    Advice(
                        "Write numbers as text: ",
                        Remedy("xlsx_text_numbers", True),
                        "; or deliver another format: ",
                        Remedy("format", "csv"),
                        ".",
                    ),
                )
            self._sheet.write_number(row, column, float(value), form)

        return put

    def _digits(self, row: int, column: int, value: Decimal | int) -> None:
        self._sheet.write_string(row, column, _write_digits(value))

    def _float(self, row: int, column: int, value: float) -> None:
        if value - value == 0:
            self._sheet.write_number(row, column, value)
            return
        special = "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
        self._sheet.write_string(row, column, special)

    def _text(self, name: str) -> Callable[..., None]:
        def put(row: int, column: int, value: str, form: CellFormat | None = None) -> None:
            long = len(value) > MOST_CHARACTERS // 2  # a character has one or two units of UTF-16
            if long and len(value.encode("utf-16-le")) // 2 > MOST_CHARACTERS:
                raise SourceDataError(
                    f"Column {name} has texts of more than {MOST_CHARACTERS:,} characters, which a "
                    "cell of Excel cannot hold.",
                    Advice(
                        "Deliver another format: ",
                        Remedy("format", "csv"),
                        "; or leave the column out: ",
                        Remedy("drop_columns"),
                        ".",
                    ),
                )
            self._sheet.write_string(row, column, value, form)

        return put


def _write_digits(value: Decimal | int) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _becomes_text(kind: pa.DataType) -> bool:
    """Whether no value of a type is held by Excel: nanoseconds, and bytes."""
    if pt.is_timestamp(kind) or pt.is_time64(kind):
        return bool(kind.unit == "ns")
    return bool(pt.is_binary(kind) or pt.is_large_binary(kind))


def _find_width(kind: pa.DataType) -> int:
    """Return the width of a column in characters: Excel shows ##### for what does not fit."""
    if pt.is_timestamp(kind):
        return 26
    return 18 if pt.is_decimal(kind) or pt.is_integer(kind) else 14
