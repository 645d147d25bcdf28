"""Conversion between types: `::`, CAST, TRY_CAST, and Snowflake's implicit conversions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlglot import exp

from core.sandbox.warehouse import failures, json_text, types
from core.sandbox.warehouse.translate import formats
from core.sandbox.warehouse.translate.binder import Binder, binds
from core.sandbox.warehouse.translate.bound import Bound, quote, time_of_day, timestamp
from core.sandbox.warehouse.translate.datatypes import from_ast
from core.sandbox.warehouse.types import MICRO_SCALE, SqlType

EPOCH_SCALES = {0: 31_536_000_000, 3: 31_536_000_000_000, 6: 31_536_000_000_000_000}


@binds(exp.Cast)
def _cast_node(binder: Binder, node: exp.Expr) -> Bound:
    return cast(binder, binder.bind(node.this), from_ast(node.args["to"]))


@binds(exp.TryCast)
def _try_cast_node(binder: Binder, node: exp.Expr) -> Bound:
    return cast(binder, binder.bind(node.this), from_ast(node.args["to"]), lenient=True)


def cast(binder: Binder, value: Bound, target: SqlType, *, lenient: bool = False) -> Bound:
    """Convert `value` to `target`; with `lenient`, to NULL where that is not possible.

    Raises:
        Failure: 1007 when there is no conversion between the types.
    """
    if value.type == target and value.parts is None:
        return value
    if value.type.name == "NULL":
        return Bound(f"CAST(NULL AS {target.physical})", target)
    if value.type.is_json and not target.is_json and target.name != "TEXT":
        value = scalar(value)
    converter = _CONVERTERS.get(target.name)
    result = converter(binder, value, target, lenient) if converter else None
    if result is None:
        raise failures.invalid(
            f"invalid type [CAST({value.type.display} AS {target.display})] for parameter"
            f" 'TO_{target.declared_name}'"
        )
    if value.required and not lenient and not value.type.is_json:
        return replace(result, required=True)  # what cannot be converted is an error
    return result


def scalar(value: Bound) -> Bound:
    """Convert a VARIANT's value to text: strings without quotes, JSON null to NULL."""
    return Bound(
        f"(CASE WHEN {value.sql} <> 'null' THEN json_extract_string({value.sql}, '$') END)",
        types.TEXT,
    )


def _plain(value: str, target: SqlType, lenient: bool) -> Bound:
    word = "TRY_CAST" if lenient else "CAST"
    return Bound(f"{word}({value} AS {target.physical})", target)


def _to_number(_: Binder, value: Bound, target: SqlType, lenient: bool) -> Bound | None:
    if value.type.is_numeric:
        return _plain(value.sql, target, lenient)
    if value.type.name == "TEXT":  # DuckDB would take 1_000 for a number
        return _plain(f"replace({value.sql}, '_', '?')", target, lenient)
    if value.type.name == "BOOLEAN":
        return _plain(f"CAST({value.sql} AS INTEGER)", target, lenient)
    return None


_TRUE = "('true','t','yes','y','on','1')"
_FALSE = "('false','f','no','n','off','0')"


def _to_boolean(_: Binder, value: Bound, target: SqlType, lenient: bool) -> Bound | None:
    if value.type.name == "BOOLEAN":
        return value
    if value.type.is_numeric:
        return Bound(f"({value.sql} <> 0)", target)
    if value.type.name != "TEXT":
        return None
    word = f"lower(trim({value.sql}))"
    return Bound(
        f"(CASE WHEN {word} IN {_TRUE} THEN TRUE WHEN {word} IN {_FALSE} THEN FALSE"
        f"{_complaint(value, 100037, '22018', 'Boolean value', lenient)} END)",
        target,
    )


def _complaint(value: Bound, code: int, state: str, what: str, lenient: bool) -> str:
    """Return the last branch of a CASE: an error unless the value was NULL; empty if `lenient`."""
    if lenient:
        return ""
    message = f"'{what} ''' || {value.sql} || ''' is not recognized'"
    return f" WHEN {value.sql} IS NOT NULL THEN {failures.raising(code, state, message)}"


def _to_text(binder: Binder, value: Bound, target: SqlType, lenient: bool) -> Bound | None:
    if value.type.name == "TEXT" and target.length >= value.type.length:
        return Bound(value.sql, target, literal=value.literal)
    sql = to_text(binder, value)
    if target.length < types.MAX_TEXT:
        sql = f"left({sql}, {target.length})"
    return Bound(sql, target)


