r"""Escape characters that a terminal interprets or that are invisible.

A name or an error text from outside may contain an escape sequence that writes the clipboard, a
line break that starts a forged line, or an override that reverses the text that follows.
`escape_hidden` is applied where text is written to a terminal; names are unchanged everywhere else.

>>> escape_hidden("REG\u200bION\x1b[2J")
'REG\\u200bION\\x1b[2J'
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Controls (C0, DEL and C1), format characters (bidirectional and zero-width ones among them), lone
# surrogates, private use, unassigned, line and paragraph separators: characters that terminals do
# not show, or show differently (unicode.org/reports/tr44, "General Category Values").
_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters and marks without a visible shape: the rest of Default_Ignorable_Code_Point
# (unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt).
_SHAPELESS: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)


def is_hidden(character: str) -> bool:
    """Whether a terminal would interpret `character` or not show it."""
    return unicodedata.category(character) in _CATEGORIES or _SHAPELESS.match(character) is not None


def escape_hidden(text: str) -> str:
    r"""Return `text` on one line, with hidden characters as Python escapes: `\n`, `\x1b`, `\u202e`.

    Backslashes are not doubled, so that paths stay readable and existing escapes are unchanged.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape_character(each) if is_hidden(each) else each for each in text)


def has_hidden(text: str) -> bool:
    """Whether `text` contains a character that `escape_hidden` replaces."""
    return escape_hidden(text) != text


def _escape_character(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
