"""Random tables and plans: few distinct values in many rows, nasty ones among them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from hypothesis import strategies as st

from tests.parity.oracle import SPACES, UNITS
from tests.parity.tables import DAY, EPOCH, SECOND, Column, Table

FIRST_DAY, LAST_DAY = date(1, 1, 1), date(9999, 12, 31)
ZONES = ("America/New_York", "Europe/Zurich", "Asia/Kolkata", "Australia/Lord_Howe", "UTC")
NAMES = (
    "D", "d", "K", "n", "month", "key_1", "sum_1", "rows", "total", "blank", "bad", "groups",
    "line",
    'say "x"', "a.b", "two words", "it's", "Größe", "😀", "SELECT", "c;--", "100%", ":1", "$1",
    "\\",
)  # fmt: skip
# What tells engines apart: case, accents, blanks, quotes, controls, right to left, code points
# that UTF-16 sorts otherwise.
LETTERS = "aA bä\u0301éß'\"\\,\n\r\t\x01\x7f\u00a0\u200b\u202eש日\uffff\U0001f600{}0null"
BLANKS = st.text(SPACES, max_size=3)
TEXTS = st.one_of(st.text(LETTERS, max_size=4), BLANKS)
DAYS = st.one_of(
    st.dates(FIRST_DAY, LAST_DAY),
    st.dates(date(2023, 12, 30), date(2024, 3, 2)),
    st.sampled_from([FIRST_DAY, LAST_DAY, date(1969, 12, 31), date(1970, 1, 1), date(2024, 2, 29)]),
)


def _moments(scale: int, first: date = FIRST_DAY, last: date = LAST_DAY) -> st.SearchStrategy[int]:
    """Nanoseconds since 1970, of a resolution; often close to a month's end."""
    step = 10 ** (9 - scale)
    days = DAYS.filter(lambda day: first <= day <= last)
    clocks = st.one_of(
        st.sampled_from([0, DAY - step, step % DAY, DAY // 2]), st.integers(0, DAY // step - 1)
    )
    return st.builds(lambda day, t: _whole(day) + t // step * step, days, clocks)


def _whole(day: date) -> int:
    return (datetime(day.year, day.month, day.day) - EPOCH) // timedelta(days=1) * DAY


def _numbers(precision: int, scale: int) -> st.SearchStrategy[Decimal]:
    most = 10**precision - 1
    small = min(most, 100)
    whole = st.one_of(
        st.integers(-small, small), st.sampled_from([most, -most, 0]), st.integers(-most, most)
    )
    return whole.map(lambda n: Decimal((int(n < 0), tuple(map(int, str(abs(n)))), -scale)))


def _zoned(scale: int) -> st.SearchStrategy[tuple[int, int]]:
    moments = _moments(scale, date(1, 1, 3), date(9999, 12, 29))
    offsets = st.sampled_from([0, 60, -300, 330, 345, 840, -720])
    return st.tuples(moments, offsets)


FLOATS = st.one_of(
    st.sampled_from(
        [0.0, -0.0, 0.1, 1.5, 1e300, -1e300, float("inf"), float("-inf"), float("nan")]
    ),
    st.floats(-1e9, 1e9),
)
JSON = st.sampled_from(
    ["{}", "[]", "null", '""', '"a"', "0", "-1.5", "true", '{"a":[1,null]}', '{"b":{"a":"ä"}}']
)


class Kind(NamedTuple):
    """A type, and a strategy of its values."""

    type: str
    values: st.SearchStrategy[Any]


def _scaled(text: str, make: Callable[[int], st.SearchStrategy[Any]]) -> st.SearchStrategy[Kind]:
    """A type of some digits, with values of as many; often more digits than the values have."""
    digits = st.sampled_from([(0, 0), (3, 3), (6, 6), (9, 6), (9, 6), (9, 9)])
    return digits.map(lambda n: Kind(f"{text}({n[0]})", make(n[1])))


@st.composite
def _number_kinds(draw: st.DrawFn) -> Kind:
    precision = draw(st.sampled_from([1, 5, 9, 18, 19, 28, 29, 38]))
    scale = draw(st.integers(0, min(precision, 37)))
    return Kind(f"NUMBER({precision},{scale})", _numbers(precision, scale))


NUMBERS = _number_kinds()
DATES = st.just(Kind("DATE", DAYS))
NTZ = _scaled("TIMESTAMP_NTZ", _moments)
# Before standard time began, zones differ by seconds from one library to another.
LTZ = _scaled("TIMESTAMP_LTZ", lambda n: _moments(n, date(1923, 1, 1), date(2200, 1, 1)))
TZ = _scaled("TIMESTAMP_TZ", _zoned)
FLOAT = st.just(Kind("FLOAT", FLOATS))
TEXT = st.just(Kind("VARCHAR", TEXTS))
KEYS = st.one_of(
    TEXT, NUMBERS, FLOAT, DATES, NTZ, LTZ, TZ,
    _scaled("TIME", lambda n: st.integers(0, 86_400 * 10**n - 1).map(lambda t: t * 10 ** (9 - n))),
    st.just(Kind("BOOLEAN", st.booleans())),
    st.just(Kind("BINARY", st.binary(max_size=3))),
    st.just(Kind("VARIANT", JSON)),
    st.just(Kind("ARRAY", st.sampled_from(["[]", "[1]", '[null,"a"]']))),
)  # fmt: skip
SUMS = st.one_of(NUMBERS, NUMBERS, FLOAT)
FORMATS = {
    "%Y-%m-%d": "{0:%Y}-{0:%m}-{0:%d}",
    "%d.%m.%Y": "{0:%d}.{0:%m}.{0:%Y}",
    "%m/%d/%Y": "{0:%m}/{0:%d}/{0:%Y}",
    "%Y%m%d": "{0:%Y}{0:%m}{0:%d}",
    "%d %b %Y": "{0:%d} {0:%b} {0:%Y}",
    "%Y-%m-%d %H:%M:%S": "{0:%Y}-{0:%m}-{0:%d} 23:59:59",
}
BAD = ("soon", "0", "31.02.2024", "2024-02-30", "13/13/2024", "20240230", "--")


class Month(NamedTuple):
    """A month column: its type and values, what its texts mean, and the options it needs."""

    kind: Kind
    meant: dict[str, date]
    options: dict[str, Any]


@st.composite
def months(draw: st.DrawFn) -> Month:
    """A month column."""
    way = draw(st.sampled_from(["plain", "plain", "text", "epoch"]))
    if way == "plain":
        return Month(draw(st.one_of(DATES, NTZ, LTZ, TZ)), {}, {})
    on_bad = {"on_bad_date": draw(st.sampled_from(["null", "null", "fail"]))}
    bad = draw(st.booleans())
    if way == "text":
        form = draw(st.sampled_from(list(FORMATS)))
        days = draw(st.lists(st.dates(date(1000, 1, 1), LAST_DAY), min_size=1, max_size=4))
        meant = {FORMATS[form].format(day): day for day in days}
        texts = st.sampled_from([*meant, *(BAD if bad else ())])
        padded = st.one_of(texts, st.builds("{}{}{}".format, BLANKS, texts, BLANKS), BLANKS)
        return Month(Kind("VARCHAR", padded), meant, {"date_format": form, **on_bad})
    unit = draw(st.sampled_from(list(UNITS)))
    most = 253_402_300_799 if unit != "epoch_ns" else 9_223_372_036
    least = -62_135_596_800 if unit != "epoch_ns" else -most
    scale = draw(st.sampled_from([0, 0, 3]))
    seconds = st.one_of(st.integers(least, most), st.sampled_from([0, -1, 1, least, most]))
    if bad:
        seconds = st.one_of(seconds, st.sampled_from([most + 1, least - 1]))
    fraction = st.integers(0, 10**scale - 1).map(lambda n: Decimal(n).scaleb(-scale))
    values = st.builds(lambda s, f: Decimal(s) * (SECOND // UNITS[unit]) + f, seconds, fraction)
    return Month(Kind(f"NUMBER(38,{scale})", values), {}, {"date_format": unit, **on_bad})


@st.composite
def tables(draw: st.DrawFn, rows: int = 40) -> Table:
    """A table and a plan."""
    month = draw(months())
    keys = draw(st.lists(KEYS, max_size=3))
    sums = draw(st.lists(SUMS, max_size=3))
    dropped = draw(st.lists(KEYS, max_size=1))
    kinds = [month.kind, *keys, *sums, *dropped]
    names = draw(
        st.lists(st.sampled_from(NAMES), min_size=len(kinds), max_size=len(kinds), unique=True)
    )
    height = draw(st.integers(0, rows))
    nulls = st.integers(0, 9).map(lambda n: n == 9)
    blank = draw(st.lists(nulls, min_size=height, max_size=height)) if draw(st.booleans()) else []
    columns = []
    for name, kind in zip(names, kinds, strict=True):
        pool = st.sampled_from([None, *draw(st.lists(kind.values, min_size=1, max_size=4))])
        values = draw(st.lists(pool, min_size=height, max_size=height))
        for row, empty in enumerate(blank):
            if empty:
                values[row] = _blank(kind.type, draw)
        columns.append(Column(name, kind.type, tuple(values)))
    parts = (names[0], tuple(names[1 : len(keys) + 1]), tuple(names[len(keys) + 1 :][: len(sums)]))
    options = {"timezone": draw(st.sampled_from(ZONES)), **month.options, **draw(windows())}
    options["timestamp_unit"] = draw(st.sampled_from(["us", "us", "ns"]))
    return Table(tuple(draw(st.permutations(columns))), *parts, month.meant, options)


EDGES = ("0001-01", "1969-12", "1970-01", "2023-12", "2024-01", "2024-02", "2024-03", "9999-12")


@st.composite
def windows(draw: st.DrawFn) -> dict[str, Any]:
    """The options of a window; often none."""
    some = st.one_of(
        st.sampled_from(EDGES), st.dates(FIRST_DAY, LAST_DAY).map(lambda d: d.isoformat()[:7])
    )
    ends = [draw(st.none() | some), draw(st.none() | some)] if draw(st.booleans()) else [None] * 2
    if None not in ends:
        ends.sort()
    given = {name: end for name, end in zip(("since", "until"), ends, strict=True) if end}
    return {**given, "undated": draw(st.sampled_from(["drop", "keep"]))}


def _blank(kind: str, draw: st.DrawFn) -> str | None:
    if kind == "VARCHAR":
        return draw(BLANKS)
    return "null" if kind == "VARIANT" else None
