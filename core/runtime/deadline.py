"""A point in time at which waiting ends."""

from __future__ import annotations

import time
from collections.abc import Callable


class Deadline:
    """A number of seconds from now; a `core.runtime.cancel.Cancel` that sets itself.

    Time is monotonic: a clock that is set, or a machine that sleeps, ends no wait early.

    Args:
        seconds: from now; 0 has passed already.
        clock: the monotonic time, in seconds.

    Example:
        `Waiter(Deadline(30.0)).call(work)` raises CancelledError after 30 seconds.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    @property
    def left(self) -> float:
        """Seconds until then; 0 once it has passed."""
        return max(self._end - self._clock(), 0.0)

    def is_set(self) -> bool:
        """Whether it has passed."""
        return self._clock() >= self._end

    def wait(self, timeout: float | None = None) -> bool:
        """Wait up to `timeout` seconds for it to pass; returns `is_set()`."""
        time.sleep(self.left if timeout is None else min(timeout, self.left))
        return self.is_set()

    def advance(self, seconds: float) -> None:
        """Let it pass within `seconds` from now, unless it does so earlier anyway."""
        self._end = min(self._end, self._clock() + seconds)