def to_text(binder: Binder, value: Bound, pattern: str | None = None) -> str:
    """Convert `value` to text (DuckDB SQL), by the session's formats or by `pattern`."""
    kind = value.type.name
    if kind in ("TEXT", "NULL"):
        return value.sql
    if kind == "REAL":
        plain = f"regexp_replace(CAST({value.sql} AS VARCHAR), '\\.0$', '')"
        return f"(CASE WHEN isnan({value.sql}) THEN 'NaN' ELSE {plain} END)"
    if kind == "BINARY":
        written = binder.translation.names.parameter("BINARY_OUTPUT_FORMAT").upper()
        return f"base64({value.sql})" if written == "BASE64" else f"hex({value.sql})"
    if value.type.is_json:
        return json_text.printed(scalar(value).sql)
    if kind == "TIME":
        moment = clock_of_1970(value)
        return formats.render(moment.t, moment.n, "0", pattern or output_format(binder, kind))
    if kind == "DATE":
        moment_sql = f"CAST({value.sql} AS TIMESTAMP)"
        return formats.render(moment_sql, "0", "0", pattern or output_format(binder, kind))
    if value.type.is_timestamp:
        offset, shown = offset_of(binder, value), pattern or output_format(binder, kind)
        return formats.render(wall(binder, value), value.n, offset, shown)
    return _digits(value) if kind == "FIXED" else f"CAST({value.sql} AS VARCHAR)"


def output_format(binder: Binder, kind: str) -> str:
    """Return the session's format of a DATE, TIME or timestamp as text."""
    names = binder.translation.names
    if kind in ("DATE", "TIME"):
        return names.parameter(f"{kind}_OUTPUT_FORMAT")
    own = names.parameter(f"{kind}_OUTPUT_FORMAT")
    return own or names.parameter("TIMESTAMP_OUTPUT_FORMAT")


def read_text(binder: Binder, value: Bound, pattern: str) -> formats.Parsed | None:
    """Read a text by a format, of the session's century; None for AUTO."""
    if pattern.upper() in ("", "AUTO"):
        return None
    century = binder.translation.names.parameter("TWO_DIGIT_CENTURY_START")
    return formats.parse(value.sql, pattern, int(century or 1970))


def read_by_session(binder: Binder, value: Bound, kind: str) -> formats.Parsed | None:
    """Read a text by the session's format of DATE, TIME or TIMESTAMP; None for AUTO."""
    return read_text(binder, value, binder.translation.names.parameter(f"{kind}_INPUT_FORMAT"))


def _digits(value: Bound) -> str:
    """Format a NUMBER with a digit before the point, also where DuckDB writes `.5`."""
    kind, sql = value.type, value.sql
    if kind.scale and kind.precision == kind.scale:
        sql = f"CAST({sql} AS DECIMAL({kind.scale + 1},{kind.scale}))"
    return f"CAST({sql} AS VARCHAR)"


def clock_of_1970(value: Bound) -> Bound:
    """Convert a TIME to a timestamp of 1970-01-01."""
    nanos = f"epoch_ns({value.sql})"
    return timestamp(types.NTZ, f"make_timestamp({nanos} // 1000)", f"({nanos} % 1000)")


def zone_wall(zone: str, t: str) -> str:
    """Return the wall clock in `zone` at the UTC instant `t`."""
    return t if zone == "UTC" else f"timezone({quote(zone)}, timezone('UTC', {t}))"


def zone_instant(zone: str, t: str) -> str:
    """Return the UTC instant at which the wall clock in `zone` shows `t`."""
    return t if zone == "UTC" else f"timezone('UTC', timezone({quote(zone)}, {t}))"


def wall(binder: Binder, value: Bound) -> str:
    """Return the wall clock of a DATE or timestamp, as a TIMESTAMP: TZ in its own offset."""
    if value.type.name == "DATE":
        return f"CAST({value.sql} AS TIMESTAMP)"
    if value.type.name == "TIMESTAMP_LTZ":
        return zone_wall(binder.translation.names.zone(), value.t)
    if value.type.name == "TIMESTAMP_TZ":
        return f"({value.t} + to_minutes(CAST({value.o} AS INTEGER)))"
    return value.t


def offset_of(binder: Binder, value: Bound) -> str:
    """Return the minutes from UTC at which `value` is shown."""
    if value.type.name == "TIMESTAMP_TZ":
        return value.o
    zone = binder.translation.names.zone()
    if value.type.name == "TIMESTAMP_LTZ":
        shown = zone_wall(zone, value.t)
        return f"CAST(date_diff('minute', {value.t}, {shown}) AS SMALLINT)"
    local = wall(binder, value)
    return f"CAST(date_diff('minute', {zone_instant(zone, local)}, {local}) AS SMALLINT)"


