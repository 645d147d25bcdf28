"""Text for the standard streams, whether or not a terminal reads them.

Lines are made here and nowhere else: a caller gives each line by itself, and a line break within
one is shown as an escape. So no name and no text of a server begins a line, or reaches the terminal
as anything but characters.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterable

from core.facade import escaped, redact


def lines(texts: Iterable[str]) -> str:
    """Each text escaped, on a line of its own."""
    return "".join(f"{escaped(text)}\n" for text in texts)


def json_text(value: object) -> str:
    """`value` as one line of JSON in printable ASCII; what JSON does not know is written by `str`.

    `json.dumps` leaves DEL as it is, which only a string can hold.
    """
    return json.dumps(value, default=str).replace("\x7f", "\\u007f")


def trace(error: BaseException) -> list[str]:
    """The lines of a traceback, each marked, so that none of them passes for a line of ours.

    Secrets are replaced first: escapes would change their letters.
    """
    text = redact("".join(traceback.format_exception(error))).rstrip("\n")
    return [f"| {line}" for line in text.split("\n")]
