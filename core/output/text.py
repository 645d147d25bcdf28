"""JSON, NDJSON and CSV: polars expressions turn every batch into one column of lines.

Values in all three formats:

- integers and decimals with all their digits (1.10 stays 1.10); floats as the shortest text that
  is parsed as the same float;
- dates and times in ISO 8601: `2024-01-31`, `23:30:00.123456`, `2024-01-31T23:30:00.123456`, with
  a trailing `Z` if the column is in UTC; as many fractional digits as the column's unit has;
- binary in upper-case hex; booleans as `true` and `false`; the special floats as `NaN`, `Infinity`
  and `-Infinity` (strings in JSON, which has no such numbers).

CSV follows RFC 4180, so lines end in CR LF. Text and binary are quoted only if they must be, and if
they are empty or the text for NULL, to distinguish them from it. A row whose only column is NULL is
an empty line, unless there is a text for NULL.
Text that a spreadsheet would evaluate as a formula is escaped if that option is set
(`core.output.csv_injection`).
"""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, ClassVar

import polars as pl
import pyarrow as pa
import pyarrow.types as pt

from core.output import csv_injection
from core.output.json_escapes import ESCAPES
from core.output.text_form import LARGEST_WHOLE, MOST_DIGITS, PLAIN, TextForm
from core.output.writer import BatchLimit


@dataclass(frozen=True)
class Layout:
    """The bytes around the lines of a file.

    Attributes:
        before: precede the first line.
        between: separate two lines.
        after: follow the last line.
        empty: the whole content of a file without rows.
    """

    before: bytes
    between: bytes
    after: bytes
    empty: bytes


class TextEncoder:
    """Writes one line per row.

    Args:
        file: the file to write to.
        line: the expression that makes the line of a row.
        layout: the bytes around the lines.
        large: the expression that finds, by the position of a column, whether a batch has numbers
            that a 64-bit float cannot hold; None if the format does not care.

    Attributes:
        large: the positions of the columns that have such numbers, so far.
    """

    # While the lines of a batch are concatenated, they take a few times the memory of the batch.
    limit: ClassVar[BatchLimit] = BatchLimit(rows=32 * 1024, bytes=4 * 1024 * 1024)

    def __init__(
        self, file: IO[bytes], line: pl.Expr, layout: Layout, large: pl.Expr | None = None
    ) -> None:
        self.large: set[int] = set()
        self._large = large
        self._file = file
        self._layout = layout
        self._line = pl.concat_str(line, pl.lit(layout.between.decode()))
        self._lead = layout.before

    def put(self, batch: pl.DataFrame) -> None:
        """Write the lines of `batch`, which holds at least one row."""
        if self._large is not None:
            (found,) = batch.select(self._large).to_series().to_list()
            self.large |= {int(position) for position, has_some in found.items() if has_some}
        lines = _join(batch.select(self._line).to_series())
        self._file.write(self._lead)
        self._file.write(lines[: len(lines) - len(self._layout.between)])
        self._lead = self._layout.between

    def finish(self) -> None:
        """Write the end of the file."""
        empty = self._lead is self._layout.before
        self._file.write(self._layout.empty if empty else self._layout.after)

    def abandon(self) -> None:
        """Do nothing: no line is held back."""


def _join(lines: pl.Series) -> memoryview:
    """Return all lines concatenated, in UTF-8.

    Arrow's large_string stores them like that in its data buffer, so nothing is copied.
    """
    array = lines.to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, data = array.buffers()
    ends = memoryview(offsets).cast("q")
    return memoryview(data)[ends[array.offset] : ends[array.offset + len(array)]]


def json_encoder(file: IO[bytes], schema: pa.Schema, *, form: TextForm = PLAIN) -> TextEncoder:
    """Return the encoder of one array of records, with one record per line."""
    layout = Layout(b"[\n", b",\n", b"\n]\n", b"[]\n")
    return TextEncoder(file, _record(schema, form), layout, _find_large(schema))


def ndjson_encoder(file: IO[bytes], schema: pa.Schema, *, form: TextForm = PLAIN) -> TextEncoder:
    """Return the encoder of one record per line."""
    layout = Layout(b"", b"\n", b"\n", b"")
    return TextEncoder(file, _record(schema, form), layout, _find_large(schema))


def csv_encoder(file: IO[bytes], schema: pa.Schema, *, form: TextForm = PLAIN) -> TextEncoder:
    """Return the encoder of a header line and one line per row."""
    escape = form.escape_formulas
    name = csv_injection.escape_formula if escape else str
    names = (_csv_name(name(each), form) for each in schema.names)
    header = form.delimiter.join(names).encode() + b"\r\n"
    if form.bom:
        header = BOM_UTF8 + header
    columns = [
        _escape_formula(pl.nth(i)) if escape and _is_text(kind) else pl.nth(i)
        for i, kind in enumerate(schema.types)
    ]
    values = [_csv_value(*each, form) for each in zip(columns, schema.types, strict=True)]
    line = pl.concat_str(values, separator=form.delimiter)
    return TextEncoder(file, line, Layout(header, b"\r\n", b"\r\n", header))


# ---------------------------------------------------------------------------------------- JSON


