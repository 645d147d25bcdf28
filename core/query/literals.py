"""Statements over a few literal rows, or over no rows: the checks of an account run these.

The statements of a plan are made as for a table, and then the name of the table is replaced by
literal rows. So a check runs the very expressions that a transfer runs, and cannot drift from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.planning.plan import Plan
from core.planning.source import ColumnType, Source
from core.query.rows import row_fields
from core.query.statement import Binds, Field, Statement, literal, qualify, quote, select

# Of a value that is written as text. Each conversion names its format, so that no parameter of the
# session changes it.
_DATE = "YYYY-MM-DD"
_MOMENT = f"{_DATE} HH24:MI:SS.FF9"
_CONVERSIONS = {
    "FIXED": "{0}::{1}",
    "REAL": "{0}::FLOAT",
    "TEXT": "{0}::{1}",
    "BOOLEAN": "{0}::BOOLEAN",
    "BINARY": "TO_BINARY({0}, 'HEX')",
    "DATE": f"TO_DATE({{0}}, '{_DATE}')",
    "TIME": "TO_TIME({0}, 'HH24:MI:SS.FF9')",
    "TIMESTAMP_NTZ": f"TO_TIMESTAMP_NTZ({{0}}, '{_MOMENT}')::{{1}}",
    "TIMESTAMP_LTZ": f"TO_TIMESTAMP_TZ({{0}}, '{_MOMENT} TZH:TZM')::{{1}}",
    "TIMESTAMP_TZ": f"TO_TIMESTAMP_TZ({{0}}, '{_MOMENT} TZH:TZM')::{{1}}",
    "VARIANT": "PARSE_JSON({0})",
    "OBJECT": "TO_OBJECT(PARSE_JSON({0}))",
    "ARRAY": "TO_ARRAY(PARSE_JSON({0}))",
}

LiteralRows = Sequence[Sequence[str | None]]


def over_literals(statement: Statement, source: Source, rows: LiteralRows) -> Statement:
    """Return `statement`, with literal rows in place of the table that it reads.

    Args:
        statement: a statement of this package that reads `source` once.
        source: the source of its plan; its name must not be part of any other text of it.
        rows: the rows, each with the text of a value for each column, or None for NULL. Dates are
            written as 2024-01-31, times as 23:59:59.000000000, timestamps as both, those with a
            time zone with an offset such as +01:00, BINARY in hexadecimal, VARIANT, OBJECT and
            ARRAY as JSON.

    Raises:
        ValueError: the statement does not read the source exactly once.
        KeyError: no literal of a column's type can be written.
    """
    name = qualify(source.name)
    if statement.sql.count(name) != 1:
        raise ValueError("the statement reads the source several times, or not at all")
    return replace(statement, sql=statement.sql.replace(name, _select_literals(source, rows)))


def _select_literals(source: Source, rows: LiteralRows) -> str:
    names = [f"v{n}" for n in range(len(source.columns))]
    columns = ", ".join(
        f"{_convert(column.type, quote(name))} AS {quote(column.name)}"
        for column, name in zip(source.columns, names, strict=True)
    )
    values = ", ".join(f"({', '.join(map(_write, row))})" for row in rows)
    return f"(SELECT {columns} FROM (VALUES {values}) AS v ({', '.join(map(quote, names))}))"


def _convert(kind: ColumnType, value: str) -> str:
    sql = _CONVERSIONS[kind.kind].format(value, kind.text.partition(" COLLATE ")[0])
    _, collated, collation = kind.text.partition(" COLLATE ")
    return f"COLLATE({sql}, {collation})" if collated else sql


def _write(value: str | None) -> str:
    return "NULL" if value is None else literal(value)


def select_month_of_each(plans: Sequence[Plan]) -> Statement:
    """Return the statement that selects the months of several plans of one source, side by side.

    Column `month_1` of its result is `month` of `select_rows` of the first plan, and so on.
    """
    bind = Binds()
    fields = [
        Field(f"month_{n}", row_fields(plan, bind)[0].sql, plan.month)
        for n, plan in enumerate(plans, 1)
    ]
    return select(fields, f"FROM {qualify(plans[0].source.name)}", bind)


def without_rows(statement: Statement) -> Statement:
    """Return a statement with the columns of another and no rows.

    Snowflake compiles all of it, which resolves names and checks privileges, types and Time Travel,
    and reads no partition.
    """
    return replace(statement, sql=f"SELECT * FROM (\n{statement.sql}\n) WHERE FALSE LIMIT 0")


def select_numbers(digits: int) -> Statement:
    """Return the statement that selects the numbers from 0 to 10^digits - 1, each with a text.

    A cross join of literal digits: unlike SEQ8 of a GENERATOR, it has no gaps. The text, SHA-256 of
    the number, hardly compresses, so that the result is large.
    """
    values = ", ".join(f"({digit})" for digit in range(10))
    tables = [f'(VALUES {values}) AS d{n} ("d")' for n in range(digits)]
    number = " + ".join(f'd{n}."d" * {10**n}' for n in range(digits))
    joined = " CROSS JOIN ".join(tables)
    inner = f'(SELECT {number} AS "number" FROM {joined})'
    fields = [Field("number", '"number"'), Field("text", 'SHA2("number"::VARCHAR)')]
    return select(fields, f"FROM {inner}", Binds())
