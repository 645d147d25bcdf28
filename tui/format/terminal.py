"""Formats text for the standard streams, whether or not a terminal reads them.

Only this module makes lines: a caller passes each line separately, and a line break within one is
shown as an escape. So a name, or a text that a server sent, cannot begin a line of its own and
cannot hold a control sequence.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterable

from core.facade import escape_hidden, redact


def lines(texts: Iterable[str]) -> str:
    """Return each text on a separate line, with its control characters escaped."""
    return "".join(f"{escape_hidden(text)}\n" for text in texts)


def json_text(value: object) -> str:
    """Return `value` as one line of JSON in printable ASCII.

    Types that JSON does not have are converted by `str`. DEL, which `json.dumps` does not escape,
    occurs in strings only, so it can be replaced in the text.
    """
    return json.dumps(value, default=str).replace("\x7f", "\\u007f")


def trace(error: BaseException) -> list[str]:
    """Return the lines of a traceback, each with a mark that no other line has.

    Secrets are redacted first: after escaping, their text might not be recognised.
    """
    text = redact("".join(traceback.format_exception(error))).rstrip("\n")
    return [f"| {line}" for line in text.split("\n")]
