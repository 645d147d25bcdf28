"""A call ahead of its result: it ends with its run, and with what needed it."""

from __future__ import annotations

import threading

import pytest

from core.errors import CancelledError, TemporaryError
from core.runtime.background import Ahead
from core.runtime.cancel import NEVER, Cancel
from tests.support.waiting import PATIENCE


def test_the_result() -> None:
    with Ahead(lambda _: 7, NEVER) as ahead:
        assert ahead.result() == 7
        assert ahead.result() == 7


def test_its_error() -> None:
    def fail(_: Cancel) -> None:
        raise TemporaryError("No answer.")

    with Ahead(fail, NEVER) as ahead, pytest.raises(TemporaryError, match="No answer"):
        ahead.result()


@pytest.mark.parametrize("by", ["the run", "close"])
def test_a_call_ends(by: str) -> None:
    run, began, ended = (threading.Event() for _ in range(3))

    def call(cancel: Cancel) -> None:
        began.set()
        assert cancel.wait()
        assert cancel.is_set()
        ended.set()

    ahead = Ahead(call, run)
    assert began.wait(PATIENCE)
    if by == "close":
        ahead.close()
    else:
        run.set()
        with pytest.raises(CancelledError):
            ahead.result()
    assert ended.wait(PATIENCE)


def test_a_wait_without_a_cancellation() -> None:
    with Ahead(lambda cancel: (cancel.wait(0.0), cancel.wait(0.01), cancel.is_set()), NEVER) as one:
        assert one.result() == (False, False, False)
