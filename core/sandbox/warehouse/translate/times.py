"""Parts of dates and times: truncating, adding, counting, extracting."""

from __future__ import annotations

from core.sandbox.warehouse import failures, types
from core.sandbox.warehouse.translate.binder import Binder
from core.sandbox.warehouse.translate.bound import Bound, quote, time_of_day, timestamp
from core.sandbox.warehouse.translate.casts import (
    cast,
    clock_of_1970,
    offset_of,
    wall,
    zone_instant,
)
from core.sandbox.warehouse.types import SqlType

_UNITS = {
    "year": ("y", "yy", "yyy", "yyyy", "yr", "years", "yrs"),
    "quarter": ("q", "qtr", "qtrs", "quarters"),
    "month": ("mm", "mon", "mons", "months"),
    "week": ("w", "wk", "weekofyear", "woy", "wy", "weeks"),
    "day": ("d", "dd", "days", "dayofmonth"),
    "hour": ("h", "hh", "hr", "hours", "hrs"),
    "minute": ("m", "mi", "min", "minutes", "mins"),
    "second": ("s", "sec", "seconds", "secs"),
    "millisecond": ("ms", "msec", "milliseconds"),
    "microsecond": ("us", "usec", "microseconds"),
    "nanosecond": ("ns", "nsec", "nanosec", "nsecond", "nanoseconds", "nanosecs", "nseconds"),
    "dayofweek": ("weekday", "dow", "dw"),
    "dayofweekiso": ("weekday_iso", "dow_iso", "dw_iso"),
    "weekiso": ("week_iso", "weekofyeariso", "weekofyear_iso"),
    "dayofyear": ("yearday", "doy", "dy"),
    "yearofweekiso": (),
    "epoch_second": ("epoch", "epoch_seconds"),
    "epoch_millisecond": ("epoch_milliseconds",),
    "epoch_microsecond": ("epoch_microseconds",),
    "epoch_nanosecond": ("epoch_nanoseconds",),
    "timezone_hour": ("tzh",),
    "timezone_minute": ("tzm",),
}
_NAMES = {alias: unit for unit, aliases in _UNITS.items() for alias in (unit, *aliases)}
_DAY_NANOS = 86_400_000_000_000
_DATE_UNITS = ("year", "quarter", "month", "week", "day")
_CLOCK_MICROS = {"hour": 3_600_000_000, "minute": 60_000_000, "second": 1_000_000,
                 "millisecond": 1000, "microsecond": 1}  # fmt: skip


def unit_of(name: str, function: str) -> str:
    """Return the unit that a date part's name or abbreviation means.

    Raises:
        Failure: 1007 when there is no such part.
    """
    unit = _NAMES.get(name.lower())
    if unit is None:
        raise failures.invalid(f"'{name}' is not a valid date/time component for {function}.")
    return unit


def _moment(binder: Binder, value: Bound) -> Bound:
    """Convert text to a timestamp, as Snowflake's date functions do; TIME to one of 1970-01-01."""
    if value.type.name == "TIME":
        return clock_of_1970(value)
    return cast(binder, value, types.NTZ) if value.type.name in ("TEXT", "NULL") else value


def truncate(binder: Binder, unit: str, value: Bound) -> Bound:
    """Translate DATE_TRUNC; the type stays.

    A zoned timestamp is cut on the wall clock that it shows.
    """
    unit = unit_of(unit, "DATE_TRUNC")
    if value.type.name == "DATE":
        if unit not in _DATE_UNITS:
            return value
        return Bound(f"CAST(date_trunc('{unit}', {value.sql}) AS DATE)", types.DATE)
    if value.type.name == "TIME":
        step = _CLOCK_MICROS.get(unit, 1) * 1000
        nanos = f"epoch_ns({value.sql})"
        return Bound(time_of_day(f"({nanos} - {nanos} % {step})"), value.type)
    value = _moment(binder, value)
    if not value.type.is_timestamp:
        raise failures.invalid("Invalid argument types for function 'DATE_TRUNC'", 1044, "42P13")
    if unit == "nanosecond":
        return value
    cut = f"date_trunc('{unit}', {wall(binder, value)})"
    return _on_wall(binder, value, cut)


def _on_wall(binder: Binder, value: Bound, shown: str, n: str = "0") -> Bound:
    """Return a timestamp like `value` that shows the wall clock `shown`."""
    if value.type.name == "TIMESTAMP_NTZ":
        return timestamp(value.type, shown, n)
    if value.type.name == "TIMESTAMP_TZ":
        instant = f"({shown} - to_minutes(CAST({value.o} AS INTEGER)))"
        return timestamp(value.type, instant, n, value.o)
    return timestamp(value.type, zone_instant(binder.translation.names.zone(), shown), n)


def add(binder: Binder, value: Bound, unit: str, amount: str) -> Bound:
    """Translate DATEADD: add `amount` units (DuckDB SQL, BIGINT).

    A DATE stays one for units of whole days.
    """
    unit = unit_of(unit, "DATEADD")
    if value.type.name == "TIME":
        micros = f"{amount} * {_CLOCK_MICROS.get(unit, 0)}"
        day = f"(epoch_ns({value.sql}) + {micros} * 1000)"
        return Bound(
            time_of_day(f"(({day} % {_DAY_NANOS} + {_DAY_NANOS}) % {_DAY_NANOS})"), value.type
        )
    if value.type.name == "DATE":
        if unit in _DATE_UNITS:
            moved = f"({value.sql} + {_interval(unit, amount)})"
            return Bound(f"CAST({moved} AS DATE)", types.DATE)
        value = cast(binder, value, types.NTZ)
    value = _moment(binder, value)
    if unit == "nanosecond":
        total = f"({value.n} + {amount})"
        left = f"(({total} % 1000 + 1000) % 1000)"
        t = f"({value.t} + to_microseconds(({total} - {left}) // 1000))"
        return timestamp(SqlType(value.type.name, scale=9), t, left, value.o)
    shown = f"({wall(binder, value)} + {_interval(unit, amount)})"
    return _on_wall(binder, value, shown, value.n)


