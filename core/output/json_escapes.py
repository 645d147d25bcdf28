"""How a character is written within a string of JSON, where it cannot stand for itself.

Each engine applies this one table: polars to the rows of a batch, Snowflake by the SQL of
`core.query.unload`. Whoever checks a delivery reads it by the standard library's decoder instead,
so that an error here cannot hide itself.

Source: RFC 8259, section 7, with the short form wherever there is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_SHORT: Final = {
    "\\": "\\\\",  # first, for whoever replaces one after the other: the others insert more
    '"': '\\"',
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
}
ESCAPES: Final[Mapping[str, str]] = _SHORT | {
    chr(code): f"\\u{code:04x}" for code in range(0x20) if chr(code) not in _SHORT
}
