"""The file: its format, and how values are written."""

from __future__ import annotations

from typing import Final

from core.request.options.option import Option
from core.request.options.values import TEXT, ColumnNames, FileFormat, LargeNumbers, TimestampUnit

OUTPUT: Final = {
    "format": Option(
        help="The format of the file. In json it is one array of records, in ndjson one record per "
        "line, in xlsx a workbook of Excel.",
        type=FileFormat,
        default="parquet",
    ),
    "gzip": Option(
        help="Compress the file with gzip. Parquet and xlsx files are compressed already.",
        type=bool,
        default=False,
    ),
    "csv_escape_formulas": Option(
        help="In csv, put an apostrophe before text and column names that a spreadsheet would "
        "evaluate as a formula: those that begin with =, +, -, @, a tab or a line break.",
        type=bool,
        default=False,
    ),
    "csv_delimiter": Option(
        help="In csv, the character between two values; `\\t` is a tab.",
        type=str,
        default=",",
        placeholder="CHARACTER",
        examples=(";", r"\t"),
    ),
    "csv_null": Option(
        help="In csv, the text for NULL. A text that is the same is put in quotation marks.",
        type=str,
        default="",
        placeholder="TEXT",
        examples=(r"\N", "NULL"),
    ),
    "csv_bom": Option(
        help="Begin csv with the byte order mark by which Excel recognises UTF-8.",
        type=bool,
        default=False,
    ),
    "csv_decimal_comma": Option(
        help="In csv, write numbers with a comma for the decimal point. Needs another "
        "`csv_delimiter`.",
        type=bool,
        default=False,
    ),
    "json_large_numbers": Option(
        help="How json and ndjson hold numbers that a 64-bit float cannot hold, which many "
        "readers would round: as a `number` with all its digits, or as `text`.",
        type=LargeNumbers,
        default="number",
    ),
    "xlsx_text_numbers": Option(
        help="In xlsx, write the numbers of NUMBER columns as text, with all their digits. Without "
        "it, numbers of more than 15 digits, which Excel would round, are an error.",
        type=bool,
        default=False,
    ),
    "encrypt_to": Option(
        help="Encrypt the file to OpenPGP keys before it leaves this machine. These are files of "
        "public keys, binary or armoured, or directories of them; each key can decrypt it. Not "
        "with engine `unload`.",
        type=ColumnNames,
        default=(),
        placeholder="FILE,...",
        examples=("partner.asc", "~/keys"),
    ),
    "timestamp_unit": Option(
        help="The unit of times and timestamps: `us`, or `ns` for the nanoseconds of columns that "
        "have them. With `us`, a value with a fraction of a microsecond is an error; with `ns`, a "
        "year outside 1677-2262.",
        type=TimestampUnit,
        default="us",
    ),
    "file_name": Option(
        help="The template for the name of the object, with {table}, {schema}, {database}, "
        "{timestamp}, {date}, {run_id} and {ext}; and, if only some months are read, {since} and "
        "{until}, or {month} of one month.",
        type=TEXT,
        absent="`{table}_monthly_{timestamp}.{ext}`",
        placeholder="TEMPLATE",
        examples=("{table}_{date}.{ext}",),
    ),
}
