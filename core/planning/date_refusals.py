"""Texts that look like dates and cannot be: what they are, in words.

Detection calls this for a column that is in no known format, so that the error gives the reason
instead of a format that would not fit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from core.planning.date_formats import ISO, TextFormat, parse_format
from core.planning.date_recognition import ENOUGH, fit_values, recognise_text


class Refusal(NamedTuple):
    """Why texts cannot be dates.

    Attributes:
        reason: what the texts are, to follow "they are".
        pattern: the value of `date_format` that reads them nevertheless; None without one.
    """

    reason: str
    pattern: str | None = None


_KNOWN: Final = (
    (r"\d{4}[-/ ]?Q[1-4]|Q[1-4][-/ ]?\d{4}", "quarters, which have no month"),
    (r"\d{4}[-/ ]?W\d{1,2}(-?[1-7])?", "weeks, which can lie in two months"),
    (r"(19|20)\d\d", "years, which have no month"),
    (r"(19|20)\d\d[-/.]?([0-2]\d\d|3[0-6]\d)", "days of a year (%j), which no format reads"),
    (r"[0-2]?\d:[0-5]\d(:[0-5]\d([.,]\d+)?)?( ?[ap]m)?", "times without a date"),
    (r"\d{1,2}[-/. ]*[a-z]{3,9}|[a-z]{3,9} \d{1,2}", "days without a year"),
    (r"[1-9]\d{4}([.]\d+)?", "numbers of days, as spreadsheets count them"),
)  # fmt: skip
_QUOTES = "\"'"


def explain_refusal(texts: Sequence[str]) -> Refusal | None:
    """Return why `texts` are in no known format; None if no reason is known.

    Args:
        texts: stripped texts that are not empty.
    """
    for expression, reason in _KNOWN:
        found = re.compile(expression, re.IGNORECASE | re.ASCII)
        if _most(found.fullmatch(text) is not None for text in texts):
            return Refusal(reason)
    return _explain_quotes(texts)


def _explain_quotes(texts: Sequence[str]) -> Refusal | None:
    is_quoted = [len(each) > 1 and each[0] in _QUOTES and each[0] == each[-1] for each in texts]
    if not _most(is_quoted):
        return None
    inner = [text[1:-1] for text, quoted in zip(texts, is_quoted, strict=True) if quoted]
    found = recognise_text(inner)
    known = found.format if found and found.enough else None
    if known is ISO:  # which has no pattern to put into quotation marks
        plain = parse_format("%Y-%m-%d")
        known = plain if fit_values(plain, inner).enough else None
    mark = texts[is_quoted.index(True)][0]
    pattern = f"{mark}{known}{mark}" if isinstance(known, TextFormat) else None
    return Refusal("in quotation marks", pattern)


def _most(fitting: Iterable[bool]) -> bool:
    found = list(fitting)
    return bool(found) and sum(found) >= ENOUGH * len(found)
