"""The delivered file, of any format, written to a local disk in bounded memory.

An Arrow schema gives the names, types and order of the columns; the rows are written as polars
frames. Equal rows make equal bytes, however the rows are divided into frames.

Importing this package loads neither polars nor pyarrow; the first call of `open_writer` does.
"""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from core.errors import UsageError
from core.output.recipients import ENCRYPTED, find_missing_pgp
from core.output.text_form import PLAIN, TextForm

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from core.output.writer import Writer

__all__ = ["Format", "TextForm", "content_type", "extension", "find_missing_library", "open_writer"]


class Format(StrEnum):
    """The formats of a delivery; their values are those of the option `format`."""

    PARQUET = "parquet"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    XLSX = "xlsx"


_CONTENT_TYPES = {
    Format.PARQUET: "application/vnd.apache.parquet",
    Format.JSON: "application/json",
    Format.NDJSON: "application/x-ndjson",
    Format.CSV: "text/csv; charset=utf-8",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_COMPRESSED = (Format.PARQUET, Format.XLSX)


def extension(format: Format, gzip: bool, encrypted: bool = False) -> str:  # noqa: A002
    """Return the extension of the file name, without its leading dot: `"csv.gz"`, `"csv.gpg"`.

    Raises:
        UsageError: `gzip` is set for parquet or xlsx, which are compressed already.
    """
    if encrypted:
        return f"{extension(format, gzip)}{ENCRYPTED}"
    if not gzip:
        return format.value
    if format in _COMPRESSED:
        raise UsageError(
            f"A {format} file cannot be gzipped: it is compressed already.",
            "Leave gzip out, or choose json, ndjson or csv.",
        )
    return f"{format.value}.gz"


def content_type(format: Format, gzip: bool, encrypted: bool = False) -> str:  # noqa: A002
    """Return the media type to store with the object.

    A gzipped file is `application/gzip`, not its format with a `Content-Encoding`: clients decode
    such an encoding on download, and would save a `.gz` file that is not compressed.

    Raises:
        UsageError: as `extension`.
    """
    extension(format, gzip)
    if encrypted:
        return "application/pgp-encrypted"
    return "application/gzip" if gzip else _CONTENT_TYPES[format]


def find_missing_library(format: Format, encrypted: bool) -> UsageError | None:  # noqa: A002
    """Return the error for a format or an encryption whose library is not installed, or None.

    A run looks for it before it starts.
    """
    missing = _find_missing_xlsx() if format is Format.XLSX else None
    return missing or (find_missing_pgp() if encrypted else None)


def _find_missing_xlsx() -> UsageError | None:
    if find_spec("xlsxwriter") is not None:
        return None
    return UsageError(
        "Format xlsx needs the library xlsxwriter, which is not installed.",
        "Install it: pip install 'amplify-transfer[xlsx]'.",
    )


def open_writer(
    path: Path,
    format: Format,  # noqa: A002 - the name of the option
    schema: pa.Schema,
    *,
    gzip: bool = False,
    text: TextForm = PLAIN,
) -> Writer:
    """Create the file `path`, replacing an existing one, and return its writer.

    Args:
        path: the local file; its directory exists.
        format: the format of the file.
        schema: the delivered columns. Types: bool, integers, float64, decimal128, string, binary,
            date32, time64, timestamp (µs or ns; in UTC or without zone).
        gzip: compress the whole file.
        text: how values are written in csv and JSON.

    Raises:
        UsageError: `gzip` is set for parquet or xlsx, or the library of xlsx is not installed.
        SourceDataError: xlsx cannot hold so many columns.
        TypeError: the schema holds a type that is never delivered.
        LocalResourceError: the file cannot be created.
    """
    from core.output.writer import EncoderFactory, Writer

    extension(format, gzip)
    if format is Format.PARQUET:
        from core.output.parquet import ParquetEncoder

        return Writer(path, schema, ParquetEncoder)
    if format is Format.XLSX:
        if missing := _find_missing_xlsx():
            raise missing
        from core.output.xlsx import XlsxEncoder

        return Writer(path, schema, partial(XlsxEncoder, text_numbers=text.xlsx_text_numbers))
    from core.output.text import csv_encoder, json_encoder, ndjson_encoder

    encoders: dict[Format, EncoderFactory] = {
        Format.JSON: partial(json_encoder, form=text),
        Format.NDJSON: partial(ndjson_encoder, form=text),
        Format.CSV: partial(csv_encoder, form=text),
    }
    return Writer(path, schema, encoders[format], gzip=gzip)
