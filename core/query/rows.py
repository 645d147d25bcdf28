"""The statement that reads the rows of a plan: each with its month, keys and values to sum."""

from __future__ import annotations

from collections.abc import Callable

from core.planning.plan import Plan
from core.planning.source import TIMESTAMPS, Source, SourceColumn
from core.query.dates import find_bad_date, truncate_to_month
from core.query.statement import Binds, Field, Statement, qualify, quote, select
from core.query.white_space import trim
from core.query.window import is_in_window


def select_rows(plan: Plan) -> Statement:
    """Return the statement of engine `stream`: its result has a row for each row of the table.

    Snowflake computes the month, because a result does not carry the time zone of a value. Blank
    rows and invalid dates are flagged, not filtered: so they are counted in the same snapshot, and
    the row count that Snowflake declares for the result is that of the table.
    """
    bind = Binds()
    return select(row_fields(plan, bind), from_source(plan, bind), bind)


def from_source(plan: Plan, bind: Binds, suffix: str = "") -> str:
    """Return the FROM clause of the source and, for a plan with a window, the WHERE clause.

    Args:
        plan: the plan.
        bind: collects the bound values.
        suffix: the text that follows the source's name: a sample, or a point in time.
    """
    return f"FROM {qualify(plan.source.name)}{suffix}{limit_to_window(plan, bind)}"


def limit_to_window(plan: Plan, bind: Binds) -> str:
    """Return the WHERE clause of a plan with a window, on a line of its own; else an empty text."""
    if plan.window is None:
        return ""
    month, bad = truncate_to_month(plan, bind), find_bad_date(plan, bind)
    return f"\nWHERE {is_in_window(plan, month=month, bad=bad)}"


def select_bad_dates(plan: Plan, rows: int) -> Statement:
    """Return the statement that selects up to `rows` dates that cannot be parsed, as text.

    Raises:
        ValueError: dates of the plan's type are always valid.
    """
    bind = Binds()
    bad = find_bad_date(plan, bind)
    if bad is None:
        raise ValueError("dates of this type are always valid")
    every = select([Field("bad", bad)], from_source(plan, bind), bind)
    where = f'FROM (\n{every.sql}\n)\nWHERE "bad" IS NOT NULL\nLIMIT {rows}'
    return select([Field("bad", quote("bad"))], where, bind)


def row_fields(plan: Plan, bind: Binds, *, at_rest: bool = False) -> list[Field]:
    """Return the fields of a row: `month`, `key_1`..., `sum_1`..., and the flags `blank`, `bad`.

    A flag is absent if no row can be blank, or no date invalid.

    Args:
        plan: the plan.
        bind: collects the bound values.
        at_rest: the keys stay in Snowflake; see `key`.
    """
    fields = [
        Field("month", truncate_to_month(plan, bind), plan.month),
        *(Field(f"key_{n}", key(c.source, at_rest=at_rest), c) for n, c in enumerate(plan.keys, 1)),
        *(Field(f"sum_{n}", addend(c.source), c) for n, c in enumerate(plan.sums, 1)),
    ]
    # A row with a date is not blank; without the check, Snowflake need not read all columns.
    dated = plan.window is not None and not plan.window.undated
    blank = None if dated else _check_blank(plan.source, bind)
    if blank:
        fields.append(Field("blank", blank))
    bad = find_bad_date(plan, bind)
    if bad:
        fields.append(Field("bad", bad))
    return fields


def _check_blank(source: Source, bind: Binds) -> str | None:
    """Return the condition under which a whole row is blank; None if no row can be."""
    tests: list[str] = []
    for column in source.columns:
        name = quote(column.name)
        match column.type.kind:
            case "TEXT":
                tests.append(f"COALESCE({trim(name, bind)}, '') = ''")
            case "VARIANT":
                tests.append(f"COALESCE(IS_NULL_VALUE({name}), TRUE)")
            case _ if not column.nullable:
                return None
            case _:
                tests.append(f"{name} IS NULL")
    # The cheapest tests first: most rows fail one of them.
    tests.sort(key=lambda test: not test.endswith(" IS NULL"))
    return "(" + " AND ".join(tests) + ")"


def _to_json(name: str) -> str:
    """Return the expression of a semi-structured value as JSON text.

    Snowflake prints an element of an ARRAY that is NULL as `undefined`, which is no JSON
    (snowflake-connector-python issue 1388); it becomes null. To leave strings with that word
    alone, CHR(1), which JSON text only has escaped, is put after every string and every undefined.
    """
    text, end = f"TO_JSON({name})", "CHR(1)"
    marked = f"REGEXP_REPLACE({text}, {_STRING_OR_UNDEFINED}, $$\\1$$ || {end})"
    nulls = f"REPLACE(REPLACE({marked}, 'undefined' || {end}, 'null'), {end}, '')"
    return f"IFF(CONTAINS({text}, 'undefined'), {nulls}, {text})"


_STRING_OR_UNDEFINED = r"""$$("([^"\\]|\\.)*"|undefined)$$"""
# The expression of a key by its kind: what no file format has a type for becomes text.
_KEY_SQL: dict[str, Callable[[str], str]] = {
    "VARIANT": _to_json,
    "OBJECT": _to_json,
    "ARRAY": _to_json,
    "MAP": _to_json,
    "VECTOR": "TO_JSON({}::ARRAY)".format,
    "GEOGRAPHY": "TO_JSON(ST_ASGEOJSON({}))".format,
    "GEOMETRY": "TO_JSON(ST_ASGEOJSON({}))".format,
}
_PLAIN_KEYS = frozenset({"FIXED", "REAL", "TEXT", "BOOLEAN", "BINARY", "DATE"}) | TIMESTAMPS


def key(column: SourceColumn, *, at_rest: bool = False) -> str:
    """Return the expression of a key.

    Args:
        column: the column.
        at_rest: the result stays in Snowflake. If false, it is downloaded, and types that the
            connector truncates are selected as counts of nanoseconds.
    """
    name = quote(column.name)
    if not at_rest and column.type.kind == "TIME":
        # The connector truncates TIME to microseconds, but not a count of nanoseconds.
        return f"DATEDIFF('NANOSECOND', TIME_FROM_PARTS(0, 0, 0), {name})"
    if not at_rest and column.type.has_nanoseconds:
        return _nanoseconds(name)
    if column.type.kind == "TIME" or column.type.kind in _PLAIN_KEYS:
        return name
    return _KEY_SQL.get(column.type.kind, "{}::VARCHAR".format)(name)


def _nanoseconds(timestamp: str) -> str:
    """Return the expression for a timestamp as a count of nanoseconds since 1970.

    The connector truncates TIMESTAMPs of 7 to 9 digits if a batch holds a year beyond 64 bits of
    nanoseconds. The timestamp is truncated to the second first, because EPOCH_SECOND of a fraction
    before 1970 could be rounded either way.
    """
    second = f"DATE_PART(EPOCH_SECOND, DATE_TRUNC('SECOND', {timestamp}))"
    return f"{second} * 1000000000 + DATE_PART(NANOSECOND, {timestamp})"


def addend(column: SourceColumn) -> str:
    """Return the expression of a numeric column as it is summed."""
    name = quote(column.name)
    return f"{name}::FLOAT" if column.type.kind == "DECFLOAT" else name
