"""The directives of date formats: what each matches in a text, as regular expressions.

One expression is used by Python for the sample and by Snowflake for the table. Snowflake accepts
POSIX extended expressions, so groups are always numbered: `(?:...)` is an error there
(docs.snowflake.com, "String functions (regular expressions)"). Letters match in both cases.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Final, NamedTuple


class Directive(NamedTuple):
    """A directive of strptime.

    Attributes:
        words: its name for people, as in Snowflake's formats: `DD`.
        whole: the expression that its text matches.
        loose: an expression for the same text, in which only what gives the date is a group.
        gives: the part of a date that it gives; a pattern can contain each part once.
        letter: `Y`, `y`, `m`, `b` or `d` if `loose` has a group for the date; else empty.
        shape: its text as `shape` returns it.
        digits: the number of digits it has beside another number; 0 if it is no number.
    """

    words: str
    whole: str
    loose: str
    gives: str
    letter: str = ""
    shape: str = "0"
    digits: int = 0


# English in every locale, as in Snowflake.
MONTH_NAMES: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _any_of(words: Sequence[str]) -> str:
    return f"({'|'.join(words)})"


_SHORT_MONTHS = _any_of([*(name[:3] for name in MONTH_NAMES), "Sept"])
_SHORT_DAYS = _any_of([name[:3] for name in _DAY_NAMES])
# Not 0000, which Snowflake accepts although there is no such year.
_YEAR = "([0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
_NUMBER = "[0-9]{1,2}"
_HOURS = "([01][0-9]|2[0-3])"

DIRECTIVES: Final = {
    "%Y": Directive("YYYY", _YEAR, "([0-9]{4})", "year", "Y", digits=4),
    "%y": Directive("YY", "[0-9]{2}", "([0-9]{2})", "year", "y", digits=2),
    "%m": Directive("MM", "(0?[1-9]|1[0-2])", f"({_NUMBER})", "month", "m", digits=2),
    "%d": Directive("DD", "(0?[1-9]|[12][0-9]|3[01])", f"({_NUMBER})", "day", "d", digits=2),
    "%b": Directive("MON", _SHORT_MONTHS, "([a-z]{3})[a-z]*", "month", "b", "a"),
    "%B": Directive("MMMM", _any_of(MONTH_NAMES), "([a-z]{3})[a-z]*", "month", "b", "a"),
    "%a": Directive("DY", _SHORT_DAYS, "[a-z]{3}", "day of the week", shape="a"),
    "%A": Directive("DAY", _any_of(_DAY_NAMES), "[a-z]+day", "day of the week", shape="a"),
    "%H": Directive("HH24", "([01]?[0-9]|2[0-3])", _NUMBER, "hour", digits=2),
    "%I": Directive("HH12", "(0?[1-9]|1[0-2])", _NUMBER, "hour", digits=2),
    "%M": Directive("MI", "[0-5][0-9]", _NUMBER, "minute", digits=2),
    "%S": Directive("SS", "[0-5][0-9]", _NUMBER, "second", digits=2),
    "%f": Directive("FF", "[0-9]{1,9}", "[0-9]{1,9}", "fraction"),
    "%p": Directive("AM", "[ap]m", "[ap]m", "half of the day", shape="a"),
    "%z": Directive("TZHTZM", f"[-+]{_HOURS}[0-5][0-9]", "[-+][0-9]{4}", "offset", shape="-0"),
    "%:z": Directive(
        "TZH:TZM", f"[-+]{_HOURS}:[0-5][0-9]", "[-+][0-9]{2}:[0-9]{2}", "offset", shape="-0:0"
    ),
    # The name of a zone, such as GMT. The month is that of the value's own clock, so that the zone
    # decides nothing.
    "%Z": Directive("TZ", "[a-z]{1,5}", "[a-z]{1,5}", "name of the zone", shape="a"),
}

# Why other directives of strptime are refused.
REFUSED: Final = {
    "%j": "%j, the day of the year, is not supported",
    **{f"%{letter}": f"%{letter} is about weeks, which can lie in two months" for letter in "UVWG"},
    **{f"%{letter}": f"%{letter} is not the same on every machine" for letter in "cxX"},
    "%s": "seconds since 1970 are epoch_s",
}

# Abbreviations of the C library and of Python. One digit is accepted where there may be two, and
# several blanks where there is one.
_ALIASES = {
    "%F": "%Y-%m-%d",
    "%D": "%m/%d/%y",
    "%T": "%H:%M:%S",
    "%R": "%H:%M",
    "%h": "%b",
    "%e": "%d",
} | {f"%-{letter}": f"%{letter}" for letter in "dmHIMS"}
_TOKEN = re.compile(r"%:z|%-?.|[^%]+|%", re.DOTALL)


def expand_aliases(pattern: str) -> str:
    """Return `pattern` with directives of `DIRECTIVES` for their abbreviations."""
    return "".join(_ALIASES.get(part, part) for part in _TOKEN.findall(pattern))


@cache
def split_pattern(pattern: str) -> tuple[str, ...]:
    """Split `pattern` into its directives and the literal text between them."""
    return tuple(_TOKEN.findall(pattern))


def shape(text: str) -> str:
    """Return `text` with runs of digits as `0`, of letters as `a`, of blanks as one; `+` as `-`.

    Example:
        >>> shape("31-Jan-2024  23:30")
        '0-a-0 0:0'
    """
    runs = re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "0", text))
    return re.sub(" +", " ", runs).replace("+", "-")


def shape_of_pattern(pattern: str) -> str:
    """Return the result of `shape` for every text in `pattern`."""
    return shape(
        "".join(
            DIRECTIVES[part].shape if part in DIRECTIVES else part.replace("%%", "%")
            for part in split_pattern(pattern)
        )
    )


def match_whole(pattern: str) -> str:
    """Return the expression that every text in `pattern` matches, and no other text."""
    return "".join(_write_pieces(pattern, loose=False))


def match_parts(pattern: str) -> str:
    """Return an expression whose groups are year, month and day, in the order of `pattern`."""
    return f"^{''.join(_write_pieces(pattern, loose=True))}$"


def _write_pieces(pattern: str, *, loose: bool) -> list[str]:
    parts = split_pattern(pattern)
    pieces: list[str] = []
    for index, part in enumerate(parts):
        if part not in DIRECTIVES:
            pieces.append(_escape(part.replace("%%", "%")))
            continue
        piece = DIRECTIVES[part].loose if loose else DIRECTIVES[part].whole
        neighbours = parts[max(index - 1, 0) : index] + parts[index + 1 : index + 2]
        if any(_is_number(neighbour) for neighbour in neighbours):
            # Adjacent numbers need all digits.
            piece = piece.replace("0?", "0").replace("]?", "]").replace("{1,2}", "{2}")
        pieces.append(piece)
    return pieces


def _is_number(part: str) -> bool:
    return part in DIRECTIVES and DIRECTIVES[part].shape == "0"


def find_joined_words(pattern: str) -> tuple[str, str] | None:
    """Return two directives for words with nothing between them; None if there are no such."""
    parts = split_pattern(pattern)
    words = [part in DIRECTIVES and DIRECTIVES[part].shape == "a" for part in parts]
    for index, (one, other) in enumerate(pairwise(words)):
        if one and other:
            return parts[index], parts[index + 1]
    return None


def _escape(literal: str) -> str:
    """Return the expression for a literal text, in which a blank matches several."""
    return re.sub(" +", " +", re.sub(r"[][\\.^$*+?(){}|]", r"\\\g<0>", literal))
