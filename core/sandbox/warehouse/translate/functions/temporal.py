"""Functions of dates and times."""

from __future__ import annotations

from sqlglot import exp

from core.sandbox.warehouse import failures, types
from core.sandbox.warehouse.translate import formats, times
from core.sandbox.warehouse.translate.binder import Binder, binds
from core.sandbox.warehouse.translate.bound import Bound, quote, time_of_day
from core.sandbox.warehouse.translate.casts import cast, from_epoch, from_parsed, read_text
from core.sandbox.warehouse.translate.functions.numeric import truncate_number
from core.sandbox.warehouse.translate.functions.registry import (
    check_count,
    constant,
    function,
    name_of,
    special,
)
from core.sandbox.warehouse.types import SqlType

_DAY_NANOS = 86_400_000_000_000


@special("DATE_TRUNC")
def _date_trunc(binder: Binder, arguments: list[exp.Expr]) -> Bound:
    check_count("DATE_TRUNC", len(arguments), 2, 2)
    return times.truncate(binder, name_of(arguments[0]), binder.bind(arguments[1]))


@special("TRUNC", "TRUNCATE")
def _trunc(binder: Binder, arguments: list[exp.Expr]) -> Bound:
    check_count("TRUNC", len(arguments), 1, 2)
    value = binder.bind(arguments[0])
    if value.type.name == "DATE" or value.type.is_timestamp:
        check_count("TRUNC", len(arguments), 2, 2)
        return times.truncate(binder, name_of(arguments[1]), value)
    return truncate_number(binder, value, *(binder.bind(each) for each in arguments[1:]))


@special("DATE_PART")
def _date_part(binder: Binder, arguments: list[exp.Expr]) -> Bound:
    check_count("DATE_PART", len(arguments), 2, 2)
    return times.part(binder, name_of(arguments[0]), binder.bind(arguments[1]))


@binds(exp.Extract)
def _extract(binder: Binder, node: exp.Expr) -> Bound:
    return times.part(binder, node.name, binder.bind(node.expression))


def _part_function(name: str) -> None:
    @function(name)
    def call(binder: Binder, value: Bound) -> Bound:
        return times.part(binder, name, value)


for _name in ("YEAR", "QUARTER", "MONTH", "WEEK", "WEEKOFYEAR", "WEEKISO", "DAY", "DAYOFMONTH",
              "DAYOFWEEK", "DAYOFWEEKISO", "DAYOFYEAR", "HOUR", "MINUTE", "SECOND"):  # fmt: skip
    _part_function(_name)


@special("DATEADD", "TIMESTAMPADD", "TIMEADD")
def _dateadd(binder: Binder, arguments: list[exp.Expr]) -> Bound:
    check_count("DATEADD", len(arguments), 3, 3)
    amount = cast(binder, binder.bind(arguments[1]), types.INTEGER)
    value = binder.bind(arguments[2])
    return times.add(binder, value, name_of(arguments[0]), f"CAST({amount.sql} AS BIGINT)")


@function("ADD_MONTHS", least=2)
def _add_months(binder: Binder, value: Bound, months: Bound) -> Bound:
    """Translate ADD_MONTHS: from the last day of a month to the last day of another."""
    amount = f"CAST({cast(binder, months, types.INTEGER).sql} AS BIGINT)"
    moved = times.add(binder, value, "month", amount)
    if moved.type.name != "DATE":
        return moved
    last = f"last_day({value.sql}) = {value.sql}"
    return Bound(f"(CASE WHEN {last} THEN last_day({moved.sql}) ELSE {moved.sql} END)", moved.type)


@special("DATEDIFF", "TIMESTAMPDIFF", "TIMEDIFF")
def _datediff(binder: Binder, arguments: list[exp.Expr]) -> Bound:
    check_count("DATEDIFF", len(arguments), 3, 3)
    start, end = (binder.bind(each) for each in arguments[1:])
    return times.difference(binder, name_of(arguments[0]), start, end)


@function("LAST_DAY")
def _last_day(binder: Binder, value: Bound) -> Bound:
    return times.last_day(binder, value)


@function("MONTHNAME")
def _monthname(binder: Binder, value: Bound) -> Bound:
    return Bound(f"strftime({cast(binder, value, types.DATE).sql}, '%b')", types.text(3))


@function("DAYNAME")
def _dayname(binder: Binder, value: Bound) -> Bound:
    return Bound(f"strftime({cast(binder, value, types.DATE).sql}, '%a')", types.text(3))


@function("CONVERT_TIMEZONE", least=2, most=3)
def _convert_timezone(binder: Binder, *arguments: Bound) -> Bound:
    zones = [constant(each, "CONVERT_TIMEZONE") for each in arguments[:-1]]
    source = zones[0] if len(zones) == 2 else None
    return times.convert(binder, source, zones[-1], arguments[-1])