def _to_date(binder: Binder, value: Bound, target: SqlType, lenient: bool) -> Bound | None:
    if value.type.name == "DATE":
        return value
    if value.type.is_timestamp:
        return Bound(f"CAST({wall(binder, value)} AS DATE)", target)
    if value.type.name != "TEXT":
        return None
    read = read_by_session(binder, value, "DATE") or formats.parse_automatically(value.sql)
    return Bound(
        f"(CASE WHEN {read.t} IS NOT NULL THEN CAST({read.t} AS DATE)"
        f"{_complaint(value, 100040, '22007', 'Date', lenient)} END)",
        target,
    )


_CLOCK = r"\d{1,2}:\d{2}(:\d{2}(\.\d{1,9})?)?"


def _to_time(binder: Binder, value: Bound, target: SqlType, lenient: bool) -> Bound | None:
    if value.type.name == "TIME":
        return _cut_time(value, target)
    if value.type.is_timestamp:
        nanos = f"lpad(CAST({value.n} AS VARCHAR), 3, '0')"
        clock = f"strftime({wall(binder, value)}, '%H:%M:%S.%f') || {nanos}"
        return _cut_time(Bound(f"CAST({clock} AS TIME_NS)", types.TIME), target)
    if value.type.name != "TEXT":
        return None
    own = read_by_session(binder, value, "TIME")
    if own is not None:
        return _to_time(binder, from_parsed(binder, value, own, types.NTZ, lenient=lenient),
                        target, lenient)  # fmt: skip
    short = f"(CASE WHEN length({value.sql}) < 6 THEN {value.sql} || ':00' ELSE {value.sql} END)"
    shape = f"regexp_full_match({value.sql}, '{_CLOCK}')"
    fits = f"{shape} AND TRY_CAST({short} AS TIME_NS)"
    read = Bound(
        f"(CASE WHEN {fits} IS NOT NULL THEN CAST({short} AS TIME_NS)"
        f"{_complaint(value, 100035, '22007', 'Time', lenient)} END)",
        types.TIME,
    )
    return _cut_time(read, target)


def _cut_time(value: Bound, target: SqlType) -> Bound:
    """Cut a TIME to the digits of a second that `target` has."""
    if value.type.scale <= target.scale:
        return Bound(value.sql, target)
    nanos, step = f"epoch_ns({value.sql})", 10 ** (9 - target.scale)
    return Bound(time_of_day(f"({nanos} - {nanos} % {step})"), target)


def _to_timestamp(binder: Binder, value: Bound, target: SqlType, lenient: bool) -> Bound | None:
    if value.type.name == "TEXT":
        own = read_by_session(binder, value, "TIMESTAMP")
        read = own or formats.parse_automatically(value.sql)
        return from_parsed(binder, value, read, target, lenient=lenient, automatic=own is None)
    if value.type.name == "FIXED":
        return from_epoch(binder, value, 0, target)
    if value.type.name != "DATE" and not value.type.is_timestamp:
        return None
    return rescale(_to_kind(binder, value, target), target.scale)


def _to_kind(binder: Binder, value: Bound, target: SqlType) -> Bound:
    """Convert a DATE or timestamp to the timestamp kind of `target`, with all its digits."""
    type_ = SqlType(target.name, scale=max(value.type.scale, target.scale))
    if value.type.name == target.name:
        return timestamp(type_, value.t, value.n, value.o)
    if target.name == "TIMESTAMP_NTZ":
        return timestamp(type_, wall(binder, value), value.n)
    zone = binder.translation.names.zone()
    zoned = value.type.name in ("TIMESTAMP_LTZ", "TIMESTAMP_TZ")
    instant = value.t if zoned else zone_instant(zone, wall(binder, value))
    return timestamp(type_, instant, value.n, offset_of(binder, value))


def rescale(value: Bound, scale: int) -> Bound:
    """Change the digits of a timestamp's seconds to `scale`; further ones are cut off."""
    type_ = SqlType(value.type.name, scale=scale)
    t, n = value.t, value.n
    if value.type.scale <= scale:
        return timestamp(type_, t, n, value.o)
    if scale > MICRO_SCALE:
        return timestamp(type_, t, n if n == "0" else f"({n} - {n} % {10 ** (9 - scale)})", value.o)
    if scale < MICRO_SCALE and value.type.scale > 0:
        step = 10 ** (MICRO_SCALE - scale)
        t = f"make_timestamp(epoch_us({t}) - (epoch_us({t}) % {step} + {step}) % {step})"
    return timestamp(type_, t, "0", value.o)


