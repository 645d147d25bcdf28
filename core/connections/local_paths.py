"""Paths of files as people write them in connections: with `~`, or as a `file:` URL."""

from __future__ import annotations

import os
import re
from typing import Final
from urllib.parse import unquote

from core.errors import UsageError

_WINDOWS: Final = os.name == "nt"
_SCHEME: Final = "file:"
_ESCAPED: Final = frozenset("\b\t\n\f\r")  # what TOML makes of a backslash and a letter
_DRIVE: Final = re.compile(r"/?([A-Za-z]:.*)", re.DOTALL)


def expand_path(text: str, *, windows: bool = _WINDOWS) -> str:
    r"""Return the path that a text gives: `~` is expanded, and a `file:` URL (RFC 8089) converted.

    On Windows, `file:///C:/keys/rsa.p8` is `C:\keys\rsa.p8`, and `file://server/share/rsa.p8` is
    `\\server\share\rsa.p8`; paths with drives and of shares are returned as they are.

    Args:
        text: the path or URL.
        windows: whether the paths are those of Windows.

    Raises:
        UsageError: the URL is of another machine, whose files have no path on this system.
    """
    if not text.lower().startswith(_SCHEME):
        return os.path.expanduser(text)  # noqa: PTH111  Path's raises where there is no HOME
    rest, host = unquote(text[len(_SCHEME) :]), ""
    if rest.startswith("//") and not (windows and _DRIVE.fullmatch(rest[2:])):
        host, slash, path = rest[2:].partition("/")
        rest = slash + path
    if host.lower() == "localhost":
        host = ""
    if windows:
        drive = _DRIVE.fullmatch(rest.removeprefix("//"))
        path = drive[1] if drive and not host else rest
        return (f"//{host}{path}" if host else path).replace("/", "\\")
    if host:
        raise UsageError(
            f"{text} is a file of another machine.", "Name a file of this one by its path."
        )
    return rest


def explain_escapes(path: str) -> str:
    r"""Return how to write a path in TOML, if it holds what only an escape makes; else nothing.

    In the double quotes of TOML, `C:\temp\new` holds a tab and a new line.
    """
    if _ESCAPED.isdisjoint(path):
        return ""
    return r"In TOML, put a path with backslashes into single quotes: 'C:\keys\rsa.p8'."
