"""The policy of retries: how often, how long, and never for what cannot succeed."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import CancelledError, DestinationError, TemporaryError
from core.events import Recovered, Retrying
from core.runtime.background import run_within
from core.runtime.cancel import NEVER
from core.runtime.retry import Retry
from tests.support.waiting import AT_ONCE

SLOW_DOWN = TemporaryError("S3 is busy.", why="503 SlowDown", again=True)


class Clockwork:
    """A service that fails so many times, each failure taking some time, on a clock of its own."""

    def __init__(self, failures: int, error: Exception = SLOW_DOWN, seconds: float = 0.0) -> None:
        self.now = 1000.0
        self.asked = 0
        self.events: list[Retrying | Recovered] = []
        self.pauses: list[float] = []
        self._failures, self._error, self._seconds = failures, error, seconds

    def is_set(self) -> bool:
        return False

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.pauses.append(timeout)
        self.now += timeout
        return False

    def work(self) -> str:
        self.asked += 1
        self.now += self._seconds
        if self.asked <= self._failures:
            raise self._error
        return "done"

    def ask(self, policy: Retry) -> str:
        timed = replace(policy, on_event=self.events.append, clock=lambda: self.now)
        return timed.tries("Part 3", self).call(self.work)


policies = st.builds(
    Retry,
    attempts=st.integers(1, 60),
    first=st.floats(0.01, 10),
    longest=st.floats(0.01, 100),
    max_time=st.floats(0, 10_000),
)


@given(policies, st.floats(0, 1000))
def test_a_lasting_failure_ends_in_time(policy: Retry, seconds: float) -> None:
    service = Clockwork(10**6, seconds=seconds)
    with pytest.raises(TemporaryError, match="S3 is busy"):
        service.ask(policy)
    assert service.asked <= policy.attempts
    # Nothing is begun after the time is up, counted from the first failure.
    assert service.now - 1000 <= policy.max_time + 2 * seconds + 1e-6
    for number, pause in enumerate(service.pauses):
        assert 0 <= pause <= min(policy.longest, policy.first * 2**number)
    told = [(each.attempt, each.pause) for each in service.events if isinstance(each, Retrying)]
    assert told == list(enumerate(service.pauses, start=2))


def test_the_pauses_are_spread_over_all_of_their_range() -> None:
    """Full jitter: clients that failed together must not come back together."""
    shares = []
    for _ in range(300):
        service = Clockwork(1)
        service.ask(Retry(first=1.0))
        shares += service.pauses
    assert min(shares) < 0.2
    assert max(shares) > 0.8


def test_what_helped_is_told() -> None:
    service = Clockwork(2)
    assert service.ask(Retry()) == "done"
    *tries, end = service.events
    assert [str(each).partition(" in ")[0] for each in tries] == [
        "Part 3: retrying 2/8: 503 SlowDown",
        "Part 3: retrying 3/8: 503 SlowDown",
    ]
    assert end == Recovered("Part 3")


@given(st.floats(0, 600))
def test_the_service_is_given_the_time_that_it_asks_for(asked: float) -> None:
    service = Clockwork(1, TemporaryError("busy", again=True, retry_after=asked))
    service.ask(Retry())
    assert asked <= service.pauses[0] <= max(asked, 0.5)


def test_a_service_that_asks_for_too_long_is_not_waited_for() -> None:
    service = Clockwork(1, TemporaryError("busy", again=True, retry_after=601))
    with pytest.raises(TemporaryError):
        service.ask(Retry())
    assert (service.asked, service.pauses) == (1, [])


@pytest.mark.parametrize(
    ("error", "policy"),
    [
        (DestinationError("denied"), Retry()),
        (TemporaryError("The statement was cancelled at the warehouse."), Retry()),
        (SLOW_DOWN, Retry(max_time=0)),
        (SLOW_DOWN, Retry(attempts=1)),
    ],
)
def test_is_not_tried_again(error: Exception, policy: Retry) -> None:
    service = Clockwork(10, error)
    with pytest.raises(type(error)):
        service.ask(policy)
    assert (service.asked, service.events) == (1, [])


def test_a_pause_ends_at_once_when_the_run_is_cancelled() -> None:
    cancel = threading.Event()

    def fail() -> None:
        raise TemporaryError("busy", again=True, retry_after=500)

    policy = Retry(on_event=lambda _: threading.Timer(0.02, cancel.set).start())
    began = time.monotonic()
    with pytest.raises(CancelledError):
        policy.tries("it", cancel).call(fail)
    assert time.monotonic() - began < AT_ONCE


def test_what_takes_too_long_is_left_to_itself() -> None:
    release = threading.Event()
    try:
        with pytest.raises(TemporaryError, match="no answer") as caught:
            run_within(0.01, NEVER, release.wait)
        assert caught.value.again
    finally:
        release.set()