def _interval(unit: str, amount: str) -> str:
    months = {"year": 12, "quarter": 3, "month": 1}
    if unit in months:
        return f"to_months(CAST({amount} * {months[unit]} AS INTEGER))"
    days = {"week": 7, "day": 1}
    if unit in days:
        return f"to_days(CAST({amount} * {days[unit]} AS INTEGER))"
    if unit not in _CLOCK_MICROS:
        raise failures.invalid(f"'{unit}' cannot be added.")
    return f"to_microseconds({amount} * {_CLOCK_MICROS[unit]})"


def difference(binder: Binder, unit: str, start: Bound, end: Bound) -> Bound:
    """Translate DATEDIFF: count the boundaries of `unit` between two moments.

    The count is a NUMBER(9,0), for nanoseconds a NUMBER(18,0).
    """
    unit = unit_of(unit, "DATEDIFF")
    start, end = _moment(binder, start), _moment(binder, end)
    if unit == "nanosecond" and start.type.name == end.type.name == "TIME":
        count = f"(epoch_ns({end.sql}) - epoch_ns({start.sql}))"
        return Bound(f"CAST({count} AS DECIMAL(18,0))", types.number(18))
    first, last = wall(binder, start), wall(binder, end)
    if unit == "nanosecond":
        count = (
            f"(CAST(epoch_us({last}) - epoch_us({first}) AS HUGEINT) * 1000 + {end.n} - {start.n})"
        )
        return Bound(f"CAST({count} AS DECIMAL(18,0))", types.number(18))
    return Bound(f"CAST(date_diff('{unit}', {first}, {last}) AS DECIMAL(9,0))", types.number(9))


_EXTRACTS = {
    "year": ("year", 4), "quarter": ("quarter", 1), "month": ("month", 2), "week": ("week", 2),
    "weekiso": ("week", 2), "day": ("day", 2), "dayofyear": ("dayofyear", 3),
    "dayofweek": ("dayofweek", 1), "dayofweekiso": ("isodow", 1), "yearofweekiso": ("isoyear", 4),
    "hour": ("hour", 2), "minute": ("minute", 2),
}  # fmt: skip


def part(binder: Binder, unit: str, value: Bound) -> Bound:
    """Translate DATE_PART and EXTRACT."""
    value = _moment(binder, value)
    unit = unit_of(unit, "DATE_PART")
    shown = wall(binder, value)
    if unit in _EXTRACTS:
        name, digits = _EXTRACTS[unit]
        return _count(f"date_part('{name}', {shown})", digits)
    if unit in ("second", "millisecond", "microsecond", "nanosecond"):
        within = f"(epoch_us({shown}) % 60000000 + 60000000) % 60000000"
        if unit == "second":
            return _count(f"({within}) // 1000000", 2)
        fraction = f"(({within}) % 1000000 * 1000 + {value.n})"
        divisor = {"millisecond": 1_000_000, "microsecond": 1000, "nanosecond": 1}[unit]
        return _count(f"{fraction} // {divisor}", 9)
    if unit in ("timezone_hour", "timezone_minute"):
        minutes = offset_of(binder, value)
        return _count(f"{minutes} // 60" if unit == "timezone_hour" else f"{minutes} % 60", 9)
    instant = value.t if value.type.is_timestamp else shown
    return _epoch(unit, instant, value.n)


def _epoch(unit: str, instant: str, n: str) -> Bound:
    if unit == "epoch_nanosecond":
        return _count(f"CAST(epoch_us({instant}) AS HUGEINT) * 1000 + {n}", 38)
    step = {"epoch_second": 1_000_000, "epoch_millisecond": 1000, "epoch_microsecond": 1}.get(unit)
    if step is None:
        raise failures.invalid(f"'{unit}' cannot be extracted.")
    micros = f"epoch_us({instant})"
    return _count(f"({micros} - ({micros} % {step} + {step}) % {step}) // {step}", 18)


def _count(sql: str, digits: int) -> Bound:
    type_ = types.number(digits)
    return Bound(f"CAST({sql} AS {type_.physical})", type_)


def last_day(binder: Binder, value: Bound) -> Bound:
    """Translate LAST_DAY: the last day of the month, a DATE."""
    return Bound(f"last_day(CAST({wall(binder, _moment(binder, value))} AS DATE))", types.DATE)


def convert(binder: Binder, source: str | None, target: str, value: Bound) -> Bound:
    """Translate CONVERT_TIMEZONE.

    With a source zone it converts NTZ to NTZ, else to a TIMESTAMP_TZ in `target`.
    """
    value = _moment(binder, value)
    for zone in (source, target):
        if zone is not None:
            check_zone(zone)
    if source is not None:
        instant = zone_instant(source, wall(binder, value))
        moved = f"timezone({quote(target)}, timezone('UTC', {instant}))"
        return timestamp(SqlType("TIMESTAMP_NTZ", scale=value.type.scale), moved, value.n)
    zoned = cast(binder, value, SqlType("TIMESTAMP_TZ", scale=value.type.scale))
    shown = f"timezone({quote(target)}, timezone('UTC', {zoned.t}))"
    return timestamp(zoned.type, zoned.t, zoned.n, f"date_diff('minute', {zoned.t}, {shown})")


def check_zone(zone: str) -> None:
    """Refuse a time zone that does not exist.

    Raises:
        Failure: 1007.
    """
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise failures.invalid(f"Unknown timezone: '{zone}'") from error
