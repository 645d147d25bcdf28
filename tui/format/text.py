"""Formats text and numbers for one line of a terminal: whole cells, no control characters."""

from __future__ import annotations

from math import isfinite
from typing import Final, Literal

from rich.cells import cell_len, set_cell_size

from core.facade import is_hidden

Align = Literal["left", "right"]

# A control character moves the cursor, a bidirectional override reorders the line, and others are
# invisible: each is replaced by a sign (Unicode's control pictures for controls).
_CONTROLS: Final = (
    {code: 0x2400 + code for code in range(0x20)}
    | {0x7F: 0x2421}
    | dict.fromkeys([*range(0x80, 0xA0), *range(0xD800, 0xE000)], "\ufffd")
    | {0x2028: "⏎", 0x2029: "⏎"}
)
_HIDDEN: Final = "·"
_MAGNITUDES: Final = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


def visible(text: str) -> str:
    """Return `text` on one line, with a sign in place of each character that is not printable."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_HIDDEN if is_hidden(each) else each for each in text.translate(_CONTROLS))


def fit(text: str, width: int, align: Align = "left") -> str:
    """Return `text` in exactly `width` cells: padded, or cut with an ellipsis."""
    shown = visible(text)
    length = cell_len(shown)
    if length > width:
        return (
            ""
            if width <= 0
            else set_cell_size(shown, width - 1).rstrip()
            + "…"
            + (" " * (width - 1 - cell_len(set_cell_size(shown, width - 1).rstrip())))
        )
    padding = " " * (width - length)
    return padding + shown if align == "right" else shown + padding


def fit_name(text: str, width: int, align: Align = "left") -> str:
    """Return a name in exactly `width` cells; one that is cut loses its middle.

    Names that are related differ at their ends: ORDERS_2023, ORDERS_2024.
    """
    shown = visible(text)
    if cell_len(shown) <= width or width < 5:
        return fit(shown, width, align)
    tail = ""
    for character in reversed(shown):
        if cell_len(character + tail) > (width - 1) // 2:
            break
        tail = character + tail
    head = set_cell_size(shown, width - 1 - cell_len(tail)).rstrip()
    return fit(f"{head}…{tail}", width, align)


def shorten(text: str, most: int) -> str:
    """Return a name in at most `most` cells; one that is longer loses its middle."""
    return fit_name(text, most).rstrip()


def short(number: float | None) -> str:
    """Return a number in at most six characters, such as `950` or `27.8M`; a dash for None."""
    if number is None:
        return "-"
    if not isfinite(number):
        return str(number)
    for magnitude, unit in _MAGNITUDES:
        if abs(number) >= magnitude * 0.99995:
            return f"{number / magnitude:.3g}{unit}".replace("e+03", "000")
    return f"{number:.4g}"


def size(amount: int | None) -> str:
    """Return a number of bytes, such as `950 B` or `4.2 MB`; a dash for None."""
    if amount is None:
        return "-"
    value, units = float(amount), ["B", "kB", "MB", "GB", "TB", "PB"]
    while value >= 999.5 and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{value:.3g} {units[0]}"
