"""The rules for the options of csv: a file of any of them can be read back without a doubt."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from core.remedy import Advice, Remedy

if TYPE_CHECKING:
    from core.request.request import Request

# Only text and binary are quoted, so that no other value may hold the delimiter.
_IN_VALUES: Final = re.compile(r"""[A-Za-z0-9".:+\-'\\ ]""")
_NUMBER: Final = re.compile(
    r"[-+]?[0-9.,]*|nan|-?infinity|true|false|[0-9][0-9T:.Z-]*", re.IGNORECASE
)


def parse_delimiter(value: Any) -> Any:
    r"""Turn `\t`, as it is typed, into a tab; other values are returned unchanged."""
    return "\t" if value == r"\t" else value


def check_delimiter(value: str) -> str:
    """Return a delimiter.

    Raises:
        ValueError: it is not one character of ASCII, or one that values without quotation marks
            can hold.
    """
    visible = value == "\t" or (value.isascii() and value.isprintable())
    if len(value) != 1 or not visible or _IN_VALUES.match(value):
        raise ValueError(r"must be one character such as ; or | or \t, which no number or date has")
    return value


def check_null(value: str) -> str:
    """Return the text for NULL.

    Raises:
        ValueError: it could be a value, or has a character of more than one line.
    """
    if value and (
        _NUMBER.fullmatch(value)
        or not value.isprintable()
        or '"' in value
        or value != value.strip()
        or not value.isascii()
    ):
        raise ValueError(r"must be a text such as \N or NULL, which is no number, date or flag")
    return value


def check_file(request: Request) -> None:
    """Check that the options of the file fit together.

    Raises:
        ValueError: they do not; the message names them.
    """
    if request.gzip and request.format in ("parquet", "xlsx"):
        raise ValueError(
            f"{request.format} is compressed already; gzip goes with json, ndjson or csv"
        )
    if request.csv_delimiter == "," and request.csv_decimal_comma:
        raise ValueError(
            Advice(
                Remedy("csv_decimal_comma"),
                " needs another delimiter, such as ",
                Remedy("csv_delimiter", ";"),
            )
        )
    if request.csv_null and request.csv_delimiter in request.csv_null:
        raise ValueError(Advice(Remedy("csv_null"), " holds the delimiter"))
