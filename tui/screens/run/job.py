"""One transfer in a thread of its own, which tells its screen by messages only.

The thread is a daemon, so that a call which hangs in a network cannot hold up the end of the
program; the wish to stop is an event that core looks at between all its waits.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.message import Message

from core import Event, Planned, Progress, Recovered, Retrying, Warned

if TYPE_CHECKING:
    from core import Outcome, Request

Post = Callable[[Message], object]


class Moved(Message):
    """The run has come further."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self.progress = progress


class Noticed(Message):
    """The run has found out something: its plan, or a warning."""

    def __init__(self, event: Planned | Warned) -> None:
        super().__init__()
        self.event = event


class Retried(Message):
    """A request is tried again, or has succeeded after all."""

    def __init__(self, event: Retrying | Recovered) -> None:
        super().__init__()
        self.event = event


class Ended(Message):
    """The run is over: either `outcome` or `error` is given."""

    def __init__(self, outcome: Outcome | None, error: BaseException | None) -> None:
        super().__init__()
        self.outcome = outcome
        self.error = error


class Job:
    """Runs `request` from the moment it is made.

    Args:
        request: what to do.
        post: takes the messages, from any thread.
        demo: whether `request` goes to the embedded warehouse and bucket, for the history.
        connection_name: for the history too, where the request holds a secret that was typed.

    Attributes:
        began: `time.monotonic()` of the start.
    """

    def __init__(
        self, request: Request, post: Post, *, demo: bool, connection_name: str | None = None
    ) -> None:
        self._request = request
        self._connection_name = connection_name
        self._demo = demo
        self._post = post
        self._cancel = threading.Event()
        self._thread = threading.Thread(target=self._run, name="transfer", daemon=True)
        self.began = time.monotonic()
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it still works."""
        return self._thread.is_alive()

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop."""
        return self._cancel.is_set()

    def stop(self) -> None:
        """Ask it to stop the query and the upload, and to end."""
        self._cancel.set()

    def _run(self) -> None:
        outcome: Outcome | None = None
        failure: BaseException | None = None
        try:
            from core.facade import run_recorded

            outcome = run_recorded(
                self._request,
                by="app",
                demo=self._demo,
                connection_name=self._connection_name,
                on_event=self._post_event,
                cancel=self._cancel,
            )
        except BaseException as error:  # whatever it is, the screen must know that it is over
            failure = error
        self._post(Ended(outcome, failure))

    def _post_event(self, event: Event) -> None:
        if isinstance(event, Progress):
            self._post(Moved(event))
        elif isinstance(event, Planned | Warned):
            self._post(Noticed(event))
        elif isinstance(event, Retrying | Recovered):
            self._post(Retried(event))
