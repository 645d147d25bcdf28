"""What is tried again, how often and how long: the one policy of everything that asks a network.

Back-off is exponential with full jitter, so that many clients of an overloaded service part
(https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/). Time is monotonic: a
clock that is set, or a machine that sleeps, ends no wait early.
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


def temporary(error: Exception) -> TemporaryError | None:
    """The error itself if the same request may succeed within minutes, else None."""
    return error if isinstance(error, TemporaryError) and error.again else None


@dataclass(frozen=True)
class Retry:
    """How patient a run is with a network.

    Attributes:
        attempts: how often one request is tried, the first time included.
        first: the longest pause after the first failure, in seconds; it doubles from then on.
        longest: the longest pause, in seconds, unless the service asks for a longer one.
        max_time: seconds after its first failure in which a try of a request may begin; 0 for
            never again. Each request has its own, and each try its own time limit.
        patience: seconds a request may take whose connector sets no limit of its own, besides the
            time that its bytes need.
        tell: told of every new try, and when one has helped; from whatever thread asks.
        clock: the monotonic time, in seconds.
    """

    attempts: int = 8
    first: float = 0.5
    longest: float = 60.0
    max_time: float = DEFAULT_MAX_TIME
    patience: float = 30.0
    tell: Callable[[Retrying | Recovered], None] = lambda _: None
    clock: Callable[[], float] = time.monotonic

    def tries(
        self,
        what: str,
        cancel: Cancel,
        again: Callable[[Exception], TemporaryError | None] = temporary,
    ) -> Tries:
        """The tries of one request.

        Args:
            what: is asked for, such as `part 3`.
            cancel: ends a pause, and with it the tries.
            again: why a failure is worth another try; None if it is not.
        """
        return Tries(self, what, cancel, again)

    def pause(self, failed: int, asked: float) -> float:
        """Seconds to wait after so many failures, at least as long as the service has asked."""
        most = min(self.longest, self.first * 2 ** min(failed - 1, _MOST_DOUBLINGS))
        return max(random.uniform(0, most), asked)  # noqa: S311 - jitter


# While a person waits for the answer.
QUICK = Retry(attempts=3)


class Tries:
    """One request, tried until it succeeds or cannot any more; used once.

    Attributes:
        failed: how many tries have failed.
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
        """Do `work`, again while that may help.

        Raises:
            CancelledError: `cancel` was set in a pause.
            Exception: the last failure, as `work` raised it.
        """
        while True:
            try:
                result = work()
            except Exception as error:
                pause = self._next(error)
                if pause is None:
                    raise
                if self._cancel.wait(pause):
                    raise CancelledError from error
            else:
                if self.failed:
                    self._policy.tell(Recovered(self._what))
                return result

    def _next(self, error: Exception) -> float | None:
        """Seconds until the next try; None if there is none."""
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
        policy.tell(Retrying(self._what, self.failed + 1, policy.attempts, reason.why, pause))
        return pause
