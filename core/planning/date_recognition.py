"""Recognising the format of dates in sampled text, and the unit of sampled epochs.

The shape of a text is the text with each run of digits replaced by `0` and each run of letters by
`a`. All values of one format have the same shape, so only the few known formats of a value's shape
are tried on it.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from core.planning.date_formats import EpochUnit, TextFormat, parse_format, shape

# The share of values that must fit one format for a column to be recognised as dates.
ENOUGH = 0.95


@dataclass(frozen=True)
class TextFit:
    """How well a format fits a column's text.

    Attributes:
        format: the format.
        fitting: the number of values that are valid dates in it.
        total: the number of values that are not blank.
        rival: a format with another order of day and month that fits as many values, or None.
    """

    format: TextFormat
    fitting: int
    total: int
    rival: TextFormat | None = None

    @property
    def enough(self) -> bool:
        """Whether enough values fit for the column to be recognised as dates in this format."""
        return self.fitting >= ENOUGH * self.total


def recognise_text(values: Sequence[str]) -> TextFit | None:
    """Return the known format that fits most of `values`; None if no known format fits any.

    If several formats fit as many values, the first in the order of the known formats is returned;
    `rival` is the next of them that has another order of day and month.

    Args:
        values: stripped texts that are not empty.
    """
    by_shape: dict[str, Counter[str]] = defaultdict(Counter)
    for value, count in Counter(values).items():
        by_shape[shape(value)][value] += count
    fits = [
        TextFit(known, fitting, len(values))
        for key, counts in by_shape.items()
        for known in _group_formats().get(key, ())
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
    """Return how well one format fits `values`, which are stripped and not empty."""
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

# Formats of digits only, or without a day. Other numbers look like them, so a fitting value must
# also have a year between 1900 and 2100.
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
    """Yield every pattern that is recognised; of those with the same shape, preferred ones first.

    A two-digit year is recognised only at the end of a date; elsewhere it could not be
    distinguished from a day.
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
def list_known_formats() -> tuple[TextFormat, ...]:
    """Return every format that is recognised."""
    parsed = map(parse_format, _list_patterns())
    return tuple(known for known in parsed if isinstance(known, TextFormat))


@cache
def _group_formats() -> Mapping[str, Sequence[TextFormat]]:
    found: dict[str, list[TextFormat]] = defaultdict(list)
    for known in list_known_formats():
        found[known.shape].append(known)
    return found


# ------------------------------------------------------------------------------------------ epochs

# From 1973-03-03 (nine digits of seconds) to the end of 2100. Smaller numbers are something else,
# such as days of a month or dates like 20240131. Only the largest value of a sample is compared, so
# a sample that also contains zeros is still recognised.
_LEAST_SECONDS = 100_000_000
_END_SECONDS = 4_133_980_800


def recognise_epoch(values: Iterable[object]) -> EpochUnit | None:
    """Return the unit in which the largest of `values` is in 1973-2100; None if there is no such.

    The ranges of the units do not overlap.
    """
    farthest = max((abs(number) for number in whole_numbers(values)), default=0)
    for unit in EpochUnit:
        if _LEAST_SECONDS * 10**unit.scale <= farthest < _END_SECONDS * 10**unit.scale:
            return unit
    return None


def whole_numbers(values: Iterable[object]) -> list[int]:
    """Return the finite numbers among `values`, without their fractions."""
    return [
        int(value)
        for value in values
        if isinstance(value, int) or (isinstance(value, float | Decimal) and math.isfinite(value))
    ]
