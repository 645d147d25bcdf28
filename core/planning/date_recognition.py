"""What sampled values are: dates written in some format, or moments counted from 1970.

A format is recognised by the shape of its values. The shape of a text is the text with every run
of digits as `0` and every run of letters as `a`; the values of one format share one shape. So a
column is looked at once, and only the few formats of its shape are tried on it.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from core.planning.date_formats import EpochUnit, TextFormat, parse_format, shape

# "at least 95% parse with one format": the contract's rule.
ENOUGH = 0.95


@dataclass(frozen=True)
class TextFit:
    """How well a format fits a column's text.

    Attributes:
        format: the format.
        fitting: how many of the values name a date in it.
        total: how many values there are, blank ones aside.
        rival: a format that reads days as months, and fits as many values; None if there is none.
    """

    format: TextFormat
    fitting: int
    total: int
    rival: TextFormat | None = None

    @property
    def enough(self) -> bool:
        """Whether the column counts as dates in this format."""
        return self.fitting >= ENOUGH * self.total


def recognise_text(values: Sequence[str]) -> TextFit | None:
    """The format that fits most of `values` (stripped, none blank); None if no known one fits any.

    Of formats that fit as many, the first known is taken, and named rivals if they take the day
    for the month.
    """
    by_shape: dict[str, Counter[str]] = defaultdict(Counter)
    for value, count in Counter(values).items():
        by_shape[shape(value)][value] += count
    fits = [
        TextFit(known, fitting, len(values))
        for key, counts in by_shape.items()
        for known in _formats_by_shape().get(key, ())
        if (fitting := _count_fitting(known, counts))
    ]
    if not fits:
        return None
    best = max(fits, key=lambda fit: fit.fitting)  # max keeps the first of equals
    rivals = (
        fit.format
        for fit in fits
        if fit.fitting == best.fitting and fit.format.order != best.format.order
    )
    return TextFit(best.format, best.fitting, best.total, next(rivals, None))


def fit_text(known: TextFormat, values: Sequence[str]) -> TextFit:
    """How well `values` (stripped, none blank) fit one format."""
    fitting = sum(count for value, count in Counter(values).items() if known.read(value))
    return TextFit(known, fitting, len(values))


def _count_fitting(known: TextFormat, counts: Mapping[str, int]) -> int:
    years = _LOOSE_YEARS if known.strptime in _LOOSE else _ALL_YEARS
    return sum(
        count
        for value, count in counts.items()
        if (day := known.read(value)) is not None and day.year in years
    )


# ---------------------------------------------------------------------------------- known formats

# Digits only, or without a day: numbers of other kinds look alike, so the year must be near ours.
_LOOSE = (
    "%Y%m%d", "%Y%m", "%Y%m%d%H%M%S", "%Y-%m", "%Y/%m", "%Y.%m", "%m-%Y", "%m/%Y", "%m.%Y",
    "%b-%Y", "%b %Y", "%B %Y", "%B-%Y", "%b-%y",
)  # fmt: skip
_LOOSE_YEARS = range(1900, 2101)
_ALL_YEARS = range(1, 10_000)
_SEPARATED = [
    order.replace("-", separator)
    for order in ("%Y-%m-%d", "%m-%d-%Y", "%d-%m-%Y", "%m-%d-%y", "%d-%m-%y")
    for separator in "-/."
]
_WORDED = [
    *(f"%d{sep}%b{sep}{year}" for sep in ("-", " ", "/", ".", "") for year in ("%Y", "%y")),
    *(f"{name} %d, %Y" for name in ("%b", "%B")),
    *(f"{name} %d %Y" for name in ("%b", "%B")),
    *(f"%d. {name} %Y" for name in ("%b", "%B")),
    *("%d %B %Y", "%d-%B-%Y", "%a, %d %b %Y", "%a %b %d %Y"),
]
_COMPACT = ["%Y%m%dT%H%M%S", "%Y%m%dT%H%M%SZ", "%Y%m%dT%H%M%S%z", "%Y%m%d %H:%M:%S"]
_CLOCKS = ["%H:%M:%S", "%H:%M:%S.%f", "%H:%M"]
_HALF_DAY_CLOCKS = ["%I:%M:%S %p", "%I:%M %p", "%I:%M:%S%p", "%I:%M%p"]
_ZONES = ["", "Z", " UTC", "%z", "%:z", " %z", " %:z"]


def _list_patterns() -> Iterator[str]:
    """Every pattern that is recognised unasked. Of those with one shape, the first is preferred.

    Two-digit years come last in a date, or the three orders could not be told apart.
    """
    yield from _LOOSE
    yield from _COMPACT
    for day in _SEPARATED + _WORDED:
        yield day
        year_first = day.startswith("%Y")
        for joint in (" ", "T") if year_first else (" ", ", "):
            zones = _ZONES if year_first else ["", " %z"]
            yield from (f"{day}{joint}{clock}{zone}" for clock in _CLOCKS for zone in zones)
            yield from (f"{day}{joint}{clock}" for clock in _HALF_DAY_CLOCKS)


@cache
def _formats_by_shape() -> Mapping[str, Sequence[TextFormat]]:
    found: dict[str, list[TextFormat]] = defaultdict(list)
    for pattern in _list_patterns():
        known = parse_format(pattern)
        if isinstance(known, TextFormat):
            found[known.shape].append(known)
    return found


# ------------------------------------------------------------------------------------------ epochs

# From 1973-03-03 (nine digits of seconds) to the end of 2100. What is smaller counts something
# else: days of a month, dates as 20240131. A sample that holds zeros besides is still an epoch.
_LEAST_SECONDS = 100_000_000
_END_SECONDS = 4_133_980_800


def recognise_epoch(values: Iterable[object]) -> EpochUnit | None:
    """The unit in which the farthest of `values` is in 1973-2100; None if there is none.

    The units cannot be confused: their ranges do not overlap.
    """
    farthest = max((abs(number) for number in whole_numbers(values)), default=0)
    for unit in EpochUnit:
        if _LEAST_SECONDS * 10**unit.scale <= farthest < _END_SECONDS * 10**unit.scale:
            return unit
    return None


def whole_numbers(values: Iterable[object]) -> list[int]:
    """The finite numbers among `values`, without their fractions."""
    return [
        int(value)
        for value in values
        if isinstance(value, int) or (isinstance(value, float | Decimal) and math.isfinite(value))
    ]
