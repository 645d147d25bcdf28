"""Prints each cause of an error at most once a minute, with a count of its repetitions.

Any client that can connect can cause errors without limit, so one line for each could fill the
terminal and the disk to which it is redirected. A cause never holds text of a client.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

_QUIET_SECONDS: Final = 60.0  # between two lines of the same cause
_MOST: Final = 100  # causes that are counted separately; the rest are counted as one


class Causes:
    """Prints the causes of refusals and failures.

    Args:
        show: prints one line.
    """

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._seen: dict[str, _Seen] = {}

    def note(self, cause: str) -> None:
        """Print `cause`, or count it if it was printed in the last minute."""
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
        """Print the causes that were repeated since their last line, with their counts."""
        for cause, seen in self._seen.items():
            if seen.silent:
                self._print(cause, seen)

    def on_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Handle an exception of an event loop: print its class without a traceback."""
        error = context.get("exception")
        self.note(f"Unexpected error in the server: {type(error).__name__}.")

    def make_handler(self) -> logging.Handler:
        """Return a handler of log records that prints messages without their arguments."""
        return _Handler(self)

    def _print(self, cause: str, seen: _Seen) -> None:
        again = f" ({seen.silent:,} more times)" if seen.silent else ""
        seen.silent = 0
        self._show(cause + again)


@dataclass
class _Seen:
    """How often a cause was not printed, and when it can be printed again."""

    due: float
    silent: int = 0


class _Handler(logging.Handler):
    def __init__(self, causes: Causes) -> None:
        super().__init__(logging.WARNING)
        self._causes = causes

    def emit(self, record: logging.LogRecord) -> None:
        # The arguments may hold text of a client, and so may a message without arguments.
        text = record.msg if record.args else record.levelname.lower()
        self._causes.note(f"{record.name}: {text}")
