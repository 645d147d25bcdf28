"""Estimate the size in bytes of rows downloaded from Snowflake, from the values of a sample."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from core import query
from core.planning.plan import Plan, Sample
from core.planning.source import ColumnType, SourceColumn
from core.query import Field

# Bytes in Arrow's format, which Snowflake sends, of the types whose values all have one size.
BITS: Final = 1 / 8
OFFSET: Final = 4  # of a text, in addition to its bytes
_WIDTHS: Final = {
    "REAL": 8.0,
    "DECFLOAT": 8.0,
    "BOOLEAN": BITS,
    "DATE": 4.0,
    "TIME": 8.0,
    "TIMESTAMP_NTZ": 8.0,
    "TIMESTAMP_LTZ": 8.0,
    "TIMESTAMP_TZ": 16.0,
}
# Where groups are more than this share of the rows, grouping barely reduces the data.
_BARELY_GROUPED: Final = 0.8


@dataclass(frozen=True)
class Width:
    """The size of a column's values when downloaded, estimated from a sample.

    Attributes:
        bytes: the mean; for a NUMBER, the size of the narrowest integer that holds every sampled
            value.
        largest: for a NUMBER, the greatest magnitude, without the decimal point.
        whole: whether the sample holds the values in full; else `bytes` is a lower bound.
    """

    bytes: float
    largest: int = 0
    whole: bool = True


def is_barely_grouped(rows: int, groups: int) -> bool:
    """Whether there are nearly as many groups as rows, so that little is aggregated."""
    return groups > _BARELY_GROUPED * rows


def measure_widths(columns: Iterable[SourceColumn], sample: Sample) -> dict[str, Width]:
    """Return the widths of `columns` by name, measured in a sample of `core.preview.sample`."""
    return {c.name: _measure_width(c.type, sample[c.name]) for c in columns if c.name in sample}


def find_width(plan: Plan, name: str, widths: Mapping[str, Width]) -> Width:
    """Return the width of a column; without sampled values, the width of its type."""
    if name in widths:
        return widths[name]
    kind = next(c.type for c in plan.source.columns if c.name == name)
    if kind.kind == "FIXED":
        largest = 10 ** (kind.precision or 38) - 1
        return Width(integer_bytes(largest), largest)
    if kind.kind in _WIDTHS:
        return Width(_WIDTHS[kind.kind])
    return Width(OFFSET, whole=False)


def row_bytes(
    fields: Iterable[Field],
    plan: Plan,
    widths: Mapping[str, Width],
    helpers: Mapping[str, float],
    rows_per_group: float = 1.0,
) -> float:
    """Return the mean bytes of a row of a statement's result.

    Args:
        fields: the columns of the statement's result; each has one more bit, for its NULLs.
        plan: the role of every column.
        widths: the widths of the table's columns, by name.
        helpers: bytes of the fields that are not columns of the table, by alias.
        rows_per_group: how many rows a sum adds up; 1 if the rows themselves are read.
    """
    return sum(_field_bytes(plan, f, widths, rows_per_group, helpers) + BITS for f in fields)


def integer_bytes(largest: int) -> float:
    """Return the bytes of the narrowest integer that holds numbers up to `largest`."""
    return next((float(n) for n in (1, 2, 4, 8) if largest < 1 << (8 * n - 1)), 16.0)


def _measure_width(kind: ColumnType, values: Sequence[object]) -> Width:
    given = [value for value in values if value is not None]
    if kind.kind == "FIXED":
        scale = kind.scale or 0
        numbers = (value for value in given if isinstance(value, int | Decimal))
        largest = max((abs(int(Decimal(n).scaleb(scale))) for n in numbers), default=0)
        return Width(integer_bytes(largest), largest)
    if kind.kind in _WIDTHS:
        return Width(_WIDTHS[kind.kind])
    texts = [value for value in given if isinstance(value, str)]
    most = query.BAD_VALUE_CHARACTERS if kind.kind == "TEXT" else query.SHORT_CHARACTERS
    per_byte = 2 if kind.kind == "BINARY" else 1  # sampled as hexadecimal digits
    size = sum(len(text.encode()) for text in texts) / per_byte / max(len(values), 1)
    return Width(OFFSET + size, whole=all(len(text) < most for text in texts))


def _field_bytes(
    plan: Plan,
    field: Field,
    widths: Mapping[str, Width],
    rows_per_group: float,
    helpers: Mapping[str, float],
) -> float:
    if field.column is None:
        # Magnitudes are floats; the other counts are nearly always 0 and fit into a byte.
        return helpers.get(field.alias, 8.0 if field.alias.startswith("magnitude") else 1.0)
    if field.column is plan.month:
        return _WIDTHS["DATE"]
    width = find_width(plan, field.column.name, widths)
    if field.is_sum and field.column.source.type.kind == "FIXED":
        return integer_bytes(int(width.largest * rows_per_group))
    return width.bytes
