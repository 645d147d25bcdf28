"""What ends a wait: a caller's Cancel, a deadline, or nothing."""

from __future__ import annotations

import threading
import time

import pytest

from core.errors import CancelledError
from core.runtime.background import Waiter, start
from core.runtime.cancel import NEVER, check
from core.runtime.deadline import Deadline


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_never_waits_the_whole_time() -> None:
    began = time.monotonic()
    assert not NEVER.wait(0.05)
    assert time.monotonic() - began >= 0.05
    check(NEVER)


def test_a_deadline_passes_at_its_second() -> None:
    clock = Clock()
    deadline = Deadline(5, clock)
    clock.now += 4
    assert (deadline.left, deadline.is_set()) == (1, False)
    clock.now += 1
    assert (deadline.left, deadline.is_set()) == (0, True)
    clock.now += 1
    assert (deadline.left, deadline.is_set()) == (0, True)


def test_a_deadline_only_moves_closer() -> None:
    clock = Clock()
    deadline = Deadline(5, clock)
    deadline.advance(60)
    assert deadline.left == 5
    deadline.advance(2)
    assert deadline.left == 2


def test_a_wait_ends_with_the_deadline() -> None:
    began = time.monotonic()
    assert Deadline(0.05).wait(60)
    assert Deadline(0.05).wait()
    assert not Deadline(60).wait(0.01)
    assert time.monotonic() - began < 30


def test_a_deadline_cancels_like_a_caller() -> None:
    release = threading.Event()
    try:
        with pytest.raises(CancelledError):
            Waiter(Deadline(0.05)).call(release.wait)
    finally:
        release.set()


def test_lingering_is_cut_short_by_a_cancel() -> None:
    release, cancel = threading.Event(), threading.Event()
    hanging = start(release.wait)
    try:
        threading.Timer(0.05, cancel.set).start()
        began = time.monotonic()
        assert not Waiter(cancel).linger([hanging], 600.0, 0.05, hurried=False)
        assert time.monotonic() - began < 60
    finally:
        release.set()
    assert Waiter(NEVER).linger([hanging], 60.0, 60.0, hurried=False)
