"""Snowflake's types: their names, their arithmetic, and the DuckDB type that holds each of them.

Rules: docs.snowflake.com "Data types" (defaults: NUMBER is NUMBER(38,0), VARCHAR is
VARCHAR(16777216), timestamps and TIME carry 9 digits of a second) and "Data type conversion".

How values are held in DuckDB:

============================== ================================================================
FIXED                          DECIMAL(p, s)
REAL, TEXT, BOOLEAN, DATE      DOUBLE, VARCHAR, BOOLEAN, DATE
TIME, BINARY                   TIME_NS, BLOB
VARIANT OBJECT ARRAY GEOGRAPHY VARCHAR: JSON text; the text `null` is JSON's null
TIMESTAMP_NTZ, 0 to 6 digits   TIMESTAMP, the wall clock
TIMESTAMP_NTZ, 7 to 9 digits   STRUCT(t TIMESTAMP, n SMALLINT): microseconds and the nanoseconds
                               left over. DuckDB's TIMESTAMP_NS ends in 2262; 9999-12-31 is common
TIMESTAMP_LTZ                  the same, of the instant in UTC
TIMESTAMP_TZ                   STRUCT(t TIMESTAMP, n SMALLINT, o SMALLINT): instant in UTC and the
                               value's own offset in minutes
============================== ================================================================
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pyarrow as pa

from core.sandbox.warehouse.model import Column

MAX_PRECISION = 38
MAX_TEXT = 16_777_216
MAX_BINARY = 8_388_608
MICRO_SCALE = 6  # DuckDB's TIMESTAMP counts microseconds

SEMI_STRUCTURED = frozenset({"VARIANT", "OBJECT", "ARRAY", "GEOGRAPHY"})
TIMESTAMPS = frozenset({"TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ"})


@dataclass(frozen=True)
class SqlType:
    """A Snowflake type.

    `name` is a `Column.type` (or GEOGRAPHY, or NULL for an untyped NULL). `precision` and `scale`
    are FIXED's digits; `scale` also the digits of a second of TIME and timestamps; `length` is in
    characters (TEXT) or bytes (BINARY). `alias` is how DESCRIBE names a type that is held, and
    answered, as another: DECFLOAT as REAL, VECTOR as ARRAY, MAP as OBJECT. `collation` is that of
    a TEXT, such as en-ci; empty if it has none.
    """

    name: str
    precision: int = 0
    scale: int = 0
    length: int = 0
    alias: str = ""
    collation: str = ""

    @property
    def ignores_case(self) -> bool:
        """Whether values that differ only by case are equal."""
        return "ci" in self.collation.split("-")

    @property
    def is_timestamp(self) -> bool:
        """Whether this is one of the three timestamp types."""
        return self.name in TIMESTAMPS

    @property
    def is_json(self) -> bool:
        """Whether values are JSON text."""
        return self.name in SEMI_STRUCTURED

    @property
    def is_numeric(self) -> bool:
        """Whether arithmetic works on it."""
        return self.name in ("FIXED", "REAL")

    @property
    def has_nanos(self) -> bool:
        """Whether values are held with their nanoseconds apart."""
        return self.name == "TIMESTAMP_TZ" or (self.is_timestamp and self.scale > MICRO_SCALE)

    @property
    def physical(self) -> str:
        """The DuckDB type that holds the values."""
        if self.name == "FIXED":
            return f"DECIMAL({self.precision},{self.scale})"
        if self.name == "TIMESTAMP_TZ":
            return "STRUCT(t TIMESTAMP, n SMALLINT, o SMALLINT)"
        if self.is_timestamp:
            return "STRUCT(t TIMESTAMP, n SMALLINT)" if self.has_nanos else "TIMESTAMP"
        if self.is_json:
            return "VARCHAR"
        return _PHYSICAL[self.name]

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type that DuckDB takes for `physical`."""
        if self.name == "FIXED":
            return pa.decimal128(self.precision, self.scale)
        if self.is_timestamp and self.has_nanos:
            parts = {"t": pa.timestamp("us"), "n": pa.int16(), "o": pa.int16()}
            return pa.struct(list(parts.items())[: 3 if self.name == "TIMESTAMP_TZ" else 2])
        return pa.timestamp("us") if self.is_timestamp else _ARROW.get(self.name, pa.string())

    @classmethod
    def of(cls, column: Column) -> SqlType:
        """Return the type of a result's column."""
        if column.type == "FIXED":
            precision = MAX_PRECISION if column.precision is None else column.precision
            return number(precision, column.scale or 0)
        if column.type == "TIME" or column.type in TIMESTAMPS:
            return cls(column.type, scale=9 if column.scale is None else column.scale)
        length = MAX_TEXT if column.type == "TEXT" else MAX_BINARY
        has_length = column.type in ("TEXT", "BINARY")
        size = (column.length or length) if has_length else 0
        return cls(column.type, length=size, collation=column.collation)

    @property
    def display(self) -> str:
        """The type as DESCRIBE TABLE prints it, such as NUMBER(12,2)."""
        if self.alias:
            return self.alias
        if self.name == "FIXED":
            return f"NUMBER({self.precision},{self.scale})"
        if self.name in ("TEXT", "BINARY"):
            collated = f" COLLATE '{self.collation}'" if self.collation else ""
            return f"{'VARCHAR' if self.name == 'TEXT' else 'BINARY'}({self.length}){collated}"
        if self.name == "TIME" or self.is_timestamp:
            return f"{self.name}({self.scale})"
        return self.declared_name

    @property
    def declared_name(self) -> str:
        """The type as INFORMATION_SCHEMA.COLUMNS.DATA_TYPE and TYPEOF-like answers name it."""
        if self.alias:
            return self.alias.partition("(")[0]
        return {"FIXED": "NUMBER", "REAL": "FLOAT", "NULL": "VARCHAR"}.get(self.name, self.name)

    def column(self, name: str, *, nullable: bool = True) -> Column:
        """Return a result column of this type."""
        if self.name == "FIXED":
            return Column(name, "FIXED", self.precision, self.scale, None, nullable)
        if self.name in ("TEXT", "NULL"):
            size = self.length or MAX_TEXT
            return Column(name, "TEXT", length=size, nullable=nullable, collation=self.collation)
        if self.name == "BINARY":
            return Column(name, "BINARY", length=self.length, nullable=nullable)
        if self.name == "TIME" or self.is_timestamp:
            return Column(name, self.name, scale=self.scale, nullable=nullable)
        return Column(name, "OBJECT" if self.name == "GEOGRAPHY" else self.name, nullable=nullable)


