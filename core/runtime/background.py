"""Run requests in the background and wait for them in a way that can be cancelled.

A request that hangs cannot be interrupted from outside. So each runs in a daemon thread, which may
be abandoned (concurrent.futures' pools join their threads at exit), and the caller waits in short
turns, between which it can cancel, be interrupted by a signal, and report progress.
"""

from __future__ import annotations

import concurrent.futures
import threading
from collections.abc import Callable, Collection
from typing import Any, Generic, TypeVar

from core.errors import TemporaryError
from core.runtime.cancel import Cancel, LinkedCancel, check
from core.runtime.closing import Closing
from core.runtime.deadline import Deadline

T = TypeVar("T")
Future = concurrent.futures.Future

TURN_SECONDS = 0.1


def start(call: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
    """Run `call` in a new daemon thread and return a future for its result."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, name="request", daemon=True).start()
    return future


def run_within(seconds: float, cancel: Cancel, call: Callable[[], T]) -> T:
    """Run `call` in the background, and abandon it after `seconds`.

    Returns:
        The result of `call`.

    Raises:
        TemporaryError: `call` has not finished in time.
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
        cancel: checked every turn; ends the wait.
        every_turn: called every turn.
    """

    def __init__(self, cancel: Cancel, every_turn: Callable[[], None] = lambda: None) -> None:
        self._cancel, self._every_turn = cancel, every_turn

    def call(self, call: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        """Run `call` in the background and return its result.

        Raises:
            CancelledError: `cancel` was set; the call continues and its result is discarded.
        """
        return self.result(start(call, *args, **kwargs))

    def result(self, future: Future[T]) -> T:
        """Wait for a future and return its result."""
        self.first([future])
        return future.result()

    def first(self, futures: Collection[Future[T]]) -> set[Future[T]]:
        """Wait until at least one of `futures` is done.

        Returns:
            The futures that are done.

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
        """Wait for all `futures`, for at most `long` seconds, or `short` seconds once hurried.

        Args:
            futures: the futures; their results are not read.
            long: seconds to wait without a cancellation.
            short: seconds to wait after the caller has cancelled.
            hurried: whether the caller has cancelled already.

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


class Ahead(Closing, Generic[T]):
    """A call that runs in the background before its result is needed.

    Args:
        call: is given the Cancel by which it ends early.
        cancel: ends it, and the wait for its result; so does `close`.
    """

    def __init__(self, call: Callable[[Cancel], T], cancel: Cancel) -> None:
        self._cancel = cancel
        self._end = LinkedCancel(cancel)
        self._future = start(call, self._end)

    def result(self) -> T:
        """Wait for the result of the call and return it.

        Raises:
            CancelledError: `cancel` was set.
        """
        return Waiter(self._cancel).result(self._future)

    def close(self) -> None:
        """End the call, if it runs; its result is not waited for."""
        self._end.set()
