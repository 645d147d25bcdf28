"""What the parts of the sandbox warehouse pass each other: types, columns, answers, failures.

`engine` turns one Snowflake statement into an `Answer`; `wire` turns an `Answer` into the bytes
that Snowflake would send; `server` speaks HTTP. None of them looks behind these values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from core.sandbox.warehouse.engine.time_travel import Trace


@dataclass(frozen=True)
class Column:
    """One column of a result, as Snowflake's `rowtype` describes it.

    `type` is Snowflake's logical name: FIXED, REAL, TEXT, BOOLEAN, DATE, TIME, TIMESTAMP_NTZ,
    TIMESTAMP_LTZ, TIMESTAMP_TZ, BINARY, VARIANT, OBJECT, ARRAY.
    `precision` and `scale` belong to FIXED; `scale` also to TIME and TIMESTAMP_* (0-9, digits of a
    second); `length` is in characters (TEXT) or bytes (BINARY).
    """

    name: str
    type: str
    precision: int | None = None
    scale: int | None = None
    length: int | None = None
    nullable: bool = True


@dataclass(frozen=True)
class Answer:
    """The result of one statement, not yet read.

    The batches' Arrow types, by `Column.type`:

    ====================== ==============================================================
    FIXED                  decimal128(38, scale), or any signed integer when scale is 0
    REAL                   float64
    TEXT                   string
    VARIANT OBJECT ARRAY   string (JSON text)
    BOOLEAN, BINARY, DATE  bool, binary, date32
    TIME                   time64[ns]
    TIMESTAMP_NTZ          timestamp of any unit, without zone: the wall clock
    TIMESTAMP_LTZ          timestamp of any unit: the instant in UTC (zone ignored)
    TIMESTAMP_TZ           struct<instant: timestamp of any unit (UTC), offset: int32 (minutes)>
    ====================== ==============================================================

    A timestamp may also be struct<t: timestamp[us], n: int16>: microseconds and the nanoseconds
    left over. It holds year 9999 to the nanosecond, which no single unit does.

    `statement_type` is Snowflake's statementTypeId (0x1000 SELECT, 0x3000 DML, 0x6000 DDL, ...).
    `trace` tells which rows the statement saw or left, for Time Travel.
    """

    columns: tuple[Column, ...]
    batches: Iterator[pa.RecordBatch]
    statement_type: int = 0x1000
    trace: Trace | None = None


class Failure(Exception):  # noqa: N818 - it is the statement that failed, not the server
    """A user's mistake or a stopped statement, as Snowflake words and numbers it."""

    def __init__(self, code: int, sqlstate: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.sqlstate = sqlstate
        self.message = message
