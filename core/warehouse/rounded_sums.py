"""Sums of more than 38 digits: tried exactly, then as floating-point numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from core.errors import NumericOverflowError

T = TypeVar("T")


def with_rounded_sums(attempt: Callable[[bool], T]) -> T:
    """Run a statement with exact sums; where one overflows, run it with rounded ones.

    A sum over all rows, or over a month, may have more digits than the sum of any group, and only
    the latter is delivered.

    Args:
        attempt: makes and runs the statement; its argument is whether the sums that may overflow
            are computed as FLOAT (`rounded=` of `core.query`).

    Returns:
        What `attempt` returned.

    Raises:
        NumericOverflowError: the statement with rounded sums overflows, too.
        Exception: whatever else `attempt` raises.

    Example:
        `with_rounded_sums(lambda rounded: run(connection, select(rounded=rounded), cancel))`
    """
    try:
        return attempt(False)
    except NumericOverflowError:
        return attempt(True)
