"""Escaping CSV cells that a spreadsheet would evaluate as formulas.

A formula can run commands on the computer on which the file is opened. An apostrophe before the
cell makes the spreadsheet treat it as text; the apostrophe is visible to the reader of the file.

Source: owasp.org, "CSV Injection".
"""

from __future__ import annotations

from typing import Final

# The last four are full-width characters, which spreadsheets in East Asian locales also evaluate.
STARTS: Final = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
MARK: Final = "'"


def escape_formula(text: str) -> str:
    """Return `text` as a cell that no spreadsheet evaluates.

    Example:
        >>> escape_formula("=1+1")
        "'=1+1"
    """
    return MARK + text if text.startswith(tuple(STARTS)) else text
