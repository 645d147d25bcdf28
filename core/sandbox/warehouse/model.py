"""Types shared by all parts of the sandbox warehouse: result columns and failures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One column of a result, as Snowflake's `rowtype` describes it.

    `type` is Snowflake's logical name: FIXED, REAL, TEXT, BOOLEAN, DATE, TIME, TIMESTAMP_NTZ,
    TIMESTAMP_LTZ, TIMESTAMP_TZ, BINARY, VARIANT, OBJECT, ARRAY.
    `precision` and `scale` belong to FIXED; `scale` also to TIME and TIMESTAMP_* (0-9, digits of a
    second); `length` is in characters (TEXT) or bytes (BINARY). `constant` is whether the query
    selects constants only, which Snowflake answers in another form; `narrow` whether numbers are
    sent in as few bytes as they need, else in 8 or 16. `collation` is that of a TEXT, if any.
    """

    name: str
    type: str
    precision: int | None = None
    scale: int | None = None
    length: int | None = None
    nullable: bool = True
    constant: bool = False
    narrow: bool = False
    collation: str = ""


class Failure(Exception):  # noqa: N818 - it is the statement that failed, not the server
    """A user's mistake or a stopped statement, as Snowflake words and numbers it."""

    def __init__(self, code: int, sqlstate: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.sqlstate = sqlstate
        self.message = message
