"""The options that set conditions for the rows of a delivery."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from core.remedy import Advice, Remedy, join_remedies

if TYPE_CHECKING:
    from core.request.request import Request

CONDITIONS: Final = ("min_rows", "max_rows", "max_change", "require_months")
_PERCENTAGE: Final = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)\s*%", re.ASCII)


def parse_percentage(text: str) -> Fraction:
    """Return a percentage as a part of one.

    Raises:
        ValueError: the text is not a percentage.

    Example:
        >>> parse_percentage("20%")
        Fraction(1, 5)
    """
    match = _PERCENTAGE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a percentage such as 20%")
    return Fraction(match[1]) / 100


def check_percentage(value: str | None) -> str | None:
    """Return a percentage without blanks; see `parse_percentage` for the errors."""
    if value is None:
        return None
    parse_percentage(value)
    return "".join(value.split())


def check_conditions(request: Request) -> None:
    """Check that the options fit together.

    Raises:
        ValueError: they do not; the message names them.
    """
    least, most = request.min_rows, request.max_rows
    if least is not None and most is not None and least > most:
        raise ValueError(
            Advice(Remedy("min_rows"), f" ({least}) is above ", Remedy("max_rows"), f" ({most})")
        )
    has_ends = request.since is not None and request.until is not None
    if request.require_months and request.last_months is None and not has_ends:
        ends = join_remedies([Remedy("since"), Remedy("until")], "and")
        raise ValueError(
            Advice(Remedy("require_months"), " needs ", ends, ", or ", Remedy("last_months"))
        )


def list_conditions(request: Request) -> dict[str, Any]:
    """Return the conditions of a request, by option."""
    values = {name: getattr(request, name) for name in CONDITIONS}
    return {name: value for name, value in values.items() if value not in (None, False)}
