"""Signals end a run, not the process: the work is asked to stop and gets a moment to clean up."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Final, Generic, Self, TypeVar

Result = TypeVar("Result")

GRACE_SECONDS: Final = 1.2  # to abort query and upload: the promise is to be gone within 2
TRANSFER: Final = "transfer"  # the name of the threads that do the work
_POLL_SECONDS: Final = 0.1
_SIGNALS: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


class Stopped(BaseException):
    """A signal came and nothing is left to wait for; not an error, so no `except` catches it."""


class Stop:
    """Turns SIGINT, SIGTERM and SIGHUP into a wish to stop, while it is entered.

    The work runs in a thread of its own, because the connector's calls hold up a signal that
    comes to their thread until they return. A signal before the work raises `Stopped` where it
    comes, one after the work is kept in mind only. A second Ctrl-C ends the process at once.

    Args:
        on_stopping: called when the wish to stop has come and the work is waited for.
        last_resort: what must be cleaned up if the work cannot do it itself any more.

    Attributes:
        cancel: set by the first signal.
        signal: the number of the first signal; None as long as there was none.
    """

    def __init__(self, *, on_stopping: Callable[[], None], last_resort: Callable[[], None]) -> None:
        self.cancel = threading.Event()
        self.signal: int | None = None
        self._on_stopping = on_stopping
        self._last_resort = last_resort
        self._before_work = True
        self._previous: dict[int, Any] = {}

    @property
    def exit_code(self) -> int:
        """What a process that this signal ended exits with: 128 and the number, as shells say."""
        return 128 + (self.signal or 0)

    def __enter__(self) -> Self:
        for number in signals():
            self._previous[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def run(self, work: Callable[[], Result]) -> Result:
        """Do `work` in a thread, and wait for it; after a signal, no longer than the grace.

        Returns:
            What `work` returns, even if a signal came meanwhile: then it was too late to stop.

        Raises:
            Stopped: a signal came and the work did not end in time.
            BaseException: whatever `work` raises.
        """
        thread = _Thread(work)
        self._before_work = False
        thread.start()
        while thread.is_alive() and self.signal is None:
            thread.join(_POLL_SECONDS)
        if thread.is_alive():
            self._on_stopping()
            thread.join(GRACE_SECONDS)
        if thread.is_alive():
            self._last_resort()
            raise Stopped
        return thread.outcome()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.signal is not None:
            if number == signal.SIGINT:
                self._last_resort()
                os._exit(self.exit_code)
            return
        self.signal = number
        self.cancel.set()
        if self._before_work:
            raise Stopped


@contextmanager
def leaving(end: Callable[[], object], last_resort: Callable[[], None]) -> Iterator[list[int]]:
    """Have SIGINT, SIGTERM and SIGHUP (a terminal that was closed) end the app, while entered.

    The block is given a moment to end, with what runs in it; then the process is ended.

    Args:
        end: stops the work and makes the block end; called in a thread of its own.
        last_resort: what must be cleaned up if the work does not do it in time.

    Yields:
        The number of the signal, once it has come.
    """
    came: list[int] = []
    ended = threading.Event()

    def leave() -> None:
        try:
            end()
        finally:
            if not ended.wait(GRACE_SECONDS):
                last_resort()
                os._exit(128 + came[0])

    def on_signal(number: int, frame: FrameType | None) -> None:
        if not came:
            came.append(number)
            # From here an event loop that sleeps would not be woken.
            threading.Thread(target=leave, name="leave", daemon=True).start()

    previous = {number: signal.signal(number, on_signal) for number in signals()}
    try:
        yield came
    finally:
        if came:
            _settle(last_resort)
        ended.set()
        for number, handler in previous.items():
            signal.signal(number, handler)


def _settle(last_resort: Callable[[], None]) -> None:
    """Wait for the transfers that were told to stop, as long as there is time."""
    jobs = [thread for thread in threading.enumerate() if thread.name == TRANSFER]
    for thread in jobs:
        thread.join(GRACE_SECONDS)
    if jobs:
        last_resort()


class _Thread(threading.Thread, Generic[Result]):
    """A thread that keeps what its work returned or raised."""

    def __init__(self, work: Callable[[], Result]) -> None:
        super().__init__(name=TRANSFER, daemon=True)
        self._work = work
        self._results: list[Result] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._results.append(self._work())
        except BaseException as error:
            self._error = error

    def outcome(self) -> Result:
        if self._error is not None:
            raise self._error
        return self._results[0]


def signals() -> Iterator[int]:
    """The signals that end a run."""
    for number in _SIGNALS:
        ignored = signal.getsignal(number) is signal.SIG_IGN
        if not (ignored and number == getattr(signal, "SIGHUP", None)):  # nohup asks for that
            yield number
