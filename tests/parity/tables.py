"""Tables as the tests hold them: raw values in Python, and how they get into Snowflake.

A raw value is what the type counts, so that nothing has to be trusted to compare it:

- NUMBER a Decimal or int, FLOAT a float, VARCHAR a str, BOOLEAN a bool, BINARY bytes, DATE a date;
- TIME and TIMESTAMP_NTZ, TIMESTAMP_LTZ whole nanoseconds, since midnight and since 1970;
- TIMESTAMP_TZ a pair: nanoseconds since 1970 in UTC, minutes of its offset;
- VARIANT, OBJECT and ARRAY compact JSON text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from core.planning.names import TableName
from core.planning.source import ColumnType, Source, SourceColumn
from core.query import quote

EPOCH = datetime(1970, 1, 1)
SECOND = 10**9
DAY = 86_400 * SECOND


def ns(text: str) -> int:
    """Nanoseconds since 1970 of `2024-01-31 23:59:59.123456789`, or of the date alone."""
    whole, _, fraction = text.partition(".")
    seconds = (datetime.fromisoformat(whole) - EPOCH) // timedelta(seconds=1)
    return seconds * SECOND + int(fraction.ljust(9, "0") or 0)


def clock(text: str) -> int:
    """Nanoseconds since midnight of `23:59:59.123456789`."""
    return ns(f"1970-01-01 {text}")


def zoned(text: str, minutes: int) -> tuple[int, int]:
    """A TIMESTAMP_TZ whose wall clock shows `text`, `minutes` ahead of UTC."""
    return ns(text) - minutes * 60 * SECOND, minutes


@dataclass(frozen=True)
class Column:
    """A column and its values.

    Attributes:
        name: to the letter.
        type: as in CREATE TABLE.
        values: one a row, raw; None is NULL.
    """

    name: str
    type: str
    values: tuple[Any, ...] = ()

    @property
    def kind(self) -> str:
        """The type without its digits."""
        return re.match(r"\w+", self.type)[0]  # type: ignore[index]

    @property
    def scale(self) -> int:
        """Digits behind the point, or of a second."""
        return ColumnType.parse(self.type).scale or 0

    @property
    def has_nanoseconds(self) -> bool:
        """Whether it is a time or timestamp of more digits than microseconds have."""
        return self.kind.startswith("TIME") and self.scale > 6

    @property
    def precision(self) -> int:
        """Digits of a NUMBER."""
        return ColumnType.parse(self.type).precision or 0


@dataclass(frozen=True)
class Table:
    """A table and what is asked of it.

    Attributes:
        columns: all of the same length.
        month, keys, sums: the roles; the other columns are dropped.
        meant: of a text column of dates, the date that each text means; other texts mean none.
        options: of the request, beyond the roles.
        view: whether it is loaded as a view.
    """

    columns: tuple[Column, ...]
    month: str
    keys: tuple[str, ...] = ()
    sums: tuple[str, ...] = ()
    meant: Mapping[str, date] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    view: bool = False

    @property
    def delivered(self) -> tuple[Column, ...]:
        """The columns of the delivery, in the table's order."""
        roles = {self.month, *self.keys, *self.sums}
        return tuple(column for column in self.columns if column.name in roles)

    @property
    def float_sums(self) -> bool:
        """Whether a sum depends on the order of addition."""
        return any(c.name in self.sums and c.kind in ("FLOAT", "DECFLOAT") for c in self.columns)

    def request(self) -> dict[str, Any]:
        """The roles and the options, as a request takes them."""
        return {
            "date_column": self.month,
            "key_columns": self.keys,
            "sum_columns": self.sums,
            **self.options,
        }

    def source(self, name: TableName) -> Source:
        """What DESCRIBE tells of it."""
        described = (
            SourceColumn(c.name, ColumnType.parse(c.type), _is_nullable(c)) for c in self.columns
        )
        return Source(name, tuple(described))

    def script(self, name: str) -> list[str]:
        """The statements that make it."""
        rows = list(zip(*(column.values for column in self.columns), strict=True))
        table, view = quote(f"{name}_TABLE" if self.view else name), quote(name)
        typed = ", ".join(
            f"{quote(c.name)} {c.type}{'' if _is_nullable(c) else ' NOT NULL'}"
            for c in self.columns
        )
        statements = [f"CREATE OR REPLACE TABLE {table} ({typed})"]
        if rows:
            loaded = ", ".join(
                _load(c, f"column{n}::VARCHAR") for n, c in enumerate(self.columns, 1)
            )
            shown = (", ".join(map(_shown, self.columns, row)) for row in rows)
            values = ",\n  ".join(f"({row})" for row in shown)
            statements.append(f"INSERT INTO {table} SELECT {loaded} FROM VALUES\n  {values}")
        if self.view:
            statements.append(f"CREATE OR REPLACE VIEW {view} AS SELECT * FROM {table}")
        return statements

    def __repr__(self) -> str:
        asked = "".join(f"-- {name} = {value!r}\n" for name, value in self.request().items())
        return "\n" + ";\n".join(self.script("T")) + ";\n" + asked

    def _repr_pretty_(self, printer: Any, _: bool) -> None:
        """What Hypothesis prints of a failing example."""
        printer.text(repr(self))


