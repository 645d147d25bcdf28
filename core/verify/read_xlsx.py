"""Read the sheet of a delivered workbook, by the standard library's parsers of zip and XML.

Only what a delivery holds is read: numbers, booleans, and text within the cells.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final
from xml.etree import ElementTree
from zipfile import ZipFile

_SHEET: Final = "xl/worksheets/sheet1.xml"
_SPACE: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_ESCAPE: Final = re.compile("_x([0-9A-Fa-f]{4})_")  # ECMA-376, part 1, 22.9.2.19 (ST_Xstring)
_ORIGIN: Final = date(1899, 12, 30)  # day 0 of dates from March 1900 on
_DIGITS: Final = 15  # that Excel keeps of a number

# The value of a cell: a text, or the digits of a number.
Cell = tuple[bool, str]


def read_rows(path: Path) -> Iterator[dict[int, Cell]]:
    """Yield the rows of the sheet, each as its cells by position; empty cells are absent.

    The first element of a cell is whether it is text.

    Raises:
        ValueError: the file is no workbook with such a sheet.
        KeyError: it has no such sheet.
        EOFError: it is incomplete.
    """
    try:
        with ZipFile(path) as book, book.open(_SHEET) as sheet:
            parser = ElementTree.iterparse(sheet, ("start", "end"))  # noqa: S314 - our own file
            data = None
            for event, element in parser:
                if event == "start":
                    data = element if element.tag == f"{_SPACE}sheetData" else data
                elif element.tag == f"{_SPACE}row":
                    yield dict(filter(None, map(_read_cell, element)))
                    if data is not None:
                        data.clear()
    except ElementTree.ParseError as error:
        raise ValueError("not a sheet in XML") from error


def read_date(cell: Cell | None) -> str | None:
    """Return a date as ISO 8601; None for an empty cell."""
    if cell is None:
        return None
    is_text, value = cell
    return value if is_text else (_ORIGIN + timedelta(days=int(value))).isoformat()


def read_decimal(cell: Cell | None) -> Decimal | None:
    """Return an exact number; None for an empty cell."""
    if cell is None:
        return None
    is_text, value = cell
    return Decimal(value if is_text else f"{float(value):.{_DIGITS}G}")


def read_float(cell: Cell | None) -> float | None:
    """Return a float, which is text if it is a special one; None for an empty cell."""
    return None if cell is None else float(cell[1])


def _read_cell(cell: ElementTree.Element) -> tuple[int, Cell] | None:
    position = _read_position(cell.get("r", ""))
    if cell.get("t") == "inlineStr":
        text = "".join(each.text or "" for each in cell.iter(f"{_SPACE}t"))
        return position, (True, _ESCAPE.sub(_unescape, text))
    number = cell.findtext(f"{_SPACE}v", "")
    return (position, (False, number)) if number else None


_unescape: Callable[[re.Match[str]], str] = lambda match: chr(int(match[1], 16))  # noqa: E731


def _read_position(reference: str) -> int:
    """Return the position of a column: 0 for A, 26 for AA."""
    number = 0
    for letter in reference.rstrip("0123456789"):
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
