"""Wait for requests without ever being held up by one.

A request that hangs cannot be interrupted from outside. So each runs in a daemon thread, which may
be abandoned (concurrent.futures' own pools join their threads at exit), and the caller waits in
short turns between which it can cancel, be interrupted by a signal, and report progress.
"""

from __future__ import annotations

import concurrent.futures
import threading
from collections.abc import Callable, Collection
from typing import Any, TypeVar

from core.errors import TemporaryError
from core.runtime.cancel import Cancel, check
from core.runtime.deadline import Deadline

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


def within(seconds: float, cancel: Cancel, call: Callable[[], T]) -> T:
    """Run `call` in the background, and leave it to itself if it takes too long.

    Raises:
        TemporaryError: it has taken more than so many seconds.
        CancelledError: `cancel` was set.
    """
    deadline = Deadline(seconds)
    future = start(call)

    def watch() -> None:
        if deadline.is_set() and not future.done():
            raise TemporaryError(f"There was no answer in {seconds:.0f} s.", again=True)

    return Waiter(cancel, watch).result(future)


class Waiter:
    """Waits for calls in turns of a tenth of a second.

    Args:
        cancel: looked at every turn; ends the wait.
        every_turn: called every turn.
    """

    def __init__(self, cancel: Cancel, every_turn: Callable[[], None] = lambda: None) -> None:
        self._cancel, self._every_turn = cancel, every_turn

    def call(self, call: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        """Run `call` in the background and return its result.

        Raises:
            CancelledError: `cancel` was set; the call goes on, and nobody hears of it.
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
            CancelledError: `cancel` was set.
        """
        while True:
            check(self._cancel)
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
        deadline = Deadline(short if hurried else long)
        while concurrent.futures.wait(futures, TURN_SECONDS).not_done:
            if not hurried and self._cancel.is_set():
                hurried = True
                deadline.advance(short)
            if deadline.is_set():
                return False
        return True
