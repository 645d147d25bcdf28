"""A thread that works for the screen, one job at a time: of each kind, only the newest counts.

A Snowflake session serves one statement at a time, so it has one such lane. The thread is a
daemon: a call that hangs never keeps the program from ending.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntEnum

from textual.message import Message

from core import CancelledError


class Slot(IntEnum):
    """The kinds of jobs, the most urgent first."""

    OPEN = 0
    LOOK = 1
    PLAN = 2
    PREVIEW = 3
    CATALOG = 4
    BUCKET = 5
    PRESENCE = 6


class JobFailed(Message):
    """A job ended with an error; it was not cancelled."""

    def __init__(self, slot: Slot, error: Exception) -> None:
        super().__init__()
        self.slot, self.error = slot, error


Work = Callable[[threading.Event], Iterator[Message]]


@dataclass
class _Job:
    work: Work
    cancel: threading.Event = field(default_factory=threading.Event)
    steps: Iterator[Message] | None = None

    def step(self) -> Message | None:
        """Do the next stretch; None at the end."""
        if self.steps is None:
            self.steps = self.work(self.cancel)
        return next(self.steps, None)


class Lane:
    """Jobs for one thread.

    A job yields messages; between two of them, a more urgent job may go first.

    Args:
        name: of the thread.
        post: takes the messages, from this thread (`post_message` of a widget).
    """

    def __init__(self, name: str, post: Callable[[Message], object]) -> None:
        self._post = post
        self._jobs: dict[Slot, _Job] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._last: Callable[[], object] | None = None
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def put(self, slot: Slot, work: Work) -> None:
        """Have `work` done; the one before it in `slot` is cancelled."""
        with self._changed:
            if slot in self._jobs:
                self._jobs[slot].cancel.set()
            self._jobs[slot] = _Job(work)
            self._changed.notify()

    def cancel(self, slot: Slot) -> None:
        """Drop the job in `slot`, if there is one."""
        with self._changed:
            job = self._jobs.pop(slot, None)
            if job:
                job.cancel.set()

    def close(self, last: Callable[[], object] | None = None) -> None:
        """Cancel everything; the thread ends when its call returns, after doing `last`."""
        with self._changed:
            self._closed, self._last = True, last
            for job in self._jobs.values():
                job.cancel.set()
            self._jobs.clear()
            self._changed.notify()

    def busy(self, slot: Slot) -> bool:
        """Whether a job is waiting or being done in `slot`."""
        with self._changed:
            return slot in self._jobs

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._jobs or self._closed)
                if self._closed:
                    break
                slot = min(self._jobs)
                job = self._jobs[slot]
            message = self._step(slot, job)
            if message is None:
                self._finish(slot, job)
            if message is not None and not job.cancel.is_set():
                self._post(message)
        if self._last:
            with suppress(Exception):  # nobody is left to be told
                self._last()

    def _step(self, slot: Slot, job: _Job) -> Message | None:
        try:
            return job.step()
        except CancelledError:
            return None
        except Exception as error:
            self._finish(slot, job)
            if not job.cancel.is_set():
                self._post(JobFailed(slot, error))
            return None

    def _finish(self, slot: Slot, job: _Job) -> None:
        with self._changed:
            if self._jobs.get(slot) is job:
                del self._jobs[slot]
