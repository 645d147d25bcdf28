"""One line per cause: what happens a thousand times is printed once, and then counted.

Whoever can connect can cause an error as often as they like, so a line for each would fill the
terminal and the disk behind it. A cause is text of this program only, never of the client.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

_QUIET_SECONDS: Final = 60.0  # between two lines of the same cause
_MOST: Final = 100  # causes that are remembered; the rest share one


class Causes:
    """Prints why something was refused or failed.

    Args:
        show: prints one line.
    """

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._seen: dict[str, _Seen] = {}

    def note(self, cause: str) -> None:
        """Print `cause`, unless it was printed in the last minute; then count it."""
        now = time.monotonic()
        if cause not in self._seen and len(self._seen) >= _MOST:
            cause = "Other errors."
        seen = self._seen.setdefault(cause, _Seen(now))
        if now < seen.due:
            seen.silent += 1
            return
        self._print(cause, seen)
        seen.due = now + _QUIET_SECONDS

    def close(self) -> None:
        """Print the causes that came again after their line, with their count."""
        for cause, seen in self._seen.items():
            if seen.silent:
                self._print(cause, seen)

    def on_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """An event loop's handler of exceptions: prints the kind of error without a traceback."""
        error = context.get("exception")
        self.note(f"Unexpected error in the server: {type(error).__name__}.")

    def handler(self) -> logging.Handler:
        """A handler of log records that prints the message without its arguments."""
        return _Handler(self)

    def _print(self, cause: str, seen: _Seen) -> None:
        again = f" ({seen.silent:,} more times)" if seen.silent else ""
        seen.silent = 0
        self._show(cause + again)


@dataclass
class _Seen:
    """How often a cause came without a line of its own, and when the next line is due."""

    due: float
    silent: int = 0


class _Handler(logging.Handler):
    def __init__(self, causes: Causes) -> None:
        super().__init__(logging.WARNING)
        self._causes = causes

    def emit(self, record: logging.LogRecord) -> None:
        # The arguments may hold what a client sent; so may a message that is not a template.
        text = record.msg if record.args else record.levelname.lower()
        self._causes.note(f"{record.name}: {text}")
