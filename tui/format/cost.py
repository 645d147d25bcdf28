"""Formats an estimate for the dry run and the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.facade import Spell, spell_out
from tui.format.numbers import size

if TYPE_CHECKING:
    from core.facade import Estimate, Months, Way

UNKNOWN = "unknown"
HEADING = ("", "engine", "downloaded", "time", "bounded by")


def table(estimate: Estimate, spell: Spell) -> list[tuple[str, ...]]:
    """Return the cells of a table: `HEADING`, then a line for each engine; the chosen is marked.

    Args:
        estimate: the cost by each engine.
        spell: words the options that help against an obstacle.
    """
    lines: list[tuple[str, ...]] = [HEADING]
    for way in estimate.ways:
        mark = ">" if way is estimate.chosen else ""
        if obstacle := spell_out(way.obstacle, spell):
            lines.append((mark, way.engine.value, "-", "-", f"cannot: {obstacle}"))
        else:
            bound = f"{way.limit}; {way.pace}"
            lines.append(
                (mark, way.engine.value, format_bytes(estimate, way), format_time(way), bound)
            )
    return lines


def describe(estimate: Estimate, way: Way) -> str:
    """Return the cost of an engine on one line, such as `about 3 MB downloaded · about 4 s`."""
    long = "time unknown" if way.seconds is None else format_time(way)
    size_of = "size unknown" if way.bytes is None else f"{format_bytes(estimate, way)} downloaded"
    return f"{size_of} · {long}"


def format_bytes(estimate: Estimate, way: Way) -> str:
    """Return the size of what this machine downloads, before compression."""
    if way.bytes is None:
        return UNKNOWN
    if not way.rows:
        return "nothing"
    return f"{'at least' if estimate.unsized else 'about'} {size(way.bytes)}"


def format_time(way: Way) -> str:
    """Return how long the transfer takes, such as `about 4 s`."""
    return UNKNOWN if way.seconds is None else f"about {_span(way.seconds)}"


def rows_in(estimate: Estimate) -> str:
    """Return the number of rows to read."""
    if estimate.rows is None:
        return "an unknown number of"
    return f"{'about ' if estimate.rows_estimated else ''}{estimate.rows:,}"


def rows_out(estimate: Estimate) -> str:
    """Return the number of rows of the delivery."""
    if estimate.groups is None:
        return "an unknown number of"
    return f"{hedge(estimate)}{estimate.groups:,}"


def hedge(found: Estimate | Months) -> str:
    """Return what is said before the number of rows of the delivery, unless it was counted."""
    return "" if found.counted else "at least " if found.is_least else "about "


def _span(seconds: float) -> str:
    """Return a duration in the largest suitable unit, such as `3 min`."""
    for unit, length in (("s", 60.0), ("min", 60.0), ("h", 48.0)):
        if seconds < length * 1.5:
            whole = unit == "s" or seconds >= 10
            return f"{max(seconds, 1):.{0 if whole else 1}f} {unit}"
        seconds /= 60.0 if unit != "h" else 24.0
    return f"{seconds:,.0f} days"
