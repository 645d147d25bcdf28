"""Keeps what libraries write to the terminal by themselves away from our own lines.

Snowflake's connector is native code: its prompts of a sign-in go to descriptor 2, where Textual
paints and `--batch` shows its progress, and hold addresses as the server gave them. They are read
from there line by line, and shown by the app or by `tui.cli.console`, which escape them.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, TextIO

_CHUNK: Final = 64 * 1024  # bytes read at once, and of a line; a longer one is told in pieces
_PATIENCE: Final = 0.5  # seconds at the end, if a process that a library started keeps stderr open


@contextmanager
def divert_stderr(tell: Callable[[str], object]) -> Iterator[None]:
    """Give Textual the terminal behind a descriptor of its own, and `tell` each line written to 2.

    Args:
        tell: takes the lines, in a thread of its own.
    """
    usual = sys.__stderr__, sys.stderr
    with os.fdopen(os.dup(2), "w", encoding="utf-8", errors="replace") as screen, lines_of_2(tell):
        # Textual's driver writes to the one, and its last words to the other.
        sys.__stderr__ = sys.stderr = screen  # type: ignore[misc]
        try:
            yield
        finally:
            sys.__stderr__, sys.stderr = usual  # type: ignore[misc]
            screen.flush()


@contextmanager
def apart(tell: Callable[[str], object]) -> Iterator[TextIO | None]:
    """Yield a stream to where stderr leads, and `tell` each line that is written to it otherwise.

    Where stderr is closed or not descriptor 2, that is `sys.stderr`, and nothing is told.

    Args:
        tell: takes the lines, in a thread of its own.
    """
    usual = sys.stderr
    if not _is_descriptor_2(usual):
        yield usual
        return
    stream = os.fdopen(os.dup(2), "w", encoding=usual.encoding, errors=usual.errors, closefd=False)
    try:
        with lines_of_2(tell):
            yield stream
    finally:
        with suppress(OSError, ValueError):  # nobody reads it any more
            stream.flush()
        os.close(stream.fileno())


@contextmanager
def lines_of_2(tell: Callable[[str], object]) -> Iterator[None]:
    """Have every line that is written to descriptor 2 told, by native code and other processes too.

    Args:
        tell: takes the lines, in a thread of its own, in the order in which they are written.
    """
    before = os.dup(2)
    reading, writing = os.pipe()
    os.dup2(writing, 2)
    os.close(writing)
    copying = threading.Thread(target=_read, args=(reading, tell), name="stderr", daemon=True)
    copying.start()
    try:
        yield
    finally:
        with suppress(OSError, ValueError, AttributeError):  # closed, or never there
            sys.stderr.flush()
        os.dup2(before, 2)  # ends the pipe
        os.close(before)
        copying.join(_PATIENCE)


def _read(descriptor: int, tell: Callable[[str], object]) -> None:
    """Tell lines until there are no more; the last one may lack its end."""
    rest = b""
    while chunk := os.read(descriptor, _CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > _CHUNK:
            lines, rest = [*lines, rest], b""
        for line in lines:
            tell(line.decode("utf-8", "replace").strip())
    if rest:
        tell(rest.decode("utf-8", "replace").strip())
    os.close(descriptor)


def _is_descriptor_2(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.fileno() == 2
    except (OSError, ValueError):  # it has none, or is closed
        return False
