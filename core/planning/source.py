"""A source as the warehouse describes it: a table or view, its columns and their types."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.planning.names import TableName

# Type names as DESCRIBE prints them, by the kind that decides how a column is treated
# (docs.snowflake.com, "Summary of data types"). Whatever is not here is delivered as text.
_KINDS = {
    "NUMBER": "FIXED",
    "DECIMAL": "FIXED",
    "FLOAT": "REAL",
    "DOUBLE": "REAL",
    "REAL": "REAL",
    "VARCHAR": "TEXT",
    "CHAR": "TEXT",
    "STRING": "TEXT",
    "TEXT": "TEXT",
    "VARBINARY": "BINARY",
}
_TYPE = re.compile(r"(\w+)(?:\s*\(\s*(\d{1,9})\s*(?:,\s*(\d{1,9})\s*)?\))?")
NUMERIC = frozenset({"FIXED", "REAL", "DECFLOAT"})
TIMESTAMPS = frozenset({"TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ"})


@dataclass(frozen=True)
class ColumnType:
    """A Snowflake type.

    Attributes:
        kind: FIXED, REAL, DECFLOAT, TEXT, BOOLEAN, DATE, TIME, TIMESTAMP_NTZ, TIMESTAMP_LTZ,
            TIMESTAMP_TZ, BINARY, VARIANT, OBJECT, ARRAY, GEOGRAPHY, GEOMETRY, VECTOR, or the
            type's own name where Snowflake has a newer one.
        text: the type as DESCRIBE prints it, such as `NUMBER(12,2)`.
        precision: digits of a FIXED, else None.
        scale: digits behind the point of a FIXED, digits of a second of a TIME or TIMESTAMP.
    """

    kind: str
    text: str
    precision: int | None = None
    scale: int | None = None

    @classmethod
    def parse(cls, text: str) -> ColumnType:
        """Read a type as DESCRIBE prints it."""
        match = _TYPE.match(text)
        if match is None:
            return cls(text, text)
        kind = _KINDS.get(match[1].upper(), match[1].upper())
        first, second = (int(group) if group else None for group in match.groups()[1:])
        if kind == "FIXED":
            return cls(kind, text, 38 if first is None else first, second or 0)
        if kind == "TIME" or kind in TIMESTAMPS:
            return cls(kind, text, None, 9 if first is None else first)
        return cls(kind, text)

    @property
    def numeric(self) -> bool:
        """Whether the column can be summed."""
        return self.kind in NUMERIC

    @property
    def has_nanoseconds(self) -> bool:
        """Whether it is a timestamp of more digits than microseconds hold: scale 7 to 9."""
        return self.kind in TIMESTAMPS and (self.scale or 0) > 6

    @property
    def fits_int64(self) -> bool:
        """Whether every value is a 64-bit integer: NUMBER(p,0) with p up to 18."""
        return self.kind == "FIXED" and self.scale == 0 and (self.precision or 38) <= 18


@dataclass(frozen=True)
class SourceColumn:
    """One column of a source."""

    name: str
    type: ColumnType
    nullable: bool = True


@dataclass(frozen=True)
class Source:
    """A table or view to transfer.

    Attributes:
        name: where it is.
        columns: in table order, at least one.
        rows: how many rows there are; None where Snowflake does not keep count (views).
        bytes: stored bytes, compressed; None for views.
        is_view: whether it is a view: those cannot be sampled with a seed.
    """

    name: TableName
    columns: tuple[SourceColumn, ...]
    rows: int | None = None
    bytes: int | None = None
    is_view: bool = False
