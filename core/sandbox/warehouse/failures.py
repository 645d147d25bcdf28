"""Snowflake's error codes, and the way from an error of DuckDB or sqlglot to one of them.

Codes, SQL states and wordings as Snowflake gives them to its drivers. SQL that this package writes
raises them inside DuckDB through `raising`, whose text `from_duckdb` reads back.
"""

from __future__ import annotations

import re

import duckdb

from core.sandbox.warehouse.model import Failure as Failure

ALREADY_EXISTS = 2002
MISSING = 2003
_MARK = "snowflake:"


def syntax(line: int, position: int, unexpected: str) -> Failure:
    """Return error 1003: the parser met `unexpected` at `position` (from 0) of `line` (from 1)."""
    return Failure(
        1003,
        "42000",
        f"SQL compilation error:\nsyntax error line {line} at position {position}"
        f" unexpected '{unexpected}'.",
    )


def missing_object(kind: str, name: str) -> Failure:
    """Return error 2003 (2043 for roles and warehouses): it is missing, or hidden from the role."""
    if kind in ("Role", "Warehouse"):
        return Failure(
            2043,
            "02000",
            "SQL compilation error:\nObject does not exist, or operation cannot be performed.",
        )
    return Failure(
        MISSING,
        "42S02" if kind in ("Object", "Table", "View") else "02000",
        f"SQL compilation error:\n{kind} '{name}' does not exist or not authorized.",
    )


def already_exists(name: str) -> Failure:
    """Return error 2002: CREATE of an object that exists."""
    return Failure(
        ALREADY_EXISTS, "42710", f"SQL compilation error:\nObject '{name}' already exists."
    )


def invalid_identifier(name: str, line: int = 1, position: int = 7) -> Failure:
    """Return error 904: no such column."""
    return Failure(
        904,
        "42000",
        f"SQL compilation error: error line {line} at position {position}\n"
        f"invalid identifier '{name}'",
    )


def ambiguous(name: str) -> Failure:
    """Return error 2028: two relations have the column."""
    return Failure(2028, "42601", f"SQL compilation error:\nambiguous column name '{name}'")


def unknown_function(name: str) -> Failure:
    """Return error 2140: the sandbox does not implement the function."""
    return Failure(2140, "42601", f"SQL compilation error:\nUnknown function {name}.")


def unsupported(what: str) -> Failure:
    """Return error 2: a feature that Snowflake may have and this warehouse does not."""
    return Failure(2, "0A000", f"Unsupported feature '{what}'.")


def invalid(message: str, code: int = 1007, sqlstate: str = "22023") -> Failure:
    """Return the error of a statement that does not compile: wrong arguments, types or counts."""
    return Failure(code, sqlstate, f"SQL compilation error:\n{message}")


def no_database() -> Failure:
    """Return error 90105: an unqualified name in a session without a database (or schema)."""
    return Failure(
        90105,
        "22000",
        "Cannot perform operation. This session does not have a current database."
        " Call 'USE DATABASE', or use a qualified name.",
    )


def insufficient_privileges(kind: str, name: str) -> Failure:
    """Return error 3001: the role may see the object, but lacks the privilege."""
    return Failure(
        3001,
        "42501",
        "SQL access control error:\nInsufficient privileges to operate on"
        f" {kind.lower()} '{name}'.",
    )


def statement_not_found(statement_id: str) -> Failure:
    """Return error 709: no statement of the user has that id, or its result is gone."""
    return Failure(709, "02000", f"Statement {statement_id} not found")


def no_time_travel(table: str) -> Failure:
    """Return error 707: the rows of that time are not kept, or the table did not exist."""
    return Failure(
        707,
        "02000",
        f"Time travel data is not available for table {table}. The requested time is either beyond"
        " the allowed time travel period or before the object creation time.",
    )


def cancelled() -> Failure:
    """Return error 604: the statement was stopped."""
    return Failure(604, "57014", "SQL execution canceled")


def raising(code: int, sqlstate: str, message_sql: str) -> str:
    """Return a DuckDB expression that fails with this code; `message_sql` is a text expression."""
    return f"error('{_MARK}{code}:{sqlstate}:' || {message_sql})"


_NOT_A_NUMBER = re.compile(
    r"Could not convert string ['\"](?P<v>.*?)['\"] to (DECIMAL|DOUBLE)", re.S
)
_OUT_OF_RANGE = re.compile(
    r"(Casting|Could not cast) value ['\"]?(?P<v>[^'\" ]*)['\"]? to type", re.S
)
_DUCKDB_CODES: tuple[tuple[str, int, str, str], ...] = (
    # https://github.com/sodadata/soda-sql/issues/261
    (r"Overflow in SUM|sum.*overflow", 100058, "22000", "Value overflow in a SUM aggregate"),
    # https://github.com/calogica/dbt-expectations/issues/16
    (
        r"Overflow in (addition|subtract|multiplication)|out of range|OUT_OF_RANGE",
        100046,
        "22003",
        "Number out of representable range: type FIXED[SB16](38,0)",
    ),
    (r"NOT NULL constraint failed", 100072, "22000", "NULL result in a non-nullable column"),
    (
        r"must appear in the GROUP BY|must be part of the GROUP BY|must be a grouping column|"
        r"GROUPING statement cannot be used without groups",
        979,
        "42601",
        "SQL compilation error:\n[expression] is not a valid group by expression",
    ),
    (
        r"aggregates? .*(cannot|not allowed)|aggregate function calls cannot be nested|"
        r"cannot contain aggregates",
        979,
        "42601",
        "SQL compilation error:\n[aggregate] is not a valid group by expression",
    ),
    (
        r"More than one row returned by a subquery",
        90150,
        "22000",
        "Single-row subquery returns more than one row.",
    ),
    (
        r"No space left|Out of Memory|could not allocate",
        603,
        "XX000",
        "SQL execution internal error:\nThe warehouse ran out of memory or disk",
    ),
)


def from_duckdb(error: Exception) -> Failure:
    """Return the failure that Snowflake would report for DuckDB's `error`."""
    text = str(error)
    if isinstance(error, duckdb.InterruptException):
        return cancelled()
    marked = re.search(_MARK + r"(\d+):(\w{5}):(.*)", text, re.S)
    if marked:
        return Failure(int(marked[1]), marked[2], marked[3].split("\n\nLINE ")[0])
    number = _NOT_A_NUMBER.search(text)
    if number:
        return Failure(100038, "22018", f"Numeric value '{number['v']}' is not recognized")
    cast = _OUT_OF_RANGE.search(text)
    if cast:
        return Failure(100039, "22003", f"Numeric value '{cast['v']}' is out of range")
    for pattern, code, sqlstate, message in _DUCKDB_CODES:
        if re.search(pattern, text, re.I):
            return Failure(code, sqlstate, message)
    return invalid(text.split("\n\nLINE ")[0], 2140, "42601")
