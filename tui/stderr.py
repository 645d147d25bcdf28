"""Keeps what libraries write to the terminal by themselves away from the app's screen.

Snowflake's connector is native code: its prompts of a sign-in go to descriptor 2, where Textual
paints. They are read from there, and told by the app.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def diverted(tell: Callable[[str], object]) -> Iterator[None]:
    """Give Textual the terminal behind a descriptor of its own, and `tell` each line written to 2.

    Args:
        tell: takes the lines, in a thread of its own.
    """
    terminal, usual = os.dup(2), (sys.__stderr__, sys.stderr)
    reading, writing = os.pipe()
    os.dup2(writing, 2)
    os.close(writing)
    threading.Thread(target=_read, args=(reading, tell), name="stderr", daemon=True).start()
    with os.fdopen(terminal, "w", encoding="utf-8", errors="replace") as screen:
        # Textual's driver writes to the one, and its last words to the other.
        sys.__stderr__ = sys.stderr = screen  # type: ignore[misc]
        try:
            yield
        finally:
            sys.__stderr__, sys.stderr = usual  # type: ignore[misc]
            screen.flush()
            os.dup2(terminal, 2)


def _read(descriptor: int, tell: Callable[[str], object]) -> None:
    with os.fdopen(descriptor, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            tell(line.strip())