def _record(schema: pa.Schema, form: TextForm) -> pl.Expr:
    parts: list[pl.Expr] = []
    for index, (name, kind) in enumerate(zip(schema.names, schema.types, strict=True)):
        label = json.dumps(name, ensure_ascii=False)
        parts += [
            pl.lit(f"{',' if index else '{'}{label}:"),
            _json_value(pl.nth(index), kind, form).fill_null("null"),
        ]
    return pl.concat_str(*parts, pl.lit("}"))


def _json_value(column: pl.Expr, kind: pa.DataType, form: TextForm) -> pl.Expr:
    if _is_text(kind):
        text = column.str.replace_many(list(ESCAPES), list(ESCAPES.values()))
        return _quote(text)
    if pt.is_float64(kind):
        return _float_text(column, '"{}"'.format)
    text = plain_text(column, kind)
    if form.large_numbers_as_text and _is_exact(kind):
        return pl.when(_is_large(column, kind)).then(_quote(text)).otherwise(text)
    return text if _is_exact(kind) or pt.is_boolean(kind) else _quote(text)


def _is_exact(kind: pa.DataType) -> bool:
    return bool(pt.is_decimal(kind) or pt.is_integer(kind))


def _is_large(column: pl.Expr, kind: pa.DataType) -> pl.Expr:
    """Return whether a number may change where it is read as a 64-bit float."""
    scale = getattr(kind, "scale", 0)
    most = Decimal(10**MOST_DIGITS - 1).scaleb(-scale) if scale else Decimal(LARGEST_WHOLE)
    limit = pl.lit(most, pl.Decimal(38, scale)) if pt.is_decimal(kind) else pl.lit(LARGEST_WHOLE)
    return (column > limit) | (column < -limit)


def _find_large(schema: pa.Schema) -> pl.Expr | None:
    """Return the expression that finds, for each exact column, whether it has such numbers."""
    flags = [
        _is_large(pl.nth(index), kind).any().alias(str(index))
        for index, kind in enumerate(schema.types)
        if _is_exact(kind)
    ]
    return pl.struct(flags) if flags else None


# ----------------------------------------------------------------------------------------- CSV


def _list_special(form: TextForm) -> list[str]:
    return [form.delimiter, '"', "\r", "\n"]


def _csv_name(name: str, form: TextForm) -> str:
    plain = name not in ("", form.null) and not any(each in name for each in _list_special(form))
    return name if plain else '"' + name.replace('"', '""') + '"'


def _escape_formula(column: pl.Expr) -> pl.Expr:
    begins = column.str.head(1).is_in(list(csv_injection.STARTS))
    return pl.when(begins).then(pl.lit(csv_injection.MARK) + column).otherwise(column)


def _csv_value(column: pl.Expr, kind: pa.DataType, form: TextForm) -> pl.Expr:
    if _is_binary(kind):
        column, kind = plain_text(column, kind), pa.string()
    if _is_text(kind):
        special = column.str.contains_any(_list_special(form)) | column.is_in(["", form.null])
        quoted = _quote(column.str.replace_all('"', '""', literal=True))
        text = pl.when(special).then(quoted).otherwise(column)
    elif pt.is_float64(kind):
        text = _float_text(column, str)
    else:
        text = plain_text(column, kind)
    if form.decimal_comma and (pt.is_float64(kind) or pt.is_decimal(kind)):
        text = text.str.replace(".", ",", literal=True)
    return text.fill_null(form.null)


# -------------------------------------------------------------------------------------- values

_SECOND_DIGITS = {"ms": 3, "us": 6, "ns": 9}


def _is_text(kind: pa.DataType) -> bool:
    return bool(pt.is_string(kind) or pt.is_large_string(kind) or pt.is_string_view(kind))


def _is_binary(kind: pa.DataType) -> bool:
    return bool(pt.is_binary(kind) or pt.is_large_binary(kind) or pt.is_binary_view(kind))


def _quote(text: pl.Expr) -> pl.Expr:
    return pl.concat_str(pl.lit('"'), text, pl.lit('"'))


def _float_text(column: pl.Expr, special: Callable[[str], str]) -> pl.Expr:
    return (
        pl.when(column.is_nan())
        .then(pl.lit(special("NaN")))
        .when(column == float("inf"))
        .then(pl.lit(special("Infinity")))
        .when(column == float("-inf"))
        .then(pl.lit(special("-Infinity")))
        .otherwise(column.cast(pl.String))
    )


def plain_text(column: pl.Expr, kind: pa.DataType) -> pl.Expr:
    """Return the text of a column of any type except text and float.

    Raises:
        TypeError: columns of this type are never delivered.
    """
    if pt.is_timestamp(kind) and kind.unit in _SECOND_DIGITS:
        zone = "Z" if kind.tz else ""
        return column.dt.to_string(f"%Y-%m-%dT%H:%M:%S%.{_SECOND_DIGITS[kind.unit]}f{zone}")
    if pt.is_time64(kind):
        return column.dt.to_string(f"%H:%M:%S%.{_SECOND_DIGITS[kind.unit]}f")
    if pt.is_date32(kind):
        return column.dt.to_string("%Y-%m-%d")
    if _is_binary(kind):
        return column.bin.encode("hex").str.to_uppercase()
    if pt.is_decimal(kind) or pt.is_integer(kind) or pt.is_boolean(kind):
        return column.cast(pl.String)
    raise TypeError(f"a column of type {kind} cannot be written as text")
