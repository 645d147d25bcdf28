"""The retry policy of all network requests: how often and how long a request is repeated.

Back-off is exponential with full jitter, so that clients of an overloaded service do not retry
simultaneously
(https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/). Time is monotonic:
setting the clock or suspending the machine does not end a wait early.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from core.errors import CancelledError, TemporaryError
from core.events import Recovered, Retrying
from core.runtime.cancel import Cancel
from core.runtime.deadline import Deadline

T = TypeVar("T")

DEFAULT_MAX_TIME = 600.0  # seconds
_MOST_DOUBLINGS = 30


def as_temporary(error: Exception) -> TemporaryError | None:
    """Return the error if the same request may succeed within minutes; else None."""
    return error if isinstance(error, TemporaryError) and error.again else None


@dataclass(frozen=True)
class Retry:
    """A retry policy.

    Attributes:
        attempts: the most attempts at one request, including the first.
        first: the longest pause after the first failure, in seconds; it doubles from then on.
        longest: the longest pause, in seconds, unless the service asks for a longer one.
        max_time: seconds after the first failure of a request in which an attempt may begin; 0 for
            no retries. It applies to each request; each attempt has its own time limit.
        patience: time limit in seconds for requests without another limit, in addition to the time
            that their bytes need.
        on_event: called for each retry and when one has succeeded, in the thread of the request.
        clock: returns the monotonic time in seconds.
    """

    attempts: int = 8
    first: float = 0.5
    longest: float = 60.0
    max_time: float = DEFAULT_MAX_TIME
    patience: float = 30.0
    on_event: Callable[[Retrying | Recovered], None] = lambda _: None
    clock: Callable[[], float] = time.monotonic

    def tries(
        self,
        what: str,
        cancel: Cancel,
        again: Callable[[Exception], TemporaryError | None] = as_temporary,
    ) -> Tries:
        """Return an object that makes the attempts at one request.

        Args:
            what: the request as a phrase for messages, such as `part 3`.
            cancel: ends a pause and the attempts.
            again: returns the reason to retry after an error; None for no retry.
        """
        return Tries(self, what, cancel, again)

    def pause(self, failed: int, asked: float) -> float:
        """Return the seconds to wait after `failed` failures; at least `asked`, by the service."""
        most = min(self.longest, self.first * 2 ** min(failed - 1, _MOST_DOUBLINGS))
        return max(random.uniform(0, most), asked)  # noqa: S311 - jitter


# For requests during which a user waits.
QUICK = Retry(attempts=3)


class Tries:
    """The attempts at one request, until it succeeds or no retry is allowed; used once.

    Attributes:
        failed: the number of failed attempts.
    """

    def __init__(
        self,
        policy: Retry,
        what: str,
        cancel: Cancel,
        again: Callable[[Exception], TemporaryError | None],
    ) -> None:
        self.failed = 0
        self._policy, self._what, self._cancel, self._again = policy, what, cancel, again
        self._deadline: Deadline | None = None  # from the first failure on

    def call(self, work: Callable[[], T]) -> T:
        """Call `work`, repeatedly while retries are allowed.

        Returns:
            The result of `work`.

        Raises:
            CancelledError: `cancel` was set during a pause.
            Exception: the last error of `work`.
        """
        while True:
            try:
                result = work()
            except Exception as error:
                pause = self._plan_next(error)
                if pause is None:
                    raise
                if self._cancel.wait(pause):
                    raise CancelledError from error
            else:
                if self.failed:
                    self._policy.on_event(Recovered(self._what))
                return result

    def _plan_next(self, error: Exception) -> float | None:
        """Return the seconds until the next attempt; None if there is no retry."""
        policy, reason = self._policy, self._again(error)
        self.failed += 1
        if reason is None or self.failed >= policy.attempts:
            return None
        if self._deadline is None:
            self._deadline = Deadline(policy.max_time, policy.clock)
        left = self._deadline.left
        if left <= 0 or reason.retry_after > left:
            return None
        pause = min(policy.pause(self.failed, reason.retry_after), left)
        policy.on_event(Retrying(self._what, self.failed + 1, policy.attempts, reason.why, pause))
        return pause
