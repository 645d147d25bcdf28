"""The formats of dates that are stored as text or as numbers since 1970.

A pattern for text is written as in Python's strptime, and translated into Snowflake's format
elements (docs.snowflake.com, "Date and time input and output formats"). Only directives that both
support are allowed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from typing import NamedTuple

from core.errors import UsageError


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


@dataclass(frozen=True)
class TextFormat:
    """A format of dates in text, as returned by `parse_format`.

    Attributes:
        strptime: the pattern for Python: `%m/%d/%Y`.
        snowflake: the pattern for Snowflake: `MM/DD/YYYY`.
    """

    strptime: str
    snowflake: str

    @property
    def has_time(self) -> bool:
        """Whether the format has a time of day."""
        return any(part in _CLOCK for part in _split_pattern(self.strptime))

    @property
    def has_offset(self) -> bool:
        """Whether the format has an offset from UTC."""
        return any(part in ("%z", "%:z") for part in _split_pattern(self.strptime))

    @property
    def order(self) -> str:
        """The order of year, month and day, such as `mdY` or `dmY`."""
        named = {"%b": "m", "%B": "m", "%m": "m", "%d": "d", "%Y": "Y", "%y": "Y"}
        return "".join(named.get(part, "") for part in _split_pattern(self.strptime))

    @property
    def shape(self) -> str:
        """The result of `shape` for every text in this format."""
        pieces = [
            _DIRECTIVES[part].shape if part in _DIRECTIVES else part.replace("%%", "%")
            for part in _split_pattern(self.strptime)
        ]
        return shape("".join(pieces))

    def read(self, text: str) -> date | None:
        """Parse `text` in this format; None if it is not a valid date."""
        match = _compile(self.strptime).fullmatch(text)
        return _make_date(match.groupdict()) if match else None


class _Directive(NamedTuple):
    snowflake: str
    expression: str
    shape: str = "0"


# English in every locale, as in Snowflake.
_MONTH_NAMES = [
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
]  # fmt: skip
_MONTHS = {name[:3].upper(): number for number, name in enumerate(_MONTH_NAMES, 1)}
_DIRECTIVES = {
    "%Y": _Directive("YYYY", "(?P<year>[0-9]{4})"),
    "%y": _Directive("YY", "(?P<short_year>[0-9]{2})"),
    "%m": _Directive("MM", "(?P<month>0?[1-9]|1[0-2])"),
    "%d": _Directive("DD", "(?P<day>0?[1-9]|[12][0-9]|3[01])"),
    "%b": _Directive("MON", f"(?P<name>(?i:{'|'.join(_MONTHS)}))", "a"),
    "%B": _Directive("MMMM", f"(?P<name>(?i:{'|'.join(_MONTH_NAMES)}))", "a"),
    "%a": _Directive("DY", "(?i:Mon|Tue|Wed|Thu|Fri|Sat|Sun)", "a"),
    "%H": _Directive("HH24", "(?:[01]?[0-9]|2[0-3])"),
    "%I": _Directive("HH12", "(?:0?[1-9]|1[0-2])"),
    "%M": _Directive("MI", "[0-5][0-9]"),
    "%S": _Directive("SS", "[0-5][0-9]"),
    "%f": _Directive("FF", "[0-9]{1,9}"),
    "%p": _Directive("AM", "[AaPp][Mm]", "a"),
    "%z": _Directive("TZHTZM", "[+-][0-9]{4}", "-0"),
    "%:z": _Directive("TZH:TZM", "[+-][0-9]{2}:[0-9]{2}", "-0:0"),
}
_CLOCK = frozenset({"%H", "%I", "%M", "%S", "%f", "%p"})
# Abbreviations of the C library and of Python. Where Snowflake expects two digits it accepts one.
_ALIASES = {
    "%F": "%Y-%m-%d",
    "%D": "%m/%d/%y",
    "%T": "%H:%M:%S",
    "%R": "%H:%M",
    "%h": "%b",
    "%e": "%d",
} | {f"%-{letter}": f"%{letter}" for letter in "dmHIMS"}
_TOKEN = re.compile(r"%:z|%-?.|[^%]+|%", re.DOTALL)


def parse_format(text: str) -> TextFormat | EpochUnit:
    """Parse a date format that the caller gives.

    Args:
        text: a strptime pattern with a year and a month, or `epoch_s`, `epoch_ms`, `epoch_us` or
            `epoch_ns`.

    Returns:
        The format, or the unit.

    Raises:
        UsageError: the pattern has no year or no month, or Snowflake does not support it.

    Example:
        >>> parse_format("%d/%m/%Y").snowflake
        'DD/MM/YYYY'
    """
    wanted = text.strip()
    if wanted.lower() in list(EpochUnit):
        return EpochUnit(wanted.lower())
    pattern = "".join(_ALIASES.get(part, part) for part in _TOKEN.findall(wanted))
    parts = _split_pattern(pattern)
    directives = [part for part in parts if part.startswith("%") and part != "%%"]
    unknown = [part for part in directives if part not in _DIRECTIVES]
    if unknown:
        raise _make_error(wanted, f"Snowflake does not support {', '.join(unknown)}")
    if '"' in pattern:
        raise _make_error(wanted, "a pattern cannot contain quotation marks")
    names = [_name_part(directive) for directive in directives]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise _make_error(wanted, f"it contains the {min(twice)} twice")
    if not {"year", "month"} <= set(names):
        raise _make_error(wanted, "it needs a year and a month")
    return TextFormat(pattern, "".join(_translate(part) for part in parts))


def _make_error(pattern: str, why: str) -> UsageError:
    return UsageError(
        f"The date format {pattern!r} cannot be used: {why}.",
        f"Use {' '.join(_DIRECTIVES)} (such as %d/%m/%Y), or {', '.join(EpochUnit)}.",
    )


def _name_part(directive: str) -> str:
    """Return the part of a date that a directive gives; a pattern can contain each part once."""
    same = {
        "%Y": "year",
        "%y": "year",
        "%m": "month",
        "%b": "month",
        "%B": "month",
        "%d": "day",
        "%H": "hour",
        "%I": "hour",
        "%z": "offset",
        "%:z": "offset",
    }
    return same.get(directive, directive)


def shape(text: str) -> str:
    """Return `text` with each run of digits replaced by `0`, of letters by `a`, and `+` by `-`.

    Example:
        >>> shape("31-Jan-2024 23:30")
        '0-a-0 0:0'
    """
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "0", text)).replace("+", "-")


@cache
def _split_pattern(pattern: str) -> tuple[str, ...]:
    """Split `pattern` into its directives and the literal text between them."""
    return tuple(_TOKEN.findall(pattern))


def _translate(part: str) -> str:
    if part in _DIRECTIVES:
        return _DIRECTIVES[part].snowflake
    literal = "%" if part == "%%" else part
    # Letters and digits are quoted, because Snowflake could read them as format elements.
    return re.sub(r"\w+", r'"\g<0>"', literal)


@cache
def _compile(pattern: str) -> re.Pattern[str]:
    parts = _split_pattern(pattern)
    pieces: list[str] = []
    for index, part in enumerate(parts):
        if part not in _DIRECTIVES:
            pieces.append(re.escape("%" if part == "%%" else part))
            continue
        piece = _DIRECTIVES[part].expression
        neighbours = parts[max(index - 1, 0) : index] + parts[index + 1 : index + 2]
        if any(_is_number(neighbour) for neighbour in neighbours):
            piece = piece.replace("0?", "0").replace("]?", "]")  # adjacent numbers need all digits
        pieces.append(piece)
    return re.compile("".join(pieces))


def _is_number(part: str) -> bool:
    return part in _DIRECTIVES and _DIRECTIVES[part].shape == "0"


def _make_date(found: Mapping[str, str | None]) -> date | None:
    year, short_year, month = found.get("year"), found.get("short_year"), found.get("month")
    if year is None:  # Snowflake's TWO_DIGIT_CENTURY_START is 1970
        year = f"{'20' if short_year < '70' else '19'}{short_year}" if short_year else "0"
    number = int(month) if month else _MONTHS[(found.get("name") or "")[:3].upper()]
    try:
        return date(int(year), number, int(found.get("day") or 1))
    except ValueError:
        return None
