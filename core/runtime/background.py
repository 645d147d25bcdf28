"""Wait for requests without ever being held up by one.

A request that hangs cannot be interrupted from outside. So each runs in a daemon thread, which may
be abandoned (concurrent.futures' own pools join their threads at exit), and the caller waits in
short turns between which it can cancel, be interrupted by a signal, and report progress.
"""

from __future__ import annotations

import concurrent.futures
import threading
import time
from collections.abc import Callable, Collection
from typing import Any, TypeVar

from core.errors import CancelledError, TemporaryError

T = TypeVar("T")
Future = concurrent.futures.Future

TURN_SECONDS = 0.1


def start(call: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
    """Run `call` in a daemon thread of its own."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, name="request", daemon=True).start()
    return future


def waiting(cancelled: Callable[[], bool]) -> Callable[[float], bool]:
    """A function that waits so many seconds, and returns whether it ended as `cancelled` did."""

    def wait(seconds: float) -> bool:
        end = time.monotonic() + seconds
        while not cancelled() and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, TURN_SECONDS))
        return cancelled()

    return wait


def within(seconds: float, cancelled: Callable[[], bool], call: Callable[[], T]) -> T:
    """Run `call` in the background, and leave it to itself if it takes too long.

    Raises:
        TemporaryError: it has taken more than so many seconds.
        CancelledError: the caller cancelled.
    """
    end = time.monotonic() + seconds
    future = start(call)

    def check() -> None:
        if time.monotonic() > end and not future.done():
            raise TemporaryError(f"There was no answer in {seconds:.0f} s.", again=True)

    return Waiter(cancelled, check).result(future)


class Waiter:
    """Waits for calls in turns of a tenth of a second.

    Args:
        cancelled: asked every turn; true ends the wait.
        every_turn: called every turn.
    """

    def __init__(
        self, cancelled: Callable[[], bool], every_turn: Callable[[], None] = lambda: None
    ) -> None:
        self._cancelled, self._every_turn = cancelled, every_turn

    def call(self, call: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        """Run `call` in the background and return its result.

        Raises:
            CancelledError: the caller cancelled; the call goes on, and nobody hears of it.
        """
        return self.result(start(call, *args, **kwargs))

    def result(self, future: Future[T]) -> T:
        """Wait for a future."""
        self.first([future])
        return future.result()

    def first(self, futures: Collection[Future[T]]) -> set[Future[T]]:
        """Wait until at least one of some futures is done.

        Returns:
            Those that are done.

        Raises:
            CancelledError: the caller cancelled.
        """
        while True:
            if self._cancelled():
                raise CancelledError
            done, _ = concurrent.futures.wait(
                futures, TURN_SECONDS, return_when=concurrent.futures.FIRST_COMPLETED
            )
            self._every_turn()
            if done:
                return done

    def linger(
        self, futures: Collection[Future[Any]], long: float, short: float, *, hurried: bool
    ) -> bool:
        """Wait for all of some futures, for `long` seconds, or `short` ones from when we hurry.

        Args:
            futures: what to wait for; their results are left alone.
            long: seconds, unless somebody waits for us.
            short: seconds after the caller has cancelled.
            hurried: whether to hurry from the start.

        Returns:
            Whether all are done.
        """
        end = time.monotonic() + (short if hurried else long)
        while concurrent.futures.wait(futures, TURN_SECONDS).not_done:
            now = time.monotonic()
            if not hurried and self._cancelled():
                hurried, end = True, min(end, now + short)
            if now >= end:
                return False
        return True
