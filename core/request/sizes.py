"""Sizes, times and limits as they are typed: `600MB`, `10m`, `50M,5GB`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

MEBIBYTE = 1024 * 1024
SIZES: Final = ("memory_limit", "max_file_size")  # the options that are one
_AS_TYPED = re.IGNORECASE | re.ASCII  # without ASCII, a long s (U+017F) matches "s"
_SIZE = re.compile(r"(\d{1,18}(?:\.\d+)?)\s*([kmgt]?)i?b?", _AS_TYPED)
_TIME = re.compile(r"(\d{1,9}(?:\.\d+)?)\s*([smh]?)", _AS_TYPED)
_ENDLESS = 10**18  # rows or bytes: the least number of more than 18 digits
_ROWS = re.compile(r"(\d{1,18}(?:\.\d+)?)\s*([kmg]?)", _AS_TYPED)


def parse_size(value: Any) -> Any:
    """Turn `600MB`, `1.5 GB` or a number of bytes into bytes (1 MB = 1024 x 1024 bytes).

    Raises:
        ValueError: the text is not a size.

    Example:
        >>> parse_size("1.5 KB")
        1536
    """
    if not isinstance(value, str):
        return value
    match = _SIZE.fullmatch(value.strip())
    if match is None:
        raise ValueError(f"{value!r} is not a size such as 600MB or 1GB")
    return int(float(match[1]) * 1024 ** " kmgt".index(match[2].lower() or " "))


def format_size(size: int) -> str | int:
    """Return a number of bytes as `parse_size` reads it: as `600MB` if it is whole megabytes."""
    return f"{size // MEBIBYTE}MB" if size and size % MEBIBYTE == 0 else size


def parse_seconds(value: Any) -> Any:
    """Turn `10m`, `90s`, `1.5h` or a number of seconds into seconds.

    Raises:
        ValueError: the text is not a time.
    """
    if not isinstance(value, str):
        return value
    match = _TIME.fullmatch(value.strip())
    if match is None:
        raise ValueError(f"{value!r} is not a time such as 90s, 10m or 1h")
    return int(float(match[1]) * 60 ** "smh".index(match[2].lower() or "s"))


@dataclass(frozen=True)
class StreamLimit:
    """The size up to which a table is aggregated on this machine.

    Attributes:
        rows: the most rows; None for no limit.
        bytes: the most stored bytes; None for no limit.
    """

    rows: int | None = None
    bytes: int | None = None

    @classmethod
    def parse(cls, value: Any) -> Any:
        """Parse `50M` (rows), `5GB` (bytes) or `50M,5GB` (both).

        Of rows, k, M and G are powers of 1000; of bytes, KB, MB and GB are powers of 1024.

        Raises:
            ValueError: the text is not such a limit.
        """
        if not isinstance(value, str):
            return value
        limits: dict[str, int] = {}
        for part in filter(None, map(str.strip, value.split(","))):
            match = _ROWS.fullmatch(part)
            name = "rows" if match else "bytes"
            if name in limits or not (match or _SIZE.fullmatch(part)):
                break
            thousands = 1000 ** " kmg".index(match[2].lower() or " ") if match else 0
            limits[name] = int(float(match[1]) * thousands) if match else parse_size(part)
            if limits[name] >= _ENDLESS:
                break
        else:
            if limits:
                return cls(**limits)
        raise ValueError(f"{value!r} is not a number of rows or bytes such as 50M,5GB")

    def __str__(self) -> str:
        parts: list[str] = []
        if self.rows is not None:
            parts.append(_format_in_units(self.rows, 1000, ("", "k", "M", "G")))
        if self.bytes is not None:
            parts.append(_format_in_units(self.bytes, 1024, ("B", "KB", "MB", "GB", "TB")))
        return ",".join(parts)


def _format_in_units(number: int, unit: int, names: tuple[str, ...]) -> str:
    """Return `number` in the largest unit in which it is a whole number."""
    power = 0
    while number and number % unit == 0 and power + 1 < len(names):
        number, power = number // unit, power + 1
    return f"{number}{names[power]}"
