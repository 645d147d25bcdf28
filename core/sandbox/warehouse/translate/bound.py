"""A translated expression: DuckDB SQL and the Snowflake type of its value."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.sandbox.warehouse.types import SqlType


@dataclass(frozen=True)
class Bound:
    """DuckDB SQL whose value has exactly the DuckDB type `type.physical`.

    `literal` is the value of a constant (text of a TEXT, digits of a number), else None.
    `t`, `n`, `o` are the parts of a timestamp: microseconds as a TIMESTAMP, left-over nanoseconds,
    offset in minutes; kept apart so that a chain of functions builds no struct in between.
    `required` is whether the value is never NULL. `narrow` is whether a NUMBER is sent in as few
    bytes as its chunk needs, as those of tables and constants are (recorded); others in 8 or 16.
    """

    sql: str
    type: SqlType
    literal: str | None = None
    parts: tuple[str, str, str] | None = None
    required: bool = False
    narrow: bool = False

    @property
    def t(self) -> str:
        """The timestamp to the microsecond, as DuckDB SQL."""
        if self.parts:
            return self.parts[0]
        return f"({self.sql}).t" if self.type.has_nanos else self.sql

    @property
    def n(self) -> str:
        """Nanoseconds beyond the microsecond, as DuckDB SQL; the text 0 if the type has none."""
        if self.parts:
            return self.parts[1]
        return f"({self.sql}).n" if self.type.has_nanos else "0"

    @property
    def o(self) -> str:
        """Offset from UTC in minutes, as DuckDB SQL; 0 for what has none."""
        if self.parts:
            return self.parts[2]
        return f"({self.sql}).o" if self.type.name == "TIMESTAMP_TZ" else "0"

    def with_type(self, type_: SqlType) -> Bound:
        """Return the same SQL with another type of the same DuckDB type."""
        return replace(self, type=type_)


def timestamp(type_: SqlType, t: str, n: str = "0", o: str = "0") -> Bound:
    """Build a timestamp from its parts (see `Bound`)."""
    if type_.name == "TIMESTAMP_TZ":
        fields = f"{{'t': {t}, 'n': ({n})::SMALLINT, 'o': ({o})::SMALLINT}}"
        return Bound(f"(CASE WHEN {t} IS NOT NULL THEN {fields} END)", type_, parts=(t, n, o))
    if type_.has_nanos:
        fields = f"{{'t': {t}, 'n': ({n})::SMALLINT}}"
        return Bound(f"(CASE WHEN {t} IS NOT NULL THEN {fields} END)", type_, parts=(t, n, o))
    return Bound(t, type_, parts=(t, "0", "0"))


def time_of_day(nanos: str) -> str:
    """Build a TIME_NS from nanoseconds since midnight (DuckDB SQL)."""
    clock = f"{nanos} // 3600000000000, {nanos} // 60000000000 % 60, {nanos} // 1000000000 % 60"
    return f"CAST(printf('%02d:%02d:%02d.%09d', {clock}, {nanos} % 1000000000) AS TIME_NS)"


def quote(value: str) -> str:
    """Quote a text as a DuckDB literal."""
    return "'" + value.replace("'", "''") + "'"
