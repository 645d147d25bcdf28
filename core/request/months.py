"""The options of a window: the months that a transfer reads."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from core.remedy import Advice, Remedy, join_remedies

if TYPE_CHECKING:
    from core.request.request import Request

MOST_MONTHS = 1200  # a window that begins earlier is given by its first month
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)


def parse_month(text: str) -> date:
    """Return the first day of a month that is written as `2024-01`.

    Raises:
        ValueError: the text is not a month of the years 0001 to 9999.

    Example:
        >>> parse_month("2024-02")
        datetime.date(2024, 2, 1)
    """
    match = _MONTH.fullmatch(text.strip())
    if match is None or match[1] == "0000":
        raise ValueError(f"{text!r} is not a month such as 2024-01")
    return date(int(match[1]), int(match[2]), 1)


def check_month(value: str | None) -> str | None:
    """Return a month without surrounding blanks; see `parse_month` for the errors."""
    return None if value is None else f"{parse_month(value).isoformat()[:7]}"


def check_window(request: Request) -> None:
    """Check that the options of a window fit together.

    Raises:
        ValueError: they do not; the message names them.
    """
    ends = [Remedy(name) for name in ("since", "until") if getattr(request, name) is not None]
    if request.last_months is not None and ends:
        each = [Remedy("last_months"), *ends]
        raise ValueError(Advice(join_remedies(each, "and"), " exclude each other"))
    if request.include_current and request.last_months is None:
        raise ValueError(
            Advice(Remedy("include_current"), " goes with ", Remedy("last_months"), " only")
        )
    if request.since is not None and request.until is not None and request.since > request.until:
        raise ValueError(
            Advice(
                Remedy("since"),
                f" ({request.since}) is later than ",
                Remedy("until"),
                f" ({request.until})",
            )
        )
