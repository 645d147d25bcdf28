"""Reading a TOML file of the user, with errors that never quote it: it may hold a password."""

from __future__ import annotations

import codecs
import os
import tomllib
from pathlib import Path
from typing import Any, Final

from core.connections.file_trust import check_trusted
from core.errors import UsageError

_LARGEST: Final = 4 * 1024 * 1024  # bytes
# How the decoder's message begins if a path such as C:\Users is in double quotes.
_ESCAPES: Final = ("Unescaped '\\' in a string", "Invalid hex value")
_IN_QUOTES: Final = r"Put paths with backslashes into single quotes: 'C:\keys\rsa.p8'."


def read_text(path: Path, kind: str) -> str | None:
    """Return the text of a file, which only its user and root can change; None if it is missing.

    Args:
        path: the file.
        kind: what the file is, for errors, such as `a connections file`.

    Raises:
        UsageError: it cannot be read, is too large or in another encoding than UTF-8, or could be
            changed by other users (`core.connections.file_trust`).
    """
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            if found.st_size > _LARGEST:
                raise UsageError(f"{path} is too large for {kind}.", "Correct the file.")
            check_trusted(path, found)
            return _decode(path, file.read())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:  # ValueError: NUL in the path
        reason = getattr(error, "strerror", None) or "the path is invalid"
        raise UsageError(f"{path} cannot be read: {reason}.") from error


def parse_text(path: Path, text: str) -> dict[str, Any]:
    """Parse the text of a file.

    Raises:
        UsageError: it is not TOML; the error has the line.
    """
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # not TOML, endless digits or brackets
        # The decoder's message ends in the place, "(at line 3, column 8)"; the text before it may
        # quote the file, and with it a password.
        message = str(error) if isinstance(error, tomllib.TOMLDecodeError) else ""
        place = message.rpartition("(")[2].rstrip(")") if "(" in message else "somewhere"
        hint = _IN_QUOTES if message.startswith(_ESCAPES) else "Correct the file."
        raise UsageError(f"{path} is not valid TOML ({place}).", hint) from None


def _decode(path: Path, data: bytes) -> str:
    """Decode a file of TOML, which is UTF-8; the mark with which some editors begin it is removed.

    Raises:
        UsageError: it is in another encoding, as Windows PowerShell and older editors write.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UsageError(f"{path} is UTF-16, not UTF-8.", "Save it as UTF-8.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(
            f"{path} is not UTF-8 (line {line}); its encoding may be Windows-1252.",
            "Save it as UTF-8.",
        ) from None
