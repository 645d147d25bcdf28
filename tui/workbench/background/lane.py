"""A thread that runs jobs for the screen, one at a time; a new job replaces one of its kind.

A Snowflake session runs one statement at a time, so one lane serves it. The thread is a daemon: a
call that hangs does not keep the process from exiting.
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
    """The kinds of jobs, in order of priority."""

    OPEN = 0
    LOOK = 1
    PLAN = 2
    PREVIEW = 3
    COLUMNS = 4
    SEARCH = 5
    CATALOG = 6
    BUCKET = 7
    PRESENCE = 8


class JobFailed(Message):
    """A job raised an error, and was not cancelled."""

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
        """Run the job up to its next message; return None at the end."""
        if self.steps is None:
            self.steps = self.work(self.cancel)
        return next(self.steps, None)


class Lane:
    """A queue of jobs for one thread.

    A job yields messages; between two of them, a job of higher priority runs first.

    Args:
        name: the name of the thread.
        post: is called with each message, in this thread (`post_message` of a widget).
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
        """Queue `work`; the job that is in `slot` is cancelled."""
        with self._changed:
            if slot in self._jobs:
                self._jobs[slot].cancel.set()
            self._jobs[slot] = _Job(work)
            self._changed.notify()

    def cancel(self, slot: Slot) -> None:
        """Cancel the job in `slot`, if there is one."""
        with self._changed:
            job = self._jobs.pop(slot, None)
            if job:
                job.cancel.set()

    def close(self, last: Callable[[], object] | None = None) -> None:
        """Cancel all jobs; the thread ends once its current call returns, after calling `last`."""
        with self._changed:
            self._closed, self._last = True, last
            for job in self._jobs.values():
                job.cancel.set()
            self._jobs.clear()
            self._changed.notify()

    def busy(self, slot: Slot) -> bool:
        """Return whether a job waits or runs in `slot`."""
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
            with suppress(Exception):  # the screen that would show it is closed
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
