"""The statement that reads the rows of a plan: each with its month, keys and values to sum."""

from __future__ import annotations

from collections.abc import Callable

from core.planning.date_formats import EpochUnit, TextFormat
from core.planning.plan import Plan
from core.planning.source import TIMESTAMPS, Source, SourceColumn
from core.query.statement import Binds, Field, Statement, qualify, quote, select

# The characters of Unicode's White_Space property. Text of these characters only is blank.
WHITE_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)

# The seconds since 1970 of 0001-01-01 and 9999-12-31T23:59:59, the range of a Snowflake timestamp.
# Epochs in nanoseconds are limited by 64 bits (1677-2262).
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799
INT64 = 2**63 - 1
BAD_VALUE_CHARACTERS = 100


def select_rows(plan: Plan) -> Statement:
    """Return the statement of engine `stream`: its result has a row for each row of the table.

    Snowflake computes the month, because a result does not carry the time zone of a value. Blank
    rows and invalid dates are flagged, not filtered: so they are counted in the same snapshot, and
    the row count that Snowflake declares for the result is that of the table.
    """
    bind = Binds()
    return select(row_fields(plan, bind), f"FROM {qualify(plan.source.name)}", bind)


def select_bad_dates(plan: Plan, rows: int) -> Statement:
    """Return the statement that selects up to `rows` dates that cannot be parsed, as text.

    Raises:
        ValueError: dates of the plan's type are always valid.
    """
    bind = Binds()
    bad = _find_bad_date(plan, bind)
    if bad is None:
        raise ValueError("dates of this type are always valid")
    every = select([Field("bad", bad)], f"FROM {qualify(plan.source.name)}", bind)
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
        Field("month", _truncate_to_month(plan, bind), plan.month),
        *(Field(f"key_{n}", key(c.source, at_rest=at_rest), c) for n, c in enumerate(plan.keys, 1)),
        *(Field(f"sum_{n}", addend(c.source), c) for n, c in enumerate(plan.sums, 1)),
    ]
    blank = _check_blank(plan.source, bind)
    if blank:
        fields.append(Field("blank", blank))
    bad = _find_bad_date(plan, bind)
    if bad:
        fields.append(Field("bad", bad))
    return fields


def _truncate_to_month(plan: Plan, bind: Binds) -> str:
    """Return the expression for the first day of the month, a DATE.

    DATE_TRUNC keeps the type of its argument, and truncates a TIMESTAMP_LTZ in the session's time
    zone. Casting a TIMESTAMP_TZ to NTZ gives its local time (docs.snowflake.com, "Date & time data
    types").
    """
    column = plan.month.source
    name = quote(column.name)
    match column.type.kind, plan.month_format:
        case _, TextFormat():
            moment = _parse_text(plan, bind)
        case _, EpochUnit() as unit:
            whole = _floor(column)
            valid = _check_range(unit, whole, bind)
            moment = f"TO_TIMESTAMP_NTZ(IFF({valid}, {whole}, NULL), {unit.scale})"
        case "TIMESTAMP_TZ", _:
            moment = f"{name}::TIMESTAMP_NTZ"
        case _:
            moment = name
    return f"DATE_TRUNC('MONTH', {moment})::DATE"


def _parse_text(plan: Plan, bind: Binds) -> str:
    """Return the expression that parses a text in the plan's format; NULL if it is invalid."""
    assert isinstance(plan.month_format, TextFormat)  # noqa: S101 - for the type checker
    text = f"TRIM({quote(plan.month.name)}, {bind(WHITE_SPACE)})"
    pattern = bind(plan.month_format.snowflake)
    if plan.month_format.has_offset:
        return f"TRY_TO_TIMESTAMP_TZ({text}, {pattern})::TIMESTAMP_NTZ"
    if plan.month_format.has_time:
        return f"TRY_TO_TIMESTAMP_NTZ({text}, {pattern})"
    return f"TRY_TO_DATE({text}, {pattern})"


def _floor(column: SourceColumn) -> str:
    name = quote(column.name)
    if column.type.kind == "FIXED":
        return name if column.type.scale == 0 else f"FLOOR({name})"
    # NaN (which Snowflake orders above all numbers), infinities and values of 1e19 and more cannot
    # be cast to NUMBER; no epoch reaches that far.
    return f"IFF(ABS({name}) < 1e19, FLOOR({name}), NULL)::NUMBER(38,0)"


def _check_range(unit: EpochUnit, whole: str, bind: Binds) -> str:
    scale = 10**unit.scale
    first = max(_FIRST_SECOND * scale, -INT64)
    last = min(_LAST_SECOND * scale + scale - 1, INT64)
    return f"{whole} BETWEEN {bind(first)} AND {bind(last)}"


def _find_bad_date(plan: Plan, bind: Binds) -> str | None:
    """Return the expression for an invalid date as text, NULL if the date is valid or missing.

    Returns None if dates of this type are always valid.
    """
    name = quote(plan.month.name)
    match plan.month_format:
        case TextFormat():
            given = f"TRIM({name}, {bind(WHITE_SPACE)}) <> ''"
            missing = f"{_parse_text(plan, bind)} IS NULL"
            return f"IFF({given} AND {missing}, LEFT({name}, {BAD_VALUE_CHARACTERS}), NULL)"
        case EpochUnit() as unit:
            valid = _check_range(unit, _floor(plan.month.source), bind)
            return f"IFF({valid}, NULL, {name}::VARCHAR)"
        case _:
            return None


def _check_blank(source: Source, bind: Binds) -> str | None:
    """Return the condition under which a whole row is blank; None if no row can be."""
    tests: list[str] = []
    for column in source.columns:
        name = quote(column.name)
        match column.type.kind:
            case "TEXT":
                tests.append(f"COALESCE(TRIM({name}, {bind(WHITE_SPACE)}), '') = ''")
            case "VARIANT":
                tests.append(f"COALESCE(IS_NULL_VALUE({name}), TRUE)")
            case _ if not column.nullable:
                return None
            case _:
                tests.append(f"{name} IS NULL")
    # The cheapest tests first: most rows fail one of them.
    tests.sort(key=lambda test: not test.endswith(" IS NULL"))
    return "(" + " AND ".join(tests) + ")"


# The expression of a key by its kind: what no file format has a type for becomes text.
_KEY_SQL: dict[str, Callable[[str], str]] = {
    "VARIANT": "TO_JSON({})".format,
    "OBJECT": "TO_JSON({})".format,
    "ARRAY": "TO_JSON({})".format,
    "MAP": "TO_JSON({})".format,
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
        return nanoseconds(name)
    if column.type.kind == "TIME" or column.type.kind in _PLAIN_KEYS:
        return name
    return _KEY_SQL.get(column.type.kind, "{}::VARCHAR".format)(name)


def nanoseconds(timestamp: str) -> str:
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