@function("DATE_FROM_PARTS", "DATEFROMPARTS", least=3)
def _date_from_parts(binder: Binder, *arguments: Bound) -> Bound:
    year, month, day = (
        f"CAST({cast(binder, each, types.INTEGER).sql} AS INTEGER)" for each in arguments
    )
    months = f"to_months(CAST(({year} - 1970) * 12 + {month} - 1 AS INTEGER))"
    return Bound(f"CAST(DATE '1970-01-01' + {months} + to_days({day} - 1) AS DATE)", types.DATE)


def _to_date(binder: Binder, value: Bound, form: Bound | None, lenient: bool) -> Bound:
    if value.type.is_json:
        value = cast(binder, value, types.TEXT)
    if value.type.name == "FIXED":
        return cast(binder, from_epoch(binder, value, 0, types.NTZ), types.DATE)
    pattern = constant(form, "TO_DATE") if form is not None else "AUTO"
    read = read_text(binder, value, pattern) if value.type.name == "TEXT" else None
    if read is None:
        return cast(binder, value, types.DATE, lenient=lenient)
    failing = "" if lenient else _cannot_parse(value, "date", 100096, pattern)
    return Bound(
        f"(CASE WHEN {read.t} IS NOT NULL THEN CAST({read.t} AS DATE){failing} END)", types.DATE
    )


def _cannot_parse(value: Bound, what: str, code: int, pattern: str) -> str:
    wanted = f"''' as {what} with format ''' || {quote(pattern)} || ''''"
    message = f"'Can''t parse ''' || {value.sql} || {wanted}"
    return f" WHEN {value.sql} IS NOT NULL THEN {failures.raising(code, '22007', message)}"


@function("TO_DATE", "DATE", most=2)
def _to_date_strict(binder: Binder, value: Bound, form: Bound | None = None) -> Bound:
    return _to_date(binder, value, form, lenient=False)


@function("TRY_TO_DATE", most=2)
def _try_to_date(binder: Binder, value: Bound, form: Bound | None = None) -> Bound:
    return _to_date(binder, value, form, lenient=True)


def _to_timestamp(
    binder: Binder, value: Bound, form: Bound | None, target: SqlType, lenient: bool
) -> Bound:
    if value.type.is_json:
        value = cast(binder, value, types.TEXT)
    if value.type.is_numeric:
        scale = int(constant(form, "TO_TIMESTAMP")) if form is not None else 0
        number = cast(binder, value, types.number(38, 9)) if value.type.name == "REAL" else value
        return from_epoch(binder, number, scale, target)
    pattern = constant(form, "TO_TIMESTAMP") if form is not None else "AUTO"
    read = read_text(binder, value, pattern) if value.type.name == "TEXT" else None
    if read is None:
        return cast(binder, value, target, lenient=lenient)
    if not lenient:
        failing = _cannot_parse(value, "timestamp", 100097, pattern)
        t = f"(CASE WHEN {read.t} IS NOT NULL THEN {read.t}{failing} END)"
        read = formats.Parsed(t, read.n, read.o)
    return from_parsed(binder, value, read, target, lenient=True)


def _timestamp_functions(suffixes: tuple[str, ...], target: SqlType) -> None:
    for suffix in suffixes:

        @function(f"TO_TIMESTAMP{suffix}", most=2)
        def strict(binder: Binder, value: Bound, form: Bound | None = None) -> Bound:
            return _to_timestamp(binder, value, form, target, lenient=False)

        @function(f"TRY_TO_TIMESTAMP{suffix}", most=2)
        def lenient(binder: Binder, value: Bound, form: Bound | None = None) -> Bound:
            return _to_timestamp(binder, value, form, target, lenient=True)


_timestamp_functions(("", "_NTZ"), types.NTZ)
_timestamp_functions(("_LTZ",), types.LTZ)
_timestamp_functions(("_TZ",), types.TZ)


@function("TIME_FROM_PARTS", "TIMEFROMPARTS", least=3, most=4)
def _time_from_parts(binder: Binder, *arguments: Bound) -> Bound:
    steps = (3_600_000_000_000, 60_000_000_000, 1_000_000_000, 1)
    parts = (f"CAST({cast(binder, each, types.INTEGER).sql} AS BIGINT)" for each in arguments)
    total = " + ".join(f"{part} * {step}" for part, step in zip(parts, steps, strict=False))
    return Bound(time_of_day(f"(({total}) % {_DAY_NANOS})"), types.TIME)


@function("TO_TIME", "TIME", most=2)
def _to_time(binder: Binder, value: Bound, form: Bound | None = None) -> Bound:
    return _time(binder, value, form, lenient=False)


@function("TRY_TO_TIME", most=2)
def _try_to_time(binder: Binder, value: Bound, form: Bound | None = None) -> Bound:
    return _time(binder, value, form, lenient=True)


def _time(binder: Binder, value: Bound, form: Bound | None, lenient: bool) -> Bound:
    if form is None:
        return cast(binder, value, types.TIME, lenient=lenient)
    moment = _to_timestamp(binder, value, form, types.NTZ, lenient)
    return cast(binder, moment, types.TIME)
