"""The result of one statement, as the engine returns it and the protocol sends it.

`engine` turns one Snowflake statement into an `Answer`; `protocol.wire` turns an `Answer` into the
bytes that Snowflake would send; `protocol.server` is the HTTP server. Each
depends on the one before it only through this type.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from core.sandbox.warehouse.engine.time_travel import Trace
from core.sandbox.warehouse.model import Column


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
    `trace` records the versions that the statement read or wrote, for Time Travel.
    """

    columns: tuple[Column, ...]
    batches: Iterator[pa.RecordBatch]
    statement_type: int = 0x1000
    trace: Trace | None = None
