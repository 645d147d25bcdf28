"""The messages that the page's script sends over the web socket: JSON, as `["resize", {...}]`.

They are validated here: any program that knows the token can send others.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final, Literal

MOST_BYTES: Final = 256 * 1024  # of a message; the largest are pasted text
_MOST_CELLS: Final = 1_000  # in a row or a column: an 8K screen shows fewer
_MOST_CHARACTERS: Final = 1_600  # of a name: three parts of 255, each of which may be quotes
_DIGITS: Final = re.compile(r"[0-9]{1,16}")


class MessageError(ValueError):
    """An invalid message, which the page's script never sends; the text says what is wrong."""


@dataclass(frozen=True)
class Typed:
    """Text that was typed or pasted, or a control sequence of the terminal."""

    text: str


@dataclass(frozen=True)
class Resized:
    """The terminal's size in cells, 1 to 1,000 each."""

    width: int
    height: int


@dataclass(frozen=True)
class Pinged:
    """A number to send back."""

    number: str


Message = Typed | Resized | Pinged | Literal["blur", "focus"]


def parse(text: str) -> Message:
    """Read one message.

    Raises:
        MessageError: the message is invalid.
    """
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):  # not JSON, too many digits, or nested too deeply
        raise MessageError("The message is not JSON.") from None
    match message:
        case ["stdin", str() as typed]:
            return Typed(typed)
        case ["resize", {"width": width, "height": height}]:
            return Resized(_clamp_cells(width), _clamp_cells(height))
        case ["ping", str() as number] if _DIGITS.fullmatch(number):
            return Pinged(number)
        case ["blur" | "focus" as kind]:
            return kind  # type: ignore[no-any-return]
        case [str() as kind, *_] if kind in ("stdin", "resize", "ping", "blur", "focus"):
            raise MessageError(f"The value of {kind} is invalid.")
    raise MessageError("The kind of message is unknown.")


def parse_table(query: Any) -> str:
    """Read the table to open from an address such as `?table=DEMO.PUBLIC.ORDERS`.

    Args:
        query: the address's parameters by name.

    Returns:
        The text given as its name; empty without one.

    Raises:
        MessageError: it is too long for a name, or has characters that no name is written with.
    """
    table: str = query.get("table", "")
    if len(table) > _MOST_CHARACTERS or not table.isprintable():
        raise MessageError("The name of the table is invalid.")
    return table


def parse_size(query: Any) -> Resized:
    """Read the terminal's size from an address such as `?width=80&height=24`.

    Args:
        query: the address's parameters by name.

    Raises:
        MessageError: a size is not a number.
    """
    sizes = query.get("width", "80"), query.get("height", "24")
    if not all(_DIGITS.fullmatch(size) for size in sizes):
        raise MessageError("Width and height must be whole numbers.")
    width, height = map(int, sizes)
    return Resized(_clamp_cells(width), _clamp_cells(height))


def _clamp_cells(number: object) -> int:
    if type(number) is not int:  # True is an int too
        raise MessageError("Width and height must be whole numbers.")
    return max(1, min(number, _MOST_CELLS))
