"""Snowflake's date and time formats: reading text by one, writing a value by one.

Rules: docs.snowflake.com "Date and time input and output formats". The whole text must match; an
element takes fewer digits than it has letters unless it touches another number; MON and MMMM both
take the short and the full name of a month; letters are compared without case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.sandbox.warehouse.translate.bound import quote

_ELEMENT = re.compile(
    r"YYYY|YY|MMMM|MON|MM|DD|DY|HH24|HH12|HH|MI|SS|FF[0-9]?|TZH:TZM|TZHTZM|TZH|AM|PM"
    r'|"[^"]*"|.',
    re.I | re.S,
)
_NUMBERS = {"YY", "MM", "DD", "HH24", "HH12", "HH", "MI", "SS"}
_DIRECTIVES = {
    "YYYY": "%Y", "YY": "%y", "MMMM": "%B", "MON": "%b", "MM": "%m", "DD": "%d", "DY": "%a",
    "HH24": "%H", "HH12": "%I", "HH": "%H", "MI": "%M", "SS": "%S", "AM": "%p", "PM": "%p",
}  # fmt: skip
_MONTH = "[A-Za-z]{3,9}"
_WORDS = {"MMMM": _MONTH, "MON": _MONTH, "DY": "[A-Za-z]{3}", "AM": "[AaPp][Mm]"}
_WORDS["PM"] = _WORDS["AM"]
_ZONES = {"TZH:TZM": r"[+-]\d{1,2}:\d{2}", "TZHTZM": r"[+-]\d{4}", "TZH": r"[+-]\d{1,2}"}
NANO_DIGITS = 9


@dataclass(frozen=True)
class Parsed:
    """DuckDB SQL of a text read as a time. `t` is the wall clock, NULL where the text does not fit;
    `n` the nanoseconds beyond its microseconds; `o` the offset in minutes, None without an offset.
    """

    t: str
    n: str = "0"
    o: str | None = None


def elements(pattern: str) -> list[str]:
    """Split a format into elements in upper case; anything else is a literal after a quote."""
    parts = []
    for part in _ELEMENT.findall(pattern):
        upper = part.upper()
        if upper in _DIRECTIVES or upper in _ZONES or upper.startswith("FF"):
            parts.append(upper)
        else:
            literal = part[1:-1] if len(part) > 1 and part[0] == '"' else part
            parts.append('"' + literal)
    return parts


def parse(value: str, pattern: str, century: int = 1970) -> Parsed:
    """Read the text expression `value` (DuckDB SQL) by `pattern` (a Snowflake format).

    A year of two digits is one of the hundred from `century` on (TWO_DIGIT_CENTURY_START).
    """
    parts = elements(pattern)
    regex, keep, fraction, zone = _expression(parts)
    directives = "".join(_directive(part) for part in parts)
    source = (
        value if keep is None else f"regexp_replace({value}, {quote('^' + regex + '$')}, '{keep}')"
    )
    if "YYYY" not in parts and "YY" not in parts:
        source, directives = f"'1970 ' || {source}", "%Y " + directives
    anchored = quote(regex)
    ways = dict.fromkeys(
        [directives, directives.replace("%B", "%b"), directives.replace("%b", "%B")]
    )
    tried = ", ".join(f"try_strptime({source}, {quote(way)})" for way in ways)
    t = f"(CASE WHEN regexp_full_match({value}, {anchored}) THEN coalesce({tried}) END)"
    if "YY" in parts:  # strptime's are 1969 to 2068
        years = f"((year({t}) - {century}) % 100 + 100) % 100 + {century}"
        t = f"({t} + to_years(CAST({years} - year({t}) AS INTEGER)))"
    n, o = "0", None
    if fraction:
        digits = f"rpad(regexp_extract({value}, {anchored}, {fraction}), {NANO_DIGITS}, '0')"
        t = f"({t} + to_microseconds(CAST(left({digits}, 6) AS BIGINT)))"
        n = f"CAST(right({digits}, 3) AS SMALLINT)"
    if zone:
        o = offset_minutes(f"regexp_extract({value}, {anchored}, {zone})")
    return Parsed(t, n, o)


def _expression(parts: list[str]) -> tuple[str, str | None, int, int]:
    """Return a regular expression, a replacement, and the numbers of two groups.

    The groups are those of the fraction and of the zone (0 if absent). The replacement leaves the
    rest (None if all of it is kept).
    """
    groups: list[tuple[str, str]] = [("", "keep")]
    for index, part in enumerate(parts):
        piece, kind = _piece(parts, index), "keep"
        if part.startswith("FF"):
            kind = "fraction"
        elif part in _ZONES:
            kind = "zone"
        if groups[-1][1] == kind == "keep":
            groups[-1] = (groups[-1][0] + piece, kind)
        else:
            groups.append((piece, kind))
    kinds = [kind for _, kind in groups]
    regex = "".join(f"({piece})" for piece, _ in groups)
    fraction = kinds.index("fraction") + 1 if "fraction" in kinds else 0
    zone = kinds.index("zone") + 1 if "zone" in kinds else 0
    kept = "".join(f"\\{i}" for i, kind in enumerate(kinds, 1) if kind == "keep")
    return regex, kept if fraction or zone else None, fraction, zone


def _piece(parts: list[str], index: int) -> str:
    part = parts[index]
    if part in _NUMBERS or part == "YYYY":
        around = parts[max(index - 1, 0) : index] + parts[index + 1 : index + 2]
        touching = any(each in _NUMBERS or each == "YYYY" for each in around)
        most = 4 if part == "YYYY" else 2
        return rf"\d{{{most}}}" if touching else rf"\d{{1,{most}}}"
    if part.startswith("FF"):
        return rf"\d{{1,{part[2:] or NANO_DIGITS}}}" if part != "FF0" else r"\d{0,9}"
    if part in _ZONES:
        return _ZONES[part]
    return _WORDS.get(part) or re.escape(part[1:])


def _directive(part: str) -> str:
    if part.startswith("FF") or part in _ZONES:
        return ""
    return _DIRECTIVES.get(part) or part[1:].replace("%", "%%")


def offset_minutes(text: str) -> str:
    """Convert the text of an offset such as +05:30, -0800, +1 or Z to minutes (DuckDB SQL)."""
    digits = f"regexp_replace({text}, '[^0-9]', '', 'g')"
    first = f"CASE WHEN length({digits}) > 2 THEN left({digits}, -2) ELSE {digits} END"
    hours = f"coalesce(try_cast({first} AS INTEGER), 0)"
    minutes = f"CASE WHEN length({digits}) > 2 THEN CAST(right({digits}, 2) AS INTEGER) ELSE 0 END"
    return f"((CASE WHEN starts_with({text}, '-') THEN -1 ELSE 1 END) * ({hours} * 60 + {minutes}))"


_ISO = (
    r"(\d{4}-\d{1,2}-\d{1,2})(?:[T ](\d{1,2}:\d{2}(?::\d{2})?)(\.\d{1,9})?"
    r" ?(Z|[+-]\d{1,2}(?::?\d{2})?)?)?"
)
_OTHER_DATES = ("DD-MON-YYYY", "MM/DD/YYYY")


def parse_automatically(value: str) -> Parsed:
    """Read the text expression `value` as Snowflake's AUTO format does: ISO 8601 and two more."""

    def group(number: int) -> str:
        return f"regexp_extract({value}, {quote(_ISO)}, {number})"

    clock = (
        f"CASE WHEN {group(2)} = '' THEN '00:00:00' WHEN length({group(2)}) < 6"
        f" THEN {group(2)} || ':00' ELSE {group(2)} END"
    )
    iso = f"try_strptime({group(1)} || ' ' || {clock}, '%Y-%m-%d %H:%M:%S')"
    digits = f"rpad(ltrim({group(3)}, '.'), {NANO_DIGITS}, '0')"
    others = " ".join(
        f"WHEN regexp_full_match({value}, {quote(_expression(elements(each))[0])})"
        f" THEN {parse(value, each).t}"
        for each in _OTHER_DATES
    )
    t = (
        f"(CASE WHEN regexp_full_match({value}, {quote(_ISO)}) THEN"
        f" {iso} + to_microseconds(CAST(left({digits}, 6) AS BIGINT)) {others} END)"
    )
    return Parsed(t, f"CAST(right({digits}, 3) AS SMALLINT)", offset_minutes(group(4)))


