"""The delivered file: parquet, json, ndjson or csv, written to a local disk in bounded memory.

The names, types and order of the columns come from the Arrow schema; the rows arrive as polars
frames. Equal rows make equal bytes, however they are cut into frames.

Importing this package is cheap: polars and pyarrow load with the first `open_writer`.
"""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from core.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from core.output.writer import Writer

__all__ = ["Format", "content_type", "extension", "open_writer"]


class Format(StrEnum):
    """The formats of a delivery, by the names that users give them."""

    PARQUET = "parquet"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"


_CONTENT_TYPES = {
    Format.PARQUET: "application/vnd.apache.parquet",
    Format.JSON: "application/json",
    Format.NDJSON: "application/x-ndjson",
    Format.CSV: "text/csv; charset=utf-8",
}


def extension(format: Format, gzip: bool) -> str:  # noqa: A002 - the users' word for it
    """The file name's ending, without its leading dot: `"parquet"`, `"csv.gz"`.

    Raises:
        UsageError: gzip was asked for parquet, which is compressed already.
    """
    if not gzip:
        return format.value
    if format is Format.PARQUET:
        raise UsageError(
            "A parquet file cannot be gzipped: it is compressed inside.",
            "Leave gzip out, or choose json, ndjson or csv.",
        )
    return f"{format.value}.gz"


def content_type(format: Format, gzip: bool) -> str:  # noqa: A002 - the users' word for it
    """The media type to store with the object.

    A gzipped file is `application/gzip`, not its format with a `Content-Encoding`: clients would
    undo the encoding on download and be left with a `.gz` file that is not one.

    Raises:
        UsageError: as `extension`.
    """
    extension(format, gzip)
    return "application/gzip" if gzip else _CONTENT_TYPES[format]


def open_writer(
    path: Path,
    format: Format,  # noqa: A002 - the users' word for it
    schema: pa.Schema,
    *,
    gzip: bool = False,
    escape_formulas: bool = False,
) -> Writer:
    """Create `path`, replacing what is there, and return the writer that fills it.

    Args:
        path: the local file; its directory exists.
        format: what to write.
        schema: the delivered columns. Types: bool, integers, float64, decimal128, string, binary,
            date32, time64, timestamp (µs or ns; in UTC or without zone).
        gzip: compress the whole file.
        escape_formulas: in csv, text that a spreadsheet would take for a formula gets an
            apostrophe in front.

    Raises:
        UsageError: parquet and gzip.
        TypeError: the schema holds a type that no file can carry.
        LocalResourceError: the file cannot be created.
    """
    from core.output.writer import EncoderFactory, Writer

    extension(format, gzip)
    if format is Format.PARQUET:
        from core.output.parquet import ParquetEncoder

        return Writer(path, schema, ParquetEncoder)
    from core.output.text import csv_encoder, json_encoder, ndjson_encoder

    encoders: dict[Format, EncoderFactory] = {
        Format.JSON: json_encoder,
        Format.NDJSON: ndjson_encoder,
        Format.CSV: partial(csv_encoder, escape_formulas=escape_formulas),
    }
    return Writer(path, schema, encoders[format], gzip=gzip)
