"""Formats counts and sums: whole, or rounded in a way that shows it, but never cut."""

from __future__ import annotations

from decimal import Decimal
from math import isfinite
from typing import Final

_LARGEST: Final = 1e15  # a float of this size or more has no decimals
_SMALLEST: Final = 1e-3
_DECIMALS: Final = 4


def count(number: int, noun: str) -> str:
    """Return a number of things, such as `1 row` or `2,000 rows`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def figure(value: Decimal | float | None) -> str:
    """Return a sum with all its digits; a float with at most four decimals; `NULL` for None.

    A 64-bit float holds about 16 digits, and the last ones of a sum are noise, such as those of
    0.30000000000000004. Where it is too large or too small for decimals, it has six digits.
    """
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Decimal):
        return f"{value:,f}"
    if not isfinite(value):
        return str(value)
    if value and not _SMALLEST <= abs(value) < _LARGEST:
        return f"{value:.6g}"
    whole, _, decimals = f"{value:,.{_DECIMALS}f}".partition(".")
    decimals = decimals.rstrip("0")
    return f"{whole}.{decimals}" if decimals else whole


def fit_figure(value: Decimal | float | None, cells: int) -> str:
    """Return a sum in at most `cells`: `figure`, else rounded and marked, such as `≈1.235e+20`.

    A sum must not be cut: what remained would read as another number.
    """
    text = figure(value)
    if len(text) <= cells or value is None:
        return text
    for digits in range(max(0, cells - 7), -1, -1):
        text = f"≈{value:.{digits}e}"
        if len(text) <= cells:
            return text
    return "…"
