"""What a delivery must be, by DuckDB over the raw rows; nothing of the product is used here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Context, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from tests.parity.tables import DAY, EPOCH, SECOND, Column, Table

EXACT = Context(prec=200)
LIMB = 10**13
MOST = 10**38
OVERFLOW = "(more than|at most) 38 digits"
INT64 = 2**63 - 1
FIRST, LAST = -62_135_596_800 * SECOND, 253_402_300_800 * SECOND  # years 1 to 9999
UNITS = {"epoch_s": SECOND, "epoch_ms": 10**6, "epoch_us": 10**3, "epoch_ns": 1}
# White_Space of Unicode, as a class of RE2.
SPACE = (
    r"[\x{09}-\x{0d}\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}"
    r"\x{205f}\x{3000}]*"
)
SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)


@dataclass(frozen=True)
class Number:
    """A sum of floats, and the sum of absolute values that its rounding is measured by."""

    value: float
    size: float


@dataclass(frozen=True)
class Expected:
    """What must come of a table.

    Attributes:
        names: of the delivered columns, in order.
        types: their Arrow types.
        rows: raw values, in order; sums of floats are `Number`s.
        read, blank, null, bad: rows of the window, blank, of the NULL month, with a bad date.
        totals: by column, of all rows.
        fails: why nothing may be delivered, as an expression; empty if something must be.
        may_fail: why nothing need be delivered.
    """

    names: tuple[str, ...]
    types: tuple[pa.DataType, ...]
    rows: list[tuple[Any, ...]]
    read: int
    blank: int
    null: int
    bad: int
    totals: dict[str, Any]
    fails: str = ""
    may_fail: str = ""


def expect(table: Table) -> Expected:
    """Group a table by the contract."""
    raw = _raw(table)
    blank = " AND ".join(_blank(n, c) for n, c in enumerate(table.columns))
    keys = [(n, c) for n, c in enumerate(table.columns) if c.name in table.keys]
    sums = [(n, c) for n, c in enumerate(table.columns) if c.name in table.sums]
    by = [f"k{n}" for n, _ in keys]
    with duckdb.connect() as engine:
        engine.register("raw", raw)
        engine.execute(f"CREATE TABLE rows AS SELECT * FROM raw WHERE NOT ({blank})")
        listed = ", ".join(["month", *by, "count(*)", *(a for n, c in sums for a in _sums(n, c))])
        order = ", ".join(f"{name} ASC NULLS LAST" for name in ["month", *by])
        source = ", ".join(
            ["date_trunc('month', moment)::DATE AS month", *(_key(n, c) for n, c in keys), "*"]
        )
        groups = engine.execute(
            f"SELECT {listed} FROM (SELECT {source} FROM rows) GROUP BY ALL ORDER BY {order}"
        ).fetchall()
        full = engine.execute("SELECT count(*) FROM rows").fetchall()[0][0]
        bad_rows = engine.execute("SELECT count(*) FROM rows WHERE bad").fetchall()[0][0]
    rows: list[tuple[Any, ...]] = []
    overflow = risky = False
    totals: dict[str, Any] = {c.name: None for _, c in sums}
    for group in groups:
        values = dict(zip([table.month, *(c.name for _, c in keys)], group, strict=False))
        for (_, c), (value, size) in zip(
            sums, _recombined(sums, group[2 + len(keys) :]), strict=True
        ):
            values[c.name] = value
            if isinstance(value, Decimal):
                overflow |= abs(_unscaled(c, value)) >= MOST
                risky |= size >= MOST
            totals[c.name] = _add(totals[c.name], value)
        rows.append(tuple(_raw_value(c, values[c.name]) for c in table.delivered))
    null = sum(group[1 + len(keys)] for group in groups if group[0] is None)
    unit = table.options.get("timestamp_unit", "us")
    units = {c.name: unit if c.has_nanoseconds else "us" for c in table.delivered}
    unfit = [
        value
        for i, c in enumerate(table.delivered)
        if c.name in table.keys and c.has_nanoseconds
        for row in rows
        if isinstance(value := row[i], int) and _exceeds(value, c, unit)
    ]
    reasons = {
        "cannot be parsed": bad_rows and table.options.get("on_bad_date", "fail") == "fail",
        OVERFLOW: overflow,
        "fractions of a microsecond" if unit == "us" else "years outside 1677-2262": bool(unfit),
    }
    fails = "|".join(reason for reason, holds in reasons.items() if holds)
    if fails and risky:
        fails += f"|{OVERFLOW}"
    names = table.options.get("rename", {})
    return Expected(
        tuple(names.get(c.name, c.name) for c in table.delivered),
        tuple(_type(c, table, units[c.name]) for c in table.delivered),
        rows,
        raw.num_rows,
        raw.num_rows - full,
        null,
        bad_rows,
        totals,
        fails,
        OVERFLOW if risky and not fails else "",
    )


# ------------------------------------------------------------------------------------- raw rows


def _raw(table: Table) -> pa.Table:
    """Columns `c0`... as they are, `moment` and `bad`, and the numbers to be summed in limbs."""
    columns: dict[str, pa.Array] = {}
    for n, column in enumerate(table.columns):
        text = column.kind == "DECFLOAT" and column.name in table.keys
        columns[f"c{n}"] = (
            pa.array(column.values, pa.string()) if text else pa.array(*_held(column))
        )
        if column.name in table.sums and column.kind == "NUMBER":
            for limb, values in enumerate(_limbs(column)):
                columns[f"c{n}_{limb}"] = pa.array(values, pa.int64())
            sizes = [None if v is None else abs(_unscaled(column, v)) for v in column.values]
            columns[f"c{n}_size"] = pa.array(
                [None if v is None else float(v) for v in sizes], pa.float64()
            )
    month = next(c for c in table.columns if c.name == table.month)
    moments = [_moment(table, month, value) for value in month.values]
    columns["moment"] = pa.array([m // 1000 if m else m for m, _ in moments], pa.timestamp("us"))
    columns["bad"] = pa.array([b for _, b in moments], pa.bool_())
    read = [
        _is_read(table, moment, value if bad else None)
        for (moment, bad), value in zip(moments, month.values, strict=True)
    ]
    return pa.table(columns).filter(pa.array(read, pa.bool_()))


def _is_read(table: Table, moment: int | None, bad: Any) -> bool:
    """Whether a row belongs to the window: its month, or that of a bad number, as text."""
    since, until = table.options.get("since"), table.options.get("until")
    if not (since or until):
        return True
    if bad is not None and table.options.get("on_bad_date", "fail") == "fail":
        digits = {"%Y%m%d": 8, "%Y%m": 6}.get(table.options["date_format"], 0)
        if isinstance(bad, str) or not digits:
            return True
        whole = str(int(Decimal(bad))) if Decimal(bad).is_finite() else ""
        if len(whole) != digits or whole.startswith("-"):
            return True
        month = f"{whole[:4]}-{whole[4:6]}"
    elif moment is None:
        return bool(table.options.get("undated") == "keep")
    else:
        day = EPOCH + timedelta(microseconds=moment // 1000)
        month = f"{day.year:04}-{day.month:02}"
    return (since or "") <= month <= (until or "9999-99")


def _held(column: Column) -> tuple[list[Any], pa.DataType]:
    match column.kind:
        case "NUMBER":
            number = pa.decimal128(38, column.scale)
            return [None if v is None else Decimal(v) for v in column.values], number
        case "FLOAT" | "DECFLOAT":
            return [None if v is None else float(v) for v in column.values], pa.float64()
        case "TIME" | "TIMESTAMP_NTZ" | "TIMESTAMP_LTZ":
            return [None if v is None else Decimal(v) for v in column.values], pa.decimal128(38, 0)
        case "TIMESTAMP_TZ":  # the moment is the key, whatever its zone
            instants = [None if v is None else Decimal(v[0]) for v in column.values]
            return instants, pa.decimal128(38, 0)
        case kind:
            plain = {"BOOLEAN": pa.bool_(), "BINARY": pa.binary(), "DATE": pa.date32()}
            return list(column.values), plain.get(kind, pa.string())


def _unscaled(column: Column, value: Any) -> int:
    return int(Decimal(value).scaleb(column.scale, EXACT))


def _limbs(column: Column) -> list[list[int | None]]:
    """Three limbs of 13 digits, each with the number's sign: their sums cannot overflow."""
    limbs: list[list[int | None]] = [[], [], []]
    for value in column.values:
        number = None if value is None else _unscaled(column, value)
        for limb in limbs:
            if number is None:
                limb.append(None)
                continue
            sign = -1 if number < 0 else 1
            limb.append(sign * (abs(number) % LIMB))
            number = sign * (abs(number) // LIMB)
    return limbs


def _moment(table: Table, column: Column, value: Any) -> tuple[int | None, bool]:
    """The wall clock that decides on the month, in nanoseconds, and whether the date is bad."""
    form = table.options.get("date_format")
    if value is None:
        return None, False
    match column.kind:
        case "VARCHAR":
            text = value.strip(SPACES)
            day = table.meant.get(text)
            return (None, text != "") if day is None else (_days(day) * DAY, False)
        case "DATE":
            return _days(value) * DAY, False
        case "TIMESTAMP_TZ":
            return value[0] + value[1] * 60 * SECOND, False
        case "TIMESTAMP_LTZ":
            return _local(value, table.options["timezone"]), False
        case "TIMESTAMP_NTZ":
            return value, False
        case _ if form in UNITS:
            return _epoch(Decimal(value), UNITS[form])
        case _:
            return _digits(Decimal(value), months=form != "%Y%m%d")


def _digits(value: Decimal, *, months: bool) -> tuple[int | None, bool]:
    """20240131 as a date, or 202401 as a month."""
    whole = value * 100 + 1 if months else value
    year, rest = divmod(whole, 10_000)
    try:
        day = date(int(year), int(rest) // 100, int(rest) % 100)
    except ValueError:
        return None, True
    good = whole == int(whole) and year >= 1000
    return (_days(day) * DAY, False) if good else (None, True)


def _days(day: date) -> int:
    return (day - EPOCH.date()).days


def _local(instant: int, zone: str) -> int:
    utc = (EPOCH + timedelta(seconds=instant // SECOND)).replace(tzinfo=ZoneInfo("UTC"))
    offset = utc.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
    return instant + offset // timedelta(seconds=1) * SECOND


def _epoch(value: Decimal, unit: int) -> tuple[int | None, bool]:
    if not value.is_finite():
        return None, True
    whole = int(value.to_integral_value("ROUND_FLOOR", EXACT))
    moment = whole * unit
    good = FIRST <= moment < LAST and (unit != 1 or abs(moment) <= INT64)
    return (moment, False) if good else (None, True)


# ------------------------------------------------------------------------------------------ SQL


def _blank(n: int, column: Column) -> str:
    match column.kind:
        case "VARCHAR":
            return f"(c{n} IS NULL OR regexp_full_match(c{n}, '{SPACE}'))"
        case "VARIANT":
            return f"(c{n} IS NULL OR c{n} = 'null')"
        case _:
            return f"c{n} IS NULL"


def _key(n: int, column: Column) -> str:
    return f"c{n} + 0.0 AS k{n}" if column.kind == "FLOAT" else f"c{n} AS k{n}"


def _sums(n: int, column: Column) -> list[str]:
    if column.kind == "NUMBER":
        limbs = [f"sum(c{n}_{limb})" for limb in range(3)]
        return [f"count(c{n})", *limbs, f"sum(c{n}_size)"]
    return [f"count(c{n})", f"sum(c{n})", f"sum(abs(c{n}))"]


def _recombined(sums: list[tuple[int, Column]], values: tuple[Any, ...]) -> Any:
    """The sum of each column, and of its absolute values."""
    rest = iter(values)
    for _, column in sums:
        if column.kind != "NUMBER":
            count, total, size = next(rest), next(rest), next(rest)
            yield (Number(total, size) if count else None), size
            continue
        count, *limbs, size = (next(rest) for _ in range(5))
        if not count:
            yield None, 0
            continue
        whole = sum(int(limb) * LIMB**n for n, limb in enumerate(limbs))
        yield Decimal(whole).scaleb(-column.scale, EXACT), size


def _add(total: Any, value: Any) -> Any:
    if value is None or total is None:
        return total if value is None else value
    if isinstance(value, Number):
        return Number(total.value + value.value, total.size + value.size)
    return EXACT.add(total, value)


# ---------------------------------------------------------------------------------------- types


def _raw_value(column: Column, value: Any) -> Any:
    counts = ("TIME", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ")
    return int(value) if column.kind in counts and isinstance(value, Decimal) else value


def _exceeds(nanoseconds: int, column: Column, unit: str) -> bool:
    """Whether a unit does not hold a time or timestamp."""
    if unit == "us":
        return nanoseconds % 1000 != 0
    return column.kind != "TIME" and abs(nanoseconds) > INT64


def _type(column: Column, table: Table, unit: str) -> pa.DataType:
    if column.name == table.month:
        return pa.date32()
    if column.name in table.sums:
        return pa.decimal128(38, column.scale) if column.kind == "NUMBER" else pa.float64()
    match column.kind:
        case "NUMBER":
            small = column.scale == 0 and column.precision <= 18
            return pa.int64() if small else pa.decimal128(38, column.scale)
        case "TIME":
            return pa.time64(unit)
        case "TIMESTAMP_NTZ":
            return pa.timestamp(unit)
        case "TIMESTAMP_LTZ" | "TIMESTAMP_TZ":
            return pa.timestamp(unit, "UTC")
        case kind:
            plain = {
                "BOOLEAN": pa.bool_(),
                "BINARY": pa.binary(),
                "DATE": pa.date32(),
                "FLOAT": pa.float64(),
            }
            return plain.get(kind, pa.string())
