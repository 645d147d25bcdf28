"""Runs a transfer in a thread, which posts messages to its screen.

The thread is a daemon: a network call that hangs does not keep the process from exiting. To cancel
it, an event is set, which core checks during every wait.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.message import Message

from core import Event, Planned, Progress, Recovered, Retrying, Warned

if TYPE_CHECKING:
    from core import Outcome, Request, Skipped
    from core.facade import JobTransfer, SignedIn

Post = Callable[[Message], object]


class Moved(Message):
    """The run has made progress."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self.progress = progress


class Noticed(Message):
    """The run reports its plan or a warning."""

    def __init__(self, event: Planned | Warned) -> None:
        super().__init__()
        self.event = event


class Retried(Message):
    """A request is retried, or a retry has succeeded."""

    def __init__(self, event: Retrying | Recovered) -> None:
        super().__init__()
        self.event = event


class Ended(Message):
    """The run has ended: either `outcome` or `error` is given."""

    def __init__(self, outcome: Outcome | Skipped | None, error: BaseException | None) -> None:
        super().__init__()
        self.outcome = outcome
        self.error = error


class Job:
    """A transfer that starts when the object is created.

    Args:
        request: the request.
        post: is called with each message, from any thread.
        demo: whether `request` uses the embedded warehouse and bucket, for the history.
        connection_name: the name of the connection, for the history, if the request holds the
            parameters because a secret was typed.
        signed_in: the session of the app, which the run uses too; None to sign in.
        entry: the transfer of a job file that it is, whose columns are compared with those of the
            last delivery; None for any other.

    Attributes:
        began: `time.monotonic()` at the start.
    """

    def __init__(
        self,
        request: Request,
        post: Post,
        *,
        demo: bool,
        connection_name: str | None = None,
        signed_in: SignedIn | None = None,
        entry: JobTransfer | None = None,
    ) -> None:
        self._request = request
        self._connection_name = connection_name
        self._signed_in = signed_in
        self._demo, self._entry = demo, entry
        self._post = post
        self._cancel = threading.Event()
        self._thread = threading.Thread(target=self._run, name="transfer", daemon=True)
        self.began = time.monotonic()
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether the transfer runs."""
        return self._thread.is_alive()

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop."""
        return self._cancel.is_set()

    def stop(self) -> None:
        """Cancel the transfer; it aborts the query and the upload, and ends."""
        self._cancel.set()

    def _run(self) -> None:
        outcome: Outcome | Skipped | None = None
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
                signed_in=self._signed_in,
            )
        except BaseException as error:  # the screen must be notified of every kind of error
            failure = error
        self._post(Ended(outcome, failure))

    def _post_event(self, event: Event) -> None:
        if isinstance(event, Progress):
            self._post(Moved(event))
        elif isinstance(event, Planned | Warned):
            self._post(Noticed(event))
            if isinstance(event, Planned):
                self._compare(event)
        elif isinstance(event, Retrying | Recovered):
            self._post(Retried(event))

    def _compare(self, planned: Planned) -> None:
        """Compare the columns of an entry with those of the last delivery.

        Raises:
            SourceDataError: they differ, and the entry has a frozen schema: this ends the run.
        """
        if self._entry is None:
            return
        from core.facade import compare_with_last

        if text := compare_with_last(self._entry, planned.plan, demo=self._demo):
            self._post(Noticed(Warned(text)))
