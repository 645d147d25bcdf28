"""An estimate as people read it: in a dry run and in the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.facade import Spell, spelled
from tui.format.numbers import size

if TYPE_CHECKING:
    from core.facade import Estimate, Way

UNKNOWN = "not known"
HEADING = ("", "engine", "downloaded", "time", "bounded by")


def table(estimate: Estimate, spell: Spell) -> list[tuple[str, ...]]:
    """A line for each engine below `HEADING`; the chosen one is marked.

    Args:
        estimate: what to show.
        spell: words the options that help against an obstacle.
    """
    lines: list[tuple[str, ...]] = [HEADING]
    for way in estimate.ways:
        mark = ">" if way is estimate.chosen else ""
        if obstacle := spelled(way.obstacle, spell):
            lines.append((mark, way.engine.value, "-", "-", f"cannot: {obstacle}"))
        else:
            bound = f"{way.limit}; {way.pace}"
            lines.append(
                (mark, way.engine.value, format_bytes(estimate, way), format_time(way), bound)
            )
    return lines


def describe(estimate: Estimate, way: Way) -> str:
    """What a way costs, on a line."""
    long = "time not known" if way.seconds is None else format_time(way)
    return f"{format_bytes(estimate, way)} downloaded · {long}"


def format_bytes(estimate: Estimate, way: Way) -> str:
    """The bytes that are downloaded, before their compression."""
    if way.bytes is None:
        return UNKNOWN
    if not way.rows:
        return "nothing"
    return f"{'at least' if estimate.unsized else 'about'} {size(way.bytes)}"


def format_time(way: Way) -> str:
    """How long it takes."""
    return UNKNOWN if way.seconds is None else f"about {_span(way.seconds)}"


def rows_in(estimate: Estimate) -> str:
    """The rows to read."""
    return "an unknown number of" if estimate.rows is None else f"{estimate.rows:,}"


def rows_out(estimate: Estimate) -> str:
    """The rows of the delivery."""
    if estimate.groups is None:
        return "an unknown number of"
    return f"{'' if estimate.counted else 'about '}{estimate.groups:,}"


def _span(seconds: float) -> str:
    """Seconds in the unit in which they are few."""
    for unit, length in (("s", 60.0), ("min", 60.0), ("h", 48.0)):
        if seconds < length * 1.5:
            whole = unit == "s" or seconds >= 10
            return f"{max(seconds, 1):.{0 if whole else 1}f} {unit}"
        seconds /= 60.0 if unit != "h" else 24.0
    return f"{seconds:,.0f} days"
