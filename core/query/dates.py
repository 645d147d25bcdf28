"""The month of a plan's date column, and whether a date is invalid.

A text is compared with the regular expression of its format, which also picks year, month and day
from it; these are parsed as `YYYY-MM-DD`. So Snowflake accepts what Python accepts in the sample,
and no parameter of the account changes the meaning of a date.
"""

from __future__ import annotations

from core.planning.date_formats import CENTURY_START, NUMBER_TEXT, EpochUnit, TextFormat
from core.planning.plan import Plan
from core.planning.source import SourceColumn
from core.query.statement import Binds, quote
from core.query.white_space import trim

# The seconds since 1970 of 0001-01-01 and 9999-12-31T23:59:59, the range of a Snowflake timestamp.
# Epochs in nanoseconds are limited by 64 bits (1677-2262).
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799
INT64 = 2**63 - 1
BAD_VALUE_CHARACTERS = 100
_FIRST_IN_ANY_CASE = "1, 1, 'i'"  # from the first character, the first occurrence


def truncate_to_month(plan: Plan, bind: Binds) -> str:
    """Return the expression for the first day of the month, a DATE; NULL if the date is invalid.

    DATE_TRUNC keeps the type of its argument, and truncates a TIMESTAMP_LTZ in the session's time
    zone. Casting a TIMESTAMP_TZ to NTZ gives its local time (docs.snowflake.com, "Date & time data
    types").
    """
    column = plan.month.source
    match column.type.kind, plan.month_format:
        case _, TextFormat() as known:
            moment = _parse_text(known, column, bind)
        case _, EpochUnit() as unit:
            whole = _floor(column, bind)
            valid = _check_range(unit, whole, bind)
            moment = f"TO_TIMESTAMP_NTZ(IFF({valid}, {whole}, NULL), {unit.scale})"
        case "TIMESTAMP_TZ", _:
            moment = f"{quote(column.name)}::TIMESTAMP_NTZ"
        case _:
            moment = quote(column.name)
    return f"DATE_TRUNC('MONTH', {moment})::DATE"


def find_bad_date(plan: Plan, bind: Binds) -> str | None:
    """Return the expression for an invalid date as text, NULL if the date is valid or missing.

    Returns None if dates of this type are always valid.
    """
    column, known = plan.month.source, plan.month_format
    if known is None:
        return None
    name = quote(column.name)
    if isinstance(known, EpochUnit):
        valid = _check_range(known, _floor(column, bind), bind)
    else:
        valid = f"{_parse_text(known, column, bind)} IS NOT NULL"
    if column.type.kind == "TEXT":
        missing = f"COALESCE({_strip(column, bind)}, '') = ''"
        return f"IFF({missing} OR {valid}, NULL, LEFT({name}, {BAD_VALUE_CHARACTERS}))"
    return f"IFF({valid}, NULL, {name}::VARCHAR)"


def _parse_text(known: TextFormat, column: SourceColumn, bind: Binds) -> str:
    """Return the expression for the DATE of a text or of a number of digits; NULL if invalid."""
    text = _strip(column, bind) if column.type.kind == "TEXT" else _write(known, column, bind)
    fits = f"REGEXP_LIKE({text}, {bind(known.whole)}, 'i')"
    # Groups of the expression by what they are; a format without a day means the first.
    group = {letter: f"\\{n}" for n, letter in enumerate(known.letters, 1)}
    year, month = (group.get(big) or group[small] for big, small in ("Yy", "mb"))
    parts, template = bind(known.parts), bind(f"{year}-{month}-{group.get('d', '01')}")
    picked = f"REGEXP_REPLACE({text}, {parts}, {template}, {_FIRST_IN_ANY_CASE})"
    if known.has_short_year:
        picked = f"IFF({picked} < '{CENTURY_START}', '20', '19') || {picked}"
    pattern = "YYYY-MON-DD" if known.has_month_name else "YYYY-MM-DD"
    return f"IFF({fits}, TRY_TO_DATE({picked}, '{pattern}'), NULL)"


def _strip(column: SourceColumn, bind: Binds) -> str:
    """Return the expression for a text without surrounding white space and without a collation.

    Regular expressions accept no collated text (docs.snowflake.com, "REGEXP_REPLACE").
    """
    name = quote(column.name)
    if " COLLATE " in column.type.text.upper():
        name = f"COLLATE({name}, '')"
    return trim(name, bind)


def _write(known: TextFormat, column: SourceColumn, bind: Binds) -> str:
    """Return the expression for a whole number as text, with as many digits as the format has."""
    whole = quote(column.name)
    within = f"{whole} BETWEEN {bind(known.least_number)} AND {bind(10**known.digits - 1)}"
    if column.type.kind != "FIXED" or column.type.scale:
        whole = _floor(column, bind)
        within = f"{within} AND {quote(column.name)} = {whole}"
    return f"IFF({within}, LPAD({whole}::VARCHAR, {known.digits}, '0'), NULL)"


def _floor(column: SourceColumn, bind: Binds) -> str:
    """Return the expression for a number, or a number as text, without its fraction."""
    name = quote(column.name)
    if column.type.kind == "TEXT":
        text = _strip(column, bind)
        is_number = f"REGEXP_LIKE({text}, {bind(NUMBER_TEXT)})"
        return f"FLOOR(TRY_TO_NUMBER(IFF({is_number}, {text}, NULL), 38, 9))"
    if column.type.kind == "FIXED":
        return name if column.type.scale == 0 else f"FLOOR({name})"
    # NaN (which Snowflake orders above all numbers), infinities and values of 1e19 and more cannot
    # be cast to NUMBER; no epoch reaches that far.
    return f"IFF(ABS({name}) < 1e19, FLOOR({name}), NULL)::NUMBER(38,0)"


def _check_range(unit: EpochUnit, whole: str, bind: Binds) -> str:
    first, last = find_extremes(unit)
    return f"{whole} BETWEEN {bind(first)} AND {bind(last)}"


def find_number_range(plan: Plan) -> tuple[int, int] | None:
    """Return the least and the greatest whole number that may be a date in a plan's month column.

    Returns:
        None if its dates are no numbers, or numbers whose order is not that of time.
    """
    known = None if plan.month.source.type.kind == "TEXT" else plan.month_format
    if isinstance(known, EpochUnit):
        return find_extremes(known)
    if known is None or not known.begins_with_month:
        return None
    return known.least_number, 10**known.digits - 1


def find_extremes(unit: EpochUnit) -> tuple[int, int]:
    """Return the least and the greatest whole number that is a date."""
    scale = 10**unit.scale
    return max(_FIRST_SECOND * scale, -INT64), min(_LAST_SECOND * scale + scale - 1, INT64)
