"""White space in SQL."""

from __future__ import annotations

from core.query.statement import Binds

# The characters of Unicode's White_Space property. Text of these characters only is blank.
WHITE_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)


def trim(text: str, bind: Binds) -> str:
    """Return the expression for a text without surrounding white space."""
    return f"TRIM({text}, {bind(WHITE_SPACE)})"
