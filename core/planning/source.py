"""The source of a transfer: a table or view, its columns and their types."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.planning.names import TableName

# The kind of each type name that DESCRIBE prints, where the two differ (docs.snowflake.com,
# "Summary of data types").
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
            TIMESTAMP_TZ, BINARY, VARIANT, OBJECT, ARRAY, GEOGRAPHY, GEOMETRY, VECTOR, or the name
            of a newer type. Columns of an unknown kind are delivered as text.
        text: the type as DESCRIBE prints it, such as `NUMBER(12,2)`.
        precision: the number of digits of a FIXED, else None.
        scale: the number of digits after the decimal point of a FIXED, of fractional digits of a
            second of a TIME or TIMESTAMP, else None.
    """

    kind: str
    text: str
    precision: int | None = None
    scale: int | None = None

    @classmethod
    def parse(cls, text: str) -> ColumnType:
        """Parse a type as DESCRIBE prints it.

        Example:
            >>> ColumnType.parse("NUMBER(12,2)").scale
            2
        """
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
        """Whether it is a time or timestamp with 7 to 9 digits: more than microseconds have."""
        return (self.kind == "TIME" or self.kind in TIMESTAMPS) and (self.scale or 0) > 6

    @property
    def fits_int64(self) -> bool:
        """Whether every value is a 64-bit integer: NUMBER(p,0) with p up to 18."""
        return self.kind == "FIXED" and self.scale == 0 and (self.precision or 38) <= 18


@dataclass(frozen=True)
class SourceColumn:
    """One column of a source; a virtual one is computed from others of its row."""

    name: str
    type: ColumnType
    nullable: bool = True
    is_virtual: bool = False


@dataclass(frozen=True)
class Source:
    """A table or view to transfer.

    Attributes:
        name: its full name.
        columns: its columns in table order, at least one.
        rows: the number of rows; None if Snowflake does not keep it (views).
        bytes: the stored bytes, compressed; None for views.
        is_view: whether it is a view or an external table, which Snowflake cannot sample with a
            seed, and of which it keeps no past.
    """

    name: TableName
    columns: tuple[SourceColumn, ...]
    rows: int | None = None
    bytes: int | None = None
    is_view: bool = False