def has_zone(value: str) -> str:
    """Test whether the text `value`, read automatically, names an offset.

    Returns DuckDB SQL (BOOLEAN).
    """
    return f"(regexp_extract({value}, {quote(_ISO)}, 4) <> '')"


def render(t: str, n: str, o: str, pattern: str) -> str:
    """Format a wall clock `t` with nanoseconds `n` and offset `o` by a Snowflake format."""
    pieces: list[str] = []
    pending = ""
    nanos = (
        f"lpad(CAST((epoch_us({t}) % 1000000 + 1000000) % 1000000 * 1000 + {n} AS VARCHAR), 9, '0')"
    )
    for part in elements(pattern):
        if part.startswith("FF"):
            special = f"left({nanos}, {part[2:] or NANO_DIGITS})"
        elif part in _ZONES:
            special = _render_zone(o, part)
        else:
            pending += _directive(part)
            continue
        if pending:
            pieces.append(f"strftime({t}, {quote(pending)})")
        pending = ""
        pieces.append(special)
    if pending or not pieces:
        pieces.append(f"strftime({t}, {quote(pending)})")
    return "(" + " || ".join(pieces) + ")"


def _render_zone(o: str, part: str) -> str:
    hours = f"lpad(CAST(abs({o}) // 60 AS VARCHAR), 2, '0')"
    minutes = f"lpad(CAST(abs({o}) % 60 AS VARCHAR), 2, '0')"
    sign = f"CASE WHEN {o} < 0 THEN '-' ELSE '+' END"
    if part == "TZH":
        return f"({sign} || {hours})"
    return f"({sign} || {hours} || {quote(':' if ':' in part else '')} || {minutes})"
