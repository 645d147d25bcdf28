"""The formats of dates that are text or numbers.

A format of text is written as in Python's strptime, or is `iso`. It is one regular expression for
the whole text and one that picks year, month and day from it: both are used by Python on the sample
and by Snowflake on the table, so that they agree on every value. Snowflake's own format elements
would not do: they accept `24-01-31` as the year 24 (YYYY takes one to four digits), white space
that the format does not have, and years of two digits by an account parameter
(docs.snowflake.com, "Date and time input and output formats").
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cache
from typing import Final

from core.errors import UsageError
from core.planning.date_directives import (
    DIRECTIVES,
    MONTH_NAMES,
    REFUSED,
    expand_aliases,
    find_joined_words,
    match_parts,
    match_whole,
    split_pattern,
)

# Two-digit years from this one on are 1970-1999, those before it 2000-2069.
CENTURY_START: Final = "70"
# A number as text, as `str()` writes it. Nineteen digits hold nanoseconds.
NUMBER_TEXT: Final = "-?[0-9]{1,19}([.][0-9]{0,9})?"

_MONTHS = {name[:3].upper(): number for number, name in enumerate(MONTH_NAMES, 1)}


class EpochUnit(StrEnum):
    """The unit of a number that counts time since 1970-01-01 00:00 UTC."""

    SECONDS = "epoch_s"
    MILLISECONDS = "epoch_ms"
    MICROSECONDS = "epoch_us"
    NANOSECONDS = "epoch_ns"

    @property
    def scale(self) -> int:
        """The number of fractional digits of a second: 0, 3, 6 or 9."""
        return 3 * list(EpochUnit).index(self)

    @property
    def words(self) -> str:
        """The unit for people: `epoch milliseconds`."""
        return f"epoch {self.name.lower()}"

    @property
    def has_short_year(self) -> bool:
        """Whether years have two digits: no."""
        return False

    def read(self, value: object) -> date | None:
        """Return the date of a number, or of a number as text; None if it is not a valid date."""
        number = parse_number(value)
        if number is None:
            return None
        try:
            since = timedelta(seconds=math.floor(number) // 10**self.scale)
            return (datetime(1970, 1, 1, tzinfo=UTC) + since).date()
        except OverflowError:
            return None


@dataclass(frozen=True)
class TextFormat:
    """A format of dates in text, as returned by `parse_format`. `str()` gives its pattern.

    Attributes:
        pattern: the value of `date_format`: `%d.%m.%Y`, or `iso`.
        words: the format for people: `DD.MM.YYYY`.
        whole: the regular expression that every text in this format matches, and no other.
        parts: a regular expression for the same texts, whose groups are the parts of the date.
        letters: a letter for each group of `parts`: `Y` the year, `y` its last two digits, `m` the
            month, `b` its name, `d` the day.
        digits: the number of digits if a text is nothing but digits, else 0. Such dates can be
            numbers too.
    """

    pattern: str
    words: str
    whole: str
    parts: str
    letters: str
    digits: int = 0

    def __str__(self) -> str:
        return self.pattern

    @property
    def order(self) -> str:
        """The order of year, month and day, such as `mdY` or `dmY`."""
        return self.letters.replace("b", "m").replace("y", "Y")

    @property
    def has_time(self) -> bool:
        """Whether every text has a time of day."""
        return any(part in ("%H", "%I") for part in split_pattern(self.pattern))

    @property
    def has_short_year(self) -> bool:
        """Whether years have two digits."""
        return "y" in self.letters

    @property
    def has_month_name(self) -> bool:
        """Whether the month is a word."""
        return "b" in self.letters

    @property
    def begins_with_month(self) -> bool:
        """Whether a number in this format begins with year and month, so that greater is later."""
        return bool(self.digits) and self.pattern.startswith("%Y%m")

    @property
    def least_number(self) -> int:
        """The least number that is a date in this format: leading zeros are those of a day."""
        return 10 ** (self.digits - 1) if self.letters.startswith("Y") else 0

    def read(self, value: object) -> date | None:
        """Return the date of a text without surrounding white space, or of a number.

        Returns:
            The date; its day is 1 if the format has no day. None if it is not a valid date.
        """
        text = value if isinstance(value, str) else self._write_number(value)
        if not _compile(self.whole).fullmatch(text):
            return None
        found = _compile(self.parts).fullmatch(text)
        return _make_date(dict(zip(self.letters, found.groups(), strict=True))) if found else None

    def _write_number(self, value: object) -> str:
        number = parse_number(value) if self.digits else None
        if number is None or number != int(number):
            return ""
        in_range = self.least_number <= number < 10**self.digits
        return f"{int(number):0{self.digits}}" if in_range else ""


# Fractions and letters as ISO 8601 and RFC 3339 allow them, a blank before the offset as Snowflake
# writes it, and an offset of hours only as Postgres writes it.
_ISO_DATE = f"{DIRECTIVES['%Y'].whole}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_ISO_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.,][0-9]{1,9})?)?"
_ISO_OFFSET = " ?(Z|[-+]([01][0-9]|2[0-3])(:?[0-5][0-9])?)"
ISO: Final = TextFormat(
    "iso",
    "ISO 8601",
    f"{_ISO_DATE}([T ]{_ISO_CLOCK}({_ISO_OFFSET})?)?",
    "^([0-9]{4})-([0-9]{2})-([0-9]{2}).*$",
    "Ymd",
)

DateFormat = TextFormat | EpochUnit


def parse_format(text: str) -> DateFormat:
    """Parse a date format that the caller gives.

    Args:
        text: a strptime pattern with a year and a month, `iso`, or `epoch_s`, `epoch_ms`,
            `epoch_us` or `epoch_ns`.

    Returns:
        The format, or the unit.

    Raises:
        UsageError: the pattern has no year or no month, or a directive that is not supported.

    Example:
        >>> parse_format("%d/%m/%Y").words
        'DD/MM/YYYY'
    """
    wanted = text.strip()
    if wanted.lower() == ISO.pattern:
        return ISO
    if wanted.lower() in list(EpochUnit):
        return EpochUnit(wanted.lower())
    pattern = expand_aliases(wanted)
    directives = [each for each in split_pattern(pattern) if each.startswith("%") and each != "%%"]
    if complaint := _find_fault(pattern, directives):
        raise UsageError(
            f"The date format {wanted!r} cannot be used: {complaint}.",
            f"Use {' '.join(DIRECTIVES)} (such as %d/%m/%Y), iso, or {', '.join(EpochUnit)}.",
        )
    return _make_format(pattern)


def _find_fault(pattern: str, directives: list[str]) -> str:
    """Return why a pattern cannot be used; empty if it can."""
    unknown = [each for each in directives if each not in DIRECTIVES]
    if unknown:
        return REFUSED.get(unknown[0], f"there is no directive {unknown[0]}")
    given = [DIRECTIVES[each].gives for each in directives]
    twice = {each for each in given if given.count(each) > 1}
    if twice:
        return f"it contains the {min(twice)} twice"
    if not {"year", "month"} <= set(given):
        return "it needs a year and a month"
    if joined := find_joined_words(pattern):
        return f"nothing separates {joined[0]} and {joined[1]}"
    return ""


@cache
def _make_format(pattern: str) -> TextFormat:
    parts = split_pattern(pattern)
    known = [DIRECTIVES.get(part) for part in parts]
    named = [each for each in known if each is not None]
    all_digits = len(named) == len(parts) and all(each.digits for each in named)
    return TextFormat(
        pattern,
        "".join(
            each.words if each else part.replace("%%", "%")
            for part, each in zip(parts, known, strict=True)
        ),
        match_whole(pattern),
        match_parts(pattern),
        "".join(each.letter for each in named),
        sum(each.digits for each in named) if all_digits else 0,
    )


@cache
def _compile(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.IGNORECASE | re.ASCII)


def _make_date(found: Mapping[str, str]) -> date | None:
    year = found.get("Y") or ("20" if found["y"] < CENTURY_START else "19") + found["y"]
    month = int(found["m"]) if "m" in found else _MONTHS.get(found["b"].upper(), 0)
    try:
        return date(int(year), month, int(found.get("d", 1)))
    except ValueError:
        return None


def parse_number(value: object) -> Decimal | None:
    """Return a number, or a number as text, without a loss; None if it is neither, or infinite."""
    if isinstance(value, str) and not _compile(NUMBER_TEXT).fullmatch(value):
        return None
    if not isinstance(value, str | int | float | Decimal):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
