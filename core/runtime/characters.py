r"""Characters that a terminal obeys instead of showing, or that nobody can see: as escapes.

A name or an error text from elsewhere may hold an escape sequence that writes the clipboard, a line
break that begins a line of its own, or an override that reverses what follows. `escaped` is applied
where text reaches a terminal; names keep their characters everywhere else.

>>> escaped("REG\u200bION\x1b[2J")
'REG\\u200bION\\x1b[2J'
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Controls (C0, DEL and C1), format characters (bidirectional and zero-width ones among them), lone
# surrogates, private use, unassigned, line and paragraph separators: nothing that every terminal
# shows in the same way (unicode.org/reports/tr44, "General Category Values").
_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters and marks without a shape of their own: the rest of Default_Ignorable_Code_Point
# (unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt).
_SHAPELESS: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)


def is_hidden(character: str) -> bool:
    """Whether a terminal would obey `character`, or not show it."""
    return unicodedata.category(character) in _CATEGORIES or _SHAPELESS.match(character) is not None


def escaped(text: str) -> str:
    r"""`text` on one line, each hidden character as Python writes it: `\n`, `\x1b`, `\u202e`.

    Backslashes stay single, so that paths stay readable; what is escaped already stays as it is.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(each) if is_hidden(each) else each for each in text)


def hides(text: str) -> bool:
    """Whether `text` holds a character that `escaped` would not leave as it is."""
    return escaped(text) != text


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
