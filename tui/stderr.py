"""Keeps text that libraries write to stderr apart from the program's own lines.

Snowflake's connector is native code: it prints the prompts of a sign-in to descriptor 2, where
Textual draws and `--batch` shows progress, and they hold addresses as the server sent them.
Descriptor 2 is therefore a pipe; its lines are shown by the app or by `tui.cli.console`, which
escape them.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, TextIO

_CHUNK: Final = 64 * 1024  # bytes read at once, and of a line; a longer one is shown in pieces
_PATIENCE: Final = 0.5  # seconds at the end, if a process that a library started keeps stderr open


@contextmanager
def divert_stderr(show: Callable[[str], object]) -> Iterator[None]:
    """Call `show` for each line written to descriptor 2, and let Textual draw on a copy of it.

    Args:
        show: is called with each line, in a separate thread.
    """
    usual = sys.__stderr__, sys.stderr
    with os.fdopen(os.dup(2), "w", encoding="utf-8", errors="replace") as screen, read_lines(show):
        # Textual's driver writes to the first, and what it prints on exit to the second.
        sys.__stderr__ = sys.stderr = screen  # type: ignore[misc]
        try:
            yield
        finally:
            sys.__stderr__, sys.stderr = usual  # type: ignore[misc]
            screen.flush()


@contextmanager
def separate_stderr(show: Callable[[str], object]) -> Iterator[TextIO | None]:
    """Yield a stream to the present stderr, and call `show` for each line written to descriptor 2.

    Where stderr is closed or not descriptor 2, it is `sys.stderr`, and `show` is never called.

    Args:
        show: is called with each line, in a separate thread.
    """
    usual = sys.stderr
    if not _is_descriptor_2(usual):
        yield usual
        return
    stream = os.fdopen(os.dup(2), "w", encoding=usual.encoding, errors=usual.errors, closefd=False)
    try:
        with read_lines(show):
            yield stream
    finally:
        with suppress(OSError, ValueError):  # nobody reads it any more
            stream.flush()
        os.close(stream.fileno())


@contextmanager
def read_lines(show: Callable[[str], object]) -> Iterator[None]:
    """Call `show` for every line written to descriptor 2, by native code and other processes too.

    Args:
        show: is called with each line, in a separate thread, in the order of writing.
    """
    before = os.dup(2)
    reading, writing = os.pipe()
    os.dup2(writing, 2)
    os.close(writing)
    copying = threading.Thread(target=_read, args=(reading, show), name="stderr", daemon=True)
    copying.start()
    try:
        yield
    finally:
        with suppress(OSError, ValueError, AttributeError):  # closed, or never there
            sys.stderr.flush()
        os.dup2(before, 2)  # ends the pipe
        os.close(before)
        copying.join(_PATIENCE)


def _read(descriptor: int, show: Callable[[str], object]) -> None:
    """Show lines until the pipe ends; the last one may lack its line break."""
    rest = b""
    while chunk := os.read(descriptor, _CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > _CHUNK:
            lines, rest = [*lines, rest], b""
        for line in lines:
            show(line.decode("utf-8", "replace").strip())
    if rest:
        show(rest.decode("utf-8", "replace").strip())
    os.close(descriptor)


def _is_descriptor_2(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.fileno() == 2
    except (OSError, ValueError):  # it has none, or is closed
        return False
