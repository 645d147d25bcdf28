"""Compute sums exactly and, if one exceeds 38 digits, again as floating-point numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from core.errors import NumericOverflowError

T = TypeVar("T")


def with_rounded_sums(attempt: Callable[[bool], T]) -> T:
    """Run a statement with exact sums; if one overflows, run it with rounded sums.

    A sum over all rows, or over a month, may have more digits than the sum of any group, and only
    the latter is delivered.

    Args:
        attempt: builds and runs the statement; its argument says whether the sums that may
            overflow are computed as FLOAT (`rounded=` of `core.query`).

    Returns:
        The result of `attempt`.

    Raises:
        NumericOverflowError: the statement with rounded sums overflows, too.
        Exception: any other error of `attempt`.

    Example:
        `with_rounded_sums(lambda rounded: run(connection, select(rounded=rounded), cancel))`
    """
    try:
        return attempt(False)
    except NumericOverflowError:
        return attempt(True)