def dated(kind: str, *values: Any, name: str = "D", meant: Any = None, **options: Any) -> Table:
    """A row for each date, and one without."""
    values = (*values, None)
    columns = (
        Column(name, kind, values),
        Column("N", "NUMBER(38,0)", tuple(2**n for n in range(len(values)))),
    )
    return Table(columns, name, (), ("N",), meant or {}, options)


_MOMENT = "'YYYY-MM-DD HH24:MI:SS.FF9'"
_ZONED = "'YYYY-MM-DD HH24:MI:SS.FF9 TZH:TZM'"
# Every value travels as text, and every type reads it in one way.
_LOAD: dict[str, Callable[[str, str], str]] = {
    "VARCHAR": lambda name, _: name,
    "DATE": lambda name, _: f"TO_DATE({name}, 'YYYY-MM-DD')",
    "BINARY": lambda name, _: f"TO_BINARY({name}, 'HEX')",
    "VARIANT": lambda name, _: f"PARSE_JSON({name})",
    "ARRAY": lambda name, _: f"PARSE_JSON({name})::ARRAY",
    "OBJECT": lambda name, _: f"PARSE_JSON({name})::OBJECT",
    "VECTOR": lambda name, kind: f"PARSE_JSON({name})::ARRAY::{kind}",
    "TIMESTAMP_NTZ": lambda name, kind: f"TO_TIMESTAMP_NTZ({name}, {_MOMENT})::{kind}",
    "TIMESTAMP_TZ": lambda name, kind: f"TO_TIMESTAMP_TZ({name}, {_ZONED})::{kind}",
    "TIMESTAMP_LTZ": lambda name, kind: f"TO_TIMESTAMP_TZ({name}, {_ZONED})::{kind}",
}


def _is_nullable(column: Column) -> bool:
    """Whether a column may be NULL: those without a NULL are declared NOT NULL."""
    return not column.values or None in column.values


def _load(column: Column, name: str) -> str:
    other = "{0}::{1}".format
    return _LOAD.get(column.kind, other)(name, column.type)


def _shown(column: Column, value: Any) -> str:
    return "NULL" if value is None else literal(_text(column.kind, value))


def _text(kind: str, value: Any) -> str:
    match kind:
        case "NUMBER":
            return format(Decimal(value), "f")
        case "DATE":
            return f"{value.year:04}-{value:%m-%d}"
        case "TIME":
            return _moment(value).partition(" ")[2]
        case "TIMESTAMP_NTZ":
            return _moment(value)
        case "TIMESTAMP_LTZ":
            return f"{_moment(value)} +00:00"
        case "TIMESTAMP_TZ":
            instant, minutes = value
            hours, rest = divmod(abs(minutes), 60)
            wall = _moment(instant + minutes * 60 * SECOND)
            return f"{wall} {'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"
        case "BINARY":
            return str(value.hex())
        case "BOOLEAN":
            return "true" if value else "false"
        case "FLOAT":
            return "NaN" if value != value else repr(value)
        case _:
            return str(value)


def _moment(value: int) -> str:
    seconds, fraction = divmod(value, SECOND)
    moment = EPOCH + timedelta(seconds=seconds)
    return f"{moment.year:04}-{moment:%m-%d %H:%M:%S}.{fraction:09}"


def literal(text: str) -> str:
    """A string literal; control characters as escapes."""
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return "'" + re.sub(r"[\x00-\x1f\x7f\u2028\u2029]", _escape, escaped) + "'"


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"
