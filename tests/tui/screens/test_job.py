"""The thread of a run: its screen learns of every end, and of a cancellation at once."""

from __future__ import annotations

import queue
import threading
from typing import Any

import pytest
from textual.message import Message

from core import facade
from core.errors import SourceDataError
from core.request.request import Request
from tests.support.waiting import PATIENCE
from tui.screens.run.job import Ended, Job

REQUEST = Request.of(table="T", bucket="partner-inbox")


def end_of(monkeypatch: pytest.MonkeyPatch, run: Any) -> Ended:
    """What a job posts last whose transfer is `run`."""
    posted: queue.Queue[Message] = queue.Queue()
    monkeypatch.setattr(facade, "run_recorded", run)
    job = Job(REQUEST, posted.put, demo=False)
    ended = posted.get(timeout=PATIENCE)
    job._thread.join(PATIENCE)
    assert not job.running
    assert isinstance(ended, Ended)
    assert posted.empty()
    return ended


@pytest.mark.parametrize(
    "error", [SourceDataError("No."), ZeroDivisionError(), KeyboardInterrupt(), SystemExit(1)]
)
def test_an_error_of_any_kind_ends_the_run(
    monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    ended = end_of(monkeypatch, fail)
    assert (ended.outcome, ended.error) == (None, error)


def test_an_outcome_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = object()
    ended = end_of(monkeypatch, lambda *_, **__: outcome)
    assert (ended.outcome, ended.error) == (outcome, None)


def test_a_stop_reaches_the_transfer(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = threading.Event()

    def work(*_: Any, cancel: threading.Event, **__: Any) -> None:
        assert cancel.wait(PATIENCE)
        stopped.set()

    monkeypatch.setattr(facade, "run_recorded", work)
    job = Job(REQUEST, lambda _: None, demo=False)
    assert (job.running, job.stopping) == (True, False)
    job.stop()
    assert job.stopping
    assert stopped.wait(PATIENCE)