_PHYSICAL = {
    "REAL": "DOUBLE",
    "TEXT": "VARCHAR",
    "NULL": "VARCHAR",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "TIME": "TIME_NS",
    "BINARY": "BLOB",
}

_ARROW = {
    "REAL": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIME": pa.time64("ns"),
    "BINARY": pa.binary(),
}

REAL = SqlType("REAL")
BOOLEAN = SqlType("BOOLEAN")
DATE = SqlType("DATE")
TIME = SqlType("TIME", scale=9)
VARIANT = SqlType("VARIANT")
OBJECT = SqlType("OBJECT")
ARRAY = SqlType("ARRAY")
NULL = SqlType("NULL")
BINARY = SqlType("BINARY", length=MAX_BINARY)
TEXT = SqlType("TEXT", length=MAX_TEXT)
NTZ = SqlType("TIMESTAMP_NTZ", scale=9)
LTZ = SqlType("TIMESTAMP_LTZ", scale=9)
TZ = SqlType("TIMESTAMP_TZ", scale=9)
INTEGER = SqlType("FIXED", precision=MAX_PRECISION)


def number(precision: int = MAX_PRECISION, scale: int = 0) -> SqlType:
    """Return NUMBER(precision, scale), limited to 38 digits."""
    scale = min(scale, MAX_PRECISION - 1)
    return SqlType("FIXED", precision=max(min(precision, MAX_PRECISION), scale, 1), scale=scale)


def text(length: int) -> SqlType:
    """Return VARCHAR(length), limited to the largest length."""
    return SqlType("TEXT", length=max(1, min(length, MAX_TEXT)))


def common(types: list[SqlType]) -> SqlType:
    """Return the type that CASE, COALESCE and UNION choose for the values of all of `types`."""
    result = NULL
    for each in types:
        result = _common(result, each)
    return result


def _common(a: SqlType, b: SqlType) -> SqlType:
    if "NULL" in (a.name, b.name):
        return b if a.name == "NULL" else a
    if a.name == b.name:
        if a.name == "FIXED":
            whole = max(a.precision - a.scale, b.precision - b.scale)
            scale = max(a.scale, b.scale)
            return number(whole + scale, min(scale, MAX_PRECISION - min(whole, MAX_PRECISION - 1)))
        return replace(a, scale=max(a.scale, b.scale), length=max(a.length, b.length))
    if a.is_json or b.is_json:
        return VARIANT
    if a.is_numeric and b.is_numeric:
        return REAL
    for one, other in ((a, b), (b, a)):
        if one.name == "TEXT":  # Snowflake turns the text into the other type
            return other
        if one.name == "DATE" and other.is_timestamp:
            return other
    if a.is_timestamp and b.is_timestamp:
        name = "TIMESTAMP_TZ" if "TIMESTAMP_TZ" in (a.name, b.name) else "TIMESTAMP_LTZ"
        return SqlType(name, scale=max(a.scale, b.scale))
    return TEXT
