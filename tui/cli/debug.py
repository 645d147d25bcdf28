"""AMPLIFY_DEBUG=1: lets messages of libraries through to stderr, with their secrets redacted.

They are escaped as all text for a terminal is, except for line breaks: what libraries write in
several lines stays readable.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from core.facade import escape_hidden, redaction

_CHUNK: Final = 64 * 1024  # bytes read at once
_LONGEST: Final = 1024 * 1024  # bytes of a line; a longer one is shown in pieces
_PATIENCE: Final = 2.0  # seconds to wait if a child process keeps stderr open


@contextmanager
def redact_stderr() -> Iterator[None]:
    """Redact and escape every line that this process and its children write to stderr.

    Descriptor 2 becomes a pipe, whose lines a thread copies to the original stderr. So stderr is
    not a terminal meanwhile, and progress is shown in lines.
    """
    redaction.watch()
    try:
        terminal = os.dup(2)
    except OSError:  # closed before the start (`2>&-`)
        yield
        return
    reading, writing = os.pipe()
    os.dup2(writing, 2)
    os.close(writing)
    copying = threading.Thread(
        target=_copy, args=(reading, terminal), name="redaction", daemon=True
    )
    copying.start()
    try:
        yield
    finally:
        with suppress(OSError, ValueError, AttributeError):  # closed, or closed before the start
            sys.stderr.flush()
        os.dup2(terminal, 2)  # closes the pipe
        copying.join(_PATIENCE)


def _copy(source: int, target: int) -> None:
    """Copy lines until the end; go on reading if the target is closed, so that no writer blocks."""
    rest = b""
    while chunk := os.read(source, _CHUNK):
        lines = (rest + chunk).splitlines(keepends=True)
        whole = lines[-1].endswith((b"\n", b"\r")) or len(lines[-1]) > _LONGEST
        rest = b"" if whole else lines.pop()
        _write(target, b"".join(lines))
    _write(target, rest)
    os.close(source)


def _write(target: int, data: bytes) -> None:
    text = redaction.redact(data.decode("utf-8", "backslashreplace"))
    left = "\n".join(map(escape_hidden, text.split("\n"))).encode()
    with suppress(OSError):
        while left:
            left = left[os.write(target, left) :]
