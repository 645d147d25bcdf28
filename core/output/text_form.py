"""How values are written in csv, JSON and xlsx, as far as the user decides it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from core.request.request import Request

# Every whole number up to 2^53, and every decimal of up to 15 digits, is read back unchanged from
# the nearest 64-bit float (IEEE 754), which most readers of JSON make of a number.
LARGEST_WHOLE: Final = 2**53
MOST_DIGITS: Final = 15


@dataclass(frozen=True)
class TextForm:
    """The options of csv, JSON and xlsx.

    Attributes:
        delimiter: in csv, the character between two values.
        null: in csv, the text for NULL.
        bom: whether csv begins with the byte order mark of UTF-8.
        decimal_comma: whether numbers in csv have a comma for the decimal point.
        escape_formulas: whether text in csv that looks like a formula is escaped.
        large_numbers_as_text: whether numbers in JSON that a 64-bit float cannot hold are strings.
        xlsx_text_numbers: whether exact numbers in xlsx are text, with all their digits.
    """

    delimiter: str = ","
    null: str = ""
    bom: bool = False
    decimal_comma: bool = False
    escape_formulas: bool = False
    large_numbers_as_text: bool = False
    xlsx_text_numbers: bool = False

    @classmethod
    def of(cls, request: Request) -> Self:
        """Return the form that a request asks for."""
        return cls(
            delimiter=request.csv_delimiter,
            null=request.csv_null,
            bom=request.csv_bom,
            decimal_comma=request.csv_decimal_comma,
            escape_formulas=request.csv_escape_formulas,
            large_numbers_as_text=request.json_large_numbers == "text",
            xlsx_text_numbers=request.xlsx_text_numbers,
        )


PLAIN: Final = TextForm()
