"""CSV cells that a spreadsheet would take for formulas, and what makes them text.

A cell that begins with `=` may run commands on the machine of whoever opens the file. What begins
like that gets an apostrophe in front, which the reader of the file sees.

Source: owasp.org, "CSV Injection".
"""

from __future__ import annotations

from typing import Final

# The last four are full-width; spreadsheets in East Asian locales take them alike.
STARTS: Final = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
MARK: Final = "'"


def escape_formula(text: str) -> str:
    """`text` as a cell that is none."""
    return MARK + text if text.startswith(tuple(STARTS)) else text
