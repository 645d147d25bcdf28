"""Prints the result of a run on stdout, whatever state it is in."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.format import terminal

if TYPE_CHECKING:
    from tui.cli.console import Console


def print_lines(result: Sequence[str], console: Console) -> None:
    """Print the lines of the result on stdout, or on stderr if stdout is closed."""
    if sys.stdout is None:  # closed before the start (`>&-`)
        console.note("stdout is closed; the result is", *result)
        return
    text = terminal.lines(result)
    try:
        print(text, end="", flush=True)  # noqa: T201  what --batch is for
    except UnicodeEncodeError:  # a terminal or a locale without Unicode
        text = text.encode("ascii", "backslashreplace").decode()
        print(text, end="", flush=True)  # noqa: T201
    except OSError:
        console.note("stdout cannot be written; the result is", *result)
        _close_quietly()


def _close_quietly() -> None:
    """Make the interpreter's final flush of a broken stdout succeed (docs.python.org, SIGPIPE)."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