def from_epoch(binder: Binder, value: Bound, scale: int, target: SqlType) -> Bound:
    """Convert a NUMBER of 10**-scale seconds since 1970 in UTC to a timestamp."""
    if scale <= MICRO_SCALE and not value.type.scale:
        t = f"make_timestamp(CAST({value.sql} AS BIGINT) * {10 ** (MICRO_SCALE - scale)})"
        instant = timestamp(SqlType("TIMESTAMP_NTZ", scale=9), t)
    else:
        wide = f"CAST({value.sql} AS DECIMAL(38,{value.type.scale}))"
        nanos = f"CAST(floor({wide} * {10 ** (9 - scale)}) AS HUGEINT)"
        left = f"(({nanos} % 1000 + 1000) % 1000)"
        t = f"make_timestamp(CAST(({nanos} - {left}) // 1000 AS BIGINT))"
        instant = timestamp(SqlType("TIMESTAMP_NTZ", scale=9), t, f"CAST({left} AS SMALLINT)")
    if target.name == "TIMESTAMP_NTZ":
        return rescale(instant, target.scale)
    local = timestamp(SqlType("TIMESTAMP_LTZ", scale=9), instant.t, instant.n)
    return rescale(_to_kind(binder, local, target), target.scale)


def from_parsed(
    binder: Binder,
    value: Bound,
    read: formats.Parsed,
    target: SqlType,
    *,
    lenient: bool,
    automatic: bool = False,
) -> Bound:
    """Convert a text that `formats` has parsed to a timestamp."""
    t = read.t
    if not lenient:
        complaint = _complaint(value, 100035, "22007", "Timestamp", lenient)
        t = f"(CASE WHEN {t} IS NOT NULL THEN {t}{complaint} END)"
    if target.name == "TIMESTAMP_NTZ":  # the offset in the text is ignored
        return rescale(timestamp(SqlType("TIMESTAMP_NTZ", scale=9), t, read.n), target.scale)
    local = timestamp(SqlType("TIMESTAMP_NTZ", scale=9), t, read.n)
    zone = binder.translation.names.zone()
    instant, offset = zone_instant(zone, t), offset_of(binder, local)
    if read.o is not None:
        own = f"({t} - to_minutes(CAST({read.o} AS INTEGER)))"
        if automatic:
            named = formats.has_zone(value.sql)
            instant = f"(CASE WHEN {named} THEN {own} ELSE {instant} END)"
            offset = f"(CASE WHEN {named} THEN {read.o} ELSE {offset} END)"
        else:
            instant, offset = own, read.o
    full = timestamp(SqlType(target.name, scale=9), instant, read.n, offset)
    return rescale(full, target.scale)


def _to_binary(_: Binder, value: Bound, target: SqlType, lenient: bool) -> Bound | None:
    if value.type.name == "BINARY":
        return Bound(value.sql, target)
    if value.type.name != "TEXT":
        return None
    if lenient:
        return Bound(f"TRY(unhex({value.sql}))", target)
    return Bound(f"unhex({value.sql})", target)


def _to_variant(binder: Binder, value: Bound, target: SqlType, lenient: bool) -> Bound | None:
    if value.type.is_json:
        return Bound(value.sql, target)
    if value.type.name == "FIXED":
        digits = _digits(value)
        return Bound(f"rtrim(rtrim({digits}, '0'), '.')" if value.type.scale else digits, target)
    if value.type.name in ("BOOLEAN", "TEXT"):
        return Bound(f"CAST(to_json({value.sql}) AS VARCHAR)", target)
    if value.type.name == "REAL":
        number = json_text.double(value.sql)
        return Bound(
            f"(CASE WHEN isfinite({value.sql}) THEN {number}"
            f" ELSE to_json({to_text(binder, value)})::VARCHAR END)",
            target,
        )
    return Bound(f"CAST(to_json({to_text(binder, value)}) AS VARCHAR)", target)


_Converter = Callable[[Binder, Bound, SqlType, bool], Bound | None]
_CONVERTERS: dict[str, _Converter] = {
    "FIXED": _to_number,
    "REAL": _to_number,
    "BOOLEAN": _to_boolean,
    "TEXT": _to_text,
    "DATE": _to_date,
    "TIME": _to_time,
    "TIMESTAMP_NTZ": _to_timestamp,
    "TIMESTAMP_LTZ": _to_timestamp,
    "TIMESTAMP_TZ": _to_timestamp,
    "BINARY": _to_binary,
    "VARIANT": _to_variant,
    "OBJECT": _to_variant,
    "ARRAY": _to_variant,
    "GEOGRAPHY": _to_variant,
}
