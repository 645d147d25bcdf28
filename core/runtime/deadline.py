"""A point in time at which waiting ends."""

from __future__ import annotations

import time
from collections.abc import Callable


class Deadline:
    """A number of seconds from now; a `core.runtime.cancel.Cancel` that sets itself.

    Time is monotonic: setting the clock or suspending the machine does not end a wait early.

    Args:
        seconds: time from now; a deadline of 0 has already passed.
        clock: returns the monotonic time in seconds.

    Example:
        `Waiter(Deadline(30.0)).call(work)` raises CancelledError after 30 seconds.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    @property
    def left(self) -> float:
        """Seconds until the deadline; 0 once it has passed."""
        return max(self._end - self._clock(), 0.0)

    def is_set(self) -> bool:
        """Whether the deadline has passed."""
        return self._clock() >= self._end

    def wait(self, timeout: float | None = None) -> bool:
        """Wait up to `timeout` seconds for the deadline; return `is_set()`."""
        time.sleep(self.left if timeout is None else min(timeout, self.left))
        return self.is_set()

    def advance(self, seconds: float) -> None:
        """Move the deadline to `seconds` from now, unless it is earlier already."""
        self._end = min(self._end, self._clock() + seconds)
