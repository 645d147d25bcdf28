"""Cancels that set themselves."""

from __future__ import annotations

import time
from collections.abc import Callable

_TURN = 0.01  # seconds


class When:
    """A Cancel that is set while a condition holds."""

    def __init__(self, condition: Callable[[], object]) -> None:
        self._condition = condition

    def is_set(self) -> bool:
        """Whether it holds."""
        return bool(self._condition())

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it holds, up to `timeout` seconds."""
        end = None if timeout is None else time.monotonic() + timeout
        while not self.is_set() and (end is None or time.monotonic() < end):
            time.sleep(_TURN)
        return self.is_set()
