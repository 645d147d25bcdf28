"""Lanes: one thread, the most urgent job first, of each kind the newest, never waited for."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator

import pytest
from textual.message import Message

from core.errors import CancelledError, UsageError
from tests.support.waiting import AT_ONCE
from tui.workbench.background.lane import JobFailed, Lane, Slot, Work

SECONDS = 60


class Told(Message):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class Gate:
    """A job that waits in the middle until it is let go on, or cancelled."""

    def __init__(self, *texts: str) -> None:
        self.texts = texts
        self.begun, self.open = threading.Event(), threading.Event()
        self.cancel: threading.Event | None = None

    def __call__(self, cancel: threading.Event) -> Iterator[Message]:
        self.cancel = cancel
        self.begun.set()
        assert self.open.wait(SECONDS)
        for text in self.texts:
            yield Told(text)


def saying(*texts: str) -> Work:
    def work(cancel: threading.Event) -> Iterator[Message]:
        for text in texts:
            yield Told(text)

    return work


@pytest.fixture
def told() -> queue.Queue[Message]:
    return queue.Queue()


@pytest.fixture
def lane(told: queue.Queue[Message]) -> Iterator[Lane]:
    lane = Lane("test", told.put)
    yield lane
    lane.close()


def texts(told: queue.Queue[Message], count: int) -> list[str]:
    found = [told.get(timeout=SECONDS) for _ in range(count)]
    return [message.text for message in found if isinstance(message, Told)]


def test_messages_come_in_order(lane: Lane, told: queue.Queue[Message]) -> None:
    lane.put(Slot.LOOK, saying("a", "b", "c"))
    assert texts(told, 3) == ["a", "b", "c"]


def test_the_newest_of_a_kind_wins(lane: Lane, told: queue.Queue[Message]) -> None:
    first = Gate("old")
    lane.put(Slot.PREVIEW, first)
    assert first.begun.wait(SECONDS)
    lane.put(Slot.PREVIEW, saying("never begun"))
    lane.put(Slot.PREVIEW, saying("new"))
    assert first.cancel is not None
    assert first.cancel.is_set()
    first.open.set()
    assert texts(told, 1) == ["new"]
    assert told.empty()


def test_an_urgent_job_goes_between_the_pages_of_a_long_one(
    lane: Lane, told: queue.Queue[Message]
) -> None:
    pages = Gate("page 1", "page 2", "page 3")
    lane.put(Slot.CATALOG, pages)
    assert pages.begun.wait(SECONDS)
    lane.put(Slot.LOOK, saying("look"))
    pages.open.set()
    assert texts(told, 4) == ["page 1", "look", "page 2", "page 3"]


def test_an_error_is_told_and_the_lane_goes_on(lane: Lane, told: queue.Queue[Message]) -> None:
    def failing(cancel: threading.Event) -> Iterator[Message]:
        yield Told("before")
        raise UsageError("no")

    lane.put(Slot.LOOK, failing)
    assert texts(told, 1) == ["before"]
    failed = told.get(timeout=SECONDS)
    assert isinstance(failed, JobFailed)
    assert (failed.slot, str(failed.error)) == (Slot.LOOK, "no")
    assert not lane.busy(Slot.LOOK)
    lane.put(Slot.LOOK, saying("again"))
    assert texts(told, 1) == ["again"]


def test_what_was_cancelled_is_silent(lane: Lane, told: queue.Queue[Message]) -> None:
    begun = threading.Event()

    def cancelled(cancel: threading.Event) -> Iterator[Message]:
        begun.set()
        assert cancel.wait(SECONDS)
        raise CancelledError
        yield Told("never")

    lane.put(Slot.PREVIEW, cancelled)
    assert begun.wait(SECONDS)
    lane.cancel(Slot.PREVIEW)
    lane.put(Slot.LOOK, saying("next"))
    assert texts(told, 1) == ["next"]


def test_closing_waits_for_nothing(told: queue.Queue[Message]) -> None:
    hung, last = Gate("late"), threading.Event()
    lane = Lane("test", told.put)
    lane.put(Slot.LOOK, hung)
    assert hung.begun.wait(SECONDS)
    began = time.monotonic()
    lane.close(last.set)
    assert time.monotonic() - began < AT_ONCE
    assert not last.is_set()
    hung.open.set()
    assert last.wait(SECONDS)
    assert told.empty()
