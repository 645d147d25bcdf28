"""Recognising the format of dates in sampled text and numbers.

The shape of a text is the text with each run of digits replaced by `0` and each run of letters by
`a`. All values of one strptime format have the same shape, so only the few known formats of a
value's shape are tried on it. ISO 8601 has several shapes, and is tried on every value.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final

from core.planning.date_directives import shape, shape_of_pattern
from core.planning.date_formats import (
    ISO,
    DateFormat,
    EpochUnit,
    TextFormat,
    parse_format,
    parse_number,
)

# The share of values that must fit one format for a column to be recognised as dates.
ENOUGH = 0.95
_SHORT_DIGITS = 8  # YYYYMMDD and shorter
_DIGIT: Final = re.compile("[0-9]")


@dataclass(frozen=True)
class Fit:
    """How well a format fits a column's values.

    Attributes:
        format: the format.
        fitting: the number of values that are valid dates in it.
        total: the number of values that are not blank.
        rivals: the formats with other orders of year, month and day that fit as many values.
        example: a value that the format and its rivals read differently; empty without rivals.
    """

    format: DateFormat
    fitting: int
    total: int
    rivals: tuple[TextFormat, ...] = ()
    example: str = ""

    @property
    def enough(self) -> bool:
        """Whether enough values fit for the column to be recognised as dates in this format."""
        least = self.total if self.needs_name else ENOUGH * self.total
        return self.fitting >= least

    @property
    def needs_name(self) -> bool:
        """Whether other numbers look like this, so that every value must fit.

        Detection then also requires a name that refers to time.
        """
        known = self.format
        return isinstance(known, EpochUnit) or 0 < known.digits <= _SHORT_DIGITS


def recognise_text(values: Sequence[str]) -> Fit | None:
    """Return the known format that fits most of `values`; None if no known format fits any.

    If several formats fit as many values, the first in the order of the known formats is returned;
    `rivals` are those of them that have another order of year, month and day.

    Args:
        values: stripped texts that are not empty.
    """
    counts = Counter(values)
    by_shape: dict[str, Counter[str]] = defaultdict(Counter)
    for value, count in counts.items():
        if _DIGIT.search(value):  # every date has one, and most other text has none
            by_shape[shape(value)][value] += count
    tried = [(ISO, counts)] + [
        (parse_text_format(pattern), some)
        for key, some in by_shape.items()
        for pattern in _group_patterns().get(key, ())
    ]
    fits = {known: n for known, some in tried if (n := _count(known, some))}
    best = _choose_best(fits, len(values), counts)
    unit = recognise_epoch(counts)
    epochs = fit_values(unit, values) if unit else None
    return epochs if epochs and (best is None or epochs.fitting > best.fitting) else best


def recognise_numbers(values: Iterable[object], years: range) -> Fit | None:
    """Return the format of numbers such as 20240131 or 202401; None unless every value fits one.

    Args:
        values: the numbers; None is skipped.
        years: the years of a date.
    """
    numbers = Counter(value for value in values if value is not None)
    fits = {
        known: fitting
        for known in map(parse_text_format, _NUMBERS)
        if (fitting := sum(n for value, n in numbers.items() if _is_in(known, value, years)))
    }
    texts = [str(number) for number in whole_numbers(numbers)]
    best = _choose_best(fits, numbers.total(), texts)
    if best is None or best.fitting < best.total:
        return None
    return None if best.format.has_short_year else best


def fit_values(known: DateFormat, values: Sequence[object]) -> Fit:
    """Return how well one format fits `values`, which are numbers, or stripped and not empty."""
    fitting = sum(count for value, count in Counter(values).items() if known.read(value))
    return Fit(known, fitting, len(values))


def _is_in(known: TextFormat, value: object, years: range) -> bool:
    day = known.read(value)
    return day is not None and day.year in years


def _count(known: TextFormat, counts: Mapping[str, int]) -> int:
    years = LOOSE_YEARS if known.pattern in _LOOSE else _ALL_YEARS
    return sum(count for value, count in counts.items() if _is_in(known, value, years))


def _choose_best(fits: Mapping[TextFormat, int], total: int, values: Iterable[str]) -> Fit | None:
    if not fits:
        return None
    most = max(fits.values())
    best, *others = (known for known, fitting in fits.items() if fitting == most)
    rivals: dict[str, TextFormat] = {}
    for known in others:
        if known.order != best.order:
            rivals.setdefault(known.order, known)
    if not rivals:
        return Fit(best, most, total)
    example = max(values, key=_count_readings((best, *rivals.values())))
    return Fit(best, most, total, tuple(rivals.values()), example)


def _count_readings(formats: Iterable[TextFormat]) -> Callable[[str], int]:
    """Return the function that counts the months that `formats` read in a value."""

    def count(value: str) -> int:
        days = {known.read(value) for known in formats}
        return len({day.replace(day=1) for day in days if day}) if None not in days else 0

    return count


# ---------------------------------------------------------------------------------- known formats

# Numbers of which the year has four digits, and others that the same numbers can be.
_NUMBERS: Final = (
    *("%Y%m%d", "%Y%m", "%Y%m%d%H%M", "%Y%m%d%H%M%S"),
    *("%y%m%d", "%d%m%y", "%m%d%y"),
)
# Formats of digits only, or without a day. Other numbers look like them, so a fitting value must
# also have a year between 1900 and 2100.
_LOOSE = (
    *_NUMBERS, "%d%m%Y", "%m%d%Y",
    "%Y-%m", "%Y/%m", "%Y.%m", "%m-%Y", "%m/%Y", "%m.%Y",
    "%b-%Y", "%b %Y", "%B %Y", "%B-%Y", "%b-%y",
)  # fmt: skip
LOOSE_YEARS = range(1900, 2101)
_ALL_YEARS = range(1, 10_000)
# Two-digit years are recognised before and after month and day. Beside the name of a month a number
# before it is the day, since no known program writes the year there.
_SEPARATED = [
    order.replace("-", separator)
    for order in ("%Y-%m-%d", "%m-%d-%Y", "%d-%m-%Y", "%m-%d-%y", "%d-%m-%y", "%y-%m-%d")
    for separator in "-/."
]
_WORDED = [
    *(f"%d{sep}%b{sep}{year}" for sep in ("-", " ", "/", ".", "") for year in ("%Y", "%y")),
    *(f"{name} %d, %Y" for name in ("%b", "%B")),
    *(f"{name} %d %Y" for name in ("%b", "%B")),
    *(f"%d. {name} %Y" for name in ("%b", "%B")),
    *("%d %B %Y", "%d-%B-%Y", "%a, %d %b %Y", "%a %b %d %Y", "%a %d %b %Y"),
    *("%A, %B %d, %Y", "%A, %d %B %Y", "%A %d %B %Y", "%Y-%b-%d"),
]
_COMPACT = [
    *("%Y%m%dT%H%M%S", "%Y%m%dT%H%M%SZ", "%Y%m%dT%H%M%S%z"),
    *("%Y%m%d %H:%M:%S", "%Y%m%d %H%M%S"),
]
# Of the C library's ctime and date, of HTTP (RFC 9110), of logs, of Oracle and of Db2.
_PROGRAMS = [
    *("%a %b %d %H:%M:%S %Y", "%a %b %d %H:%M:%S %Z %Y", "%a %b %d %H:%M:%S %z %Y"),
    *("%a %b %d %I:%M:%S %p %Z %Y", "%a %d %b %H:%M:%S %Z %Y", "%a %d %b %Y %I:%M:%S %p %Z"),
    *("%a, %d %b %Y %H:%M:%S %Z", "%A, %d-%b-%y %H:%M:%S %Z", "%d/%b/%Y:%H:%M:%S %z"),
    *("%d-%b-%y %I.%M.%S.%f %p", "%Y-%m-%d-%H.%M.%S.%f"),
]
_CLOCKS = ["%H:%M:%S", "%H:%M:%S.%f", "%H:%M:%S,%f", "%H:%M"]
_HALF_DAY_CLOCKS = ["%I:%M:%S %p", "%I:%M %p", "%I:%M:%S%p", "%I:%M%p"]
_ZONES = ["", "Z", " %Z", "%z", "%:z", " %z", " %:z"]


def _list_patterns() -> Iterator[str]:
    """Yield every pattern that is recognised; of those with one shape, preferred ones first."""
    yield from _LOOSE
    yield from _COMPACT
    yield from _PROGRAMS
    for day in _SEPARATED + _WORDED:
        yield day
        year_first = day.startswith("%Y")
        for joint in (" ", "T") if year_first else (" ", ", "):
            zones = _ZONES if year_first else ["", " %z"]
            # Before those with the name of a zone, which could be PM.
            yield from (f"{day}{joint}{clock}" for clock in _HALF_DAY_CLOCKS)
            yield from (f"{day}{joint}{clock}{zone}" for clock in _CLOCKS for zone in zones)


@cache
def list_known_formats() -> tuple[TextFormat, ...]:
    """Return every format that is recognised."""
    return (ISO, *map(parse_text_format, dict.fromkeys(_list_patterns())))


@cache
def parse_text_format(pattern: str) -> TextFormat:
    """Return `parse_format` of a pattern that is known to be one of text."""
    known = parse_format(pattern)
    assert isinstance(known, TextFormat)  # noqa: S101 - for the type checker
    return known


@cache
def _group_patterns() -> Mapping[str, Sequence[str]]:
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for pattern in _list_patterns():
        found[shape_of_pattern(pattern)][pattern] = None
    return {key: list(patterns) for key, patterns in found.items()}


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
    """Return the finite numbers among `values`, also those in text, without their fractions."""
    return [int(number) for number in map(parse_number, values) if number is not None]


def find_future(known: DateFormat, values: Iterable[object], today: date) -> int:
    """Return how many of `values` have a month after that of `today`."""
    now = (today.year, today.month)
    days = (known.read(value.strip() if isinstance(value, str) else value) for value in values)
    return sum((day.year, day.month) > now for day in days if day is not None)
