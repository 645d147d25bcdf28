"""Handles signals: the run is cancelled, and has a moment to clean up before the process exits."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType, TracebackType
from typing import Any, Final, Generic, NoReturn, Self, TypeVar

Result = TypeVar("Result")

GRACE_SECONDS: Final = 1.2  # to abort query and upload; the process must exit within 2 seconds
TRANSFER: Final = "transfer"  # the name of the threads that run transfers
_POLL_SECONDS: Final = 0.1
_SIGNALS: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
# It ends the app too, if another process sends it. Where the process itself calls abort(), as a
# library does whose state is broken, the C library ends it as soon as the handler in C returns, and
# Python's has not run by then (docs.python.org, "signal"): the terminal keeps its mode.
_ABORT: Final = getattr(signal, "SIGABRT", None)


class Stopped(BaseException):
    """A signal came, and the run did not end in time or had not begun.

    It is not an `Exception`, so that `except Exception` does not catch it.
    """


class Stop:
    """A context in which SIGINT, SIGTERM and SIGHUP cancel the work.

    The work runs in a separate thread, because the connector's calls delay a signal in their
    thread until they return. A signal before the work raises `Stopped`; one after the work is only
    recorded. A second Ctrl-C exits the process immediately.

    Args:
        on_stopping: is called after the first signal, before waiting for the work.
        last_resort: cleans up if the work does not end in time.

    Attributes:
        cancel: set by the first signal.
        signal: the number of the first signal; None before it.
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
        """The exit code of a process ended by this signal: 128 plus its number, as in shells."""
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
        """Call `work` in a thread and wait for it; after a signal, for `GRACE_SECONDS` at most.

        Returns:
            The result of `work`, even if a signal came too late to cancel it.

        Raises:
            Stopped: a signal came, and the work did not end in time.
            BaseException: any error that `work` raises.
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
    """Return a context in which SIGINT, SIGTERM, SIGHUP and SIGABRT exit the app.

    SIGHUP comes if the terminal is closed.

    The block has a moment to end after a signal; then the process is ended.

    Args:
        end: cancels the work and makes the block end; is called in a separate thread.
        last_resort: cleans up if the block does not end in time.

    Yields:
        A list, to which the number of the first signal is added.
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
            # A signal handler cannot wake an event loop that sleeps, so a thread calls `end`.
            threading.Thread(target=leave, name="leave", daemon=True).start()

    previous = {number: signal.signal(number, on_signal) for number in _list_leaving()}
    try:
        yield came
    finally:
        if came:
            _settle(last_resort)
        ended.set()
        for number, handler in previous.items():
            signal.signal(number, handler)


def _list_leaving() -> Iterator[int]:
    """Yield the signals that exit the app."""
    yield from signals()
    # The handler of faulthandler, which prints the stacks of all threads, could not be set back.
    if _ABORT is not None and not faulthandler.is_enabled():
        yield _ABORT


def _settle(last_resort: Callable[[], None]) -> None:
    """Wait for the cancelled transfers, for `GRACE_SECONDS` each at most."""
    jobs = [thread for thread in threading.enumerate() if thread.name == TRANSFER]
    for thread in jobs:
        thread.join(GRACE_SECONDS)
    if jobs:
        last_resort()


class _Thread(threading.Thread, Generic[Result]):
    """A thread that stores the result or the error of its work."""

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
    """Yield the signals that end a run."""
    for number in _SIGNALS:
        ignored = signal.getsignal(number) is signal.SIG_IGN
        if not (ignored and number == getattr(signal, "SIGHUP", None)):  # under nohup
            yield number


def leave(code: int) -> NoReturn:
    """Exit the process immediately with `code`.

    The normal exit of the interpreter would wait for threads that wait for a network, and takes a
    fifth of a second to unload the native libraries.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # closed, or closed before the start
            stream.flush()
    os._exit(code)
