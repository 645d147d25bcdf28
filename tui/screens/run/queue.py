"""The runs of the app: one at a time, the others wait, so that one memory limit is enough.

A run belongs to the app, not to the screen that shows it: the screen can be closed while the run
goes on, and another one opened on it. Events come from the thread of the run, and are handled in
the thread of the app.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from textual.app import App
from textual.message import Message

from core import CancelledError, Planned, Skipped
from core.facade import Track, fraction
from tui.format.figures import count
from tui.screens.run.announce import announce_end
from tui.screens.run.job import Ended, Job, Moved, Noticed

if TYPE_CHECKING:
    from core import Outcome, Request
    from core.facade import JobTransfer, Plan, SignedIn

_MOST_ENDED: Final = 50  # runs that have ended and are still listed


class Standing(Enum):
    """Where a run is in the queue."""

    WAITING = auto()
    RUNNING = auto()
    ENDED = auto()


class Begun(Message):
    """The run has started: it was its turn."""


class QueuedRun:
    """A transfer that waits for its turn, runs, or has ended.

    Args:
        request: the request.
        plan: the plan that the user has seen; None if none was shown.
        name: its name for the user; that of the table if empty.
        demo: whether the request uses the embedded warehouse and bucket.
        connection_name: the name of the connection, for the history.
        expected: the estimated seconds; None if there is no estimate.
        signed_in: the session of the app, which the run uses too; None to sign in.
        entry: the transfer of a job file that it is; None for any other.

    Attributes:
        standing: where it is in the queue.
        track: its progress so far.
        warnings: its warnings so far.
        outcome, error: how it ended.
        began: `time.monotonic()` at its start.
        seconds: its duration, once it has ended.
        watcher: is called with each message of the run; None while no screen shows it.
        left: whether the user no longer waits for its cancellation.
    """

    def __init__(
        self,
        request: Request,
        plan: Plan | None = None,
        *,
        name: str = "",
        demo: bool = False,
        connection_name: str | None = None,
        expected: float | None = None,
        signed_in: SignedIn | None = None,
        entry: JobTransfer | None = None,
    ) -> None:
        self.request, self.plan, self.expected, self.demo = request, plan, expected, demo
        self.name = name or (str(plan.source.name) if plan else request.table)
        self._connection_name, self._entry = connection_name, entry
        self._signed_in = signed_in
        self.standing = Standing.WAITING
        self.track = Track()
        self.warnings: list[str] = []
        self.outcome: Outcome | Skipped | None = None
        self.error: BaseException | None = None
        self.began, self.seconds = time.monotonic(), 0.0
        self.watcher: Callable[[Message], object] | None = None
        self.left = False
        self._job: Job | None = None

    def repeat(self) -> QueuedRun:
        """Return the same transfer, to be run again."""
        return QueuedRun(
            self.request,
            self.plan,
            name=self.name,
            demo=self.demo,
            connection_name=self._connection_name,
            expected=self.expected,
            signed_in=self._signed_in,
            entry=self._entry,
        )

    @property
    def running(self) -> bool:
        """Whether its thread runs."""
        return self._job is not None and self._job.running

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop."""
        return self._job is not None and self._job.stopping

    @property
    def unstarted(self) -> bool:
        """Whether it was never its turn."""
        return self._job is None

    @property
    def active(self) -> bool:
        """Whether it waits or runs, and the user has not left it."""
        return self.standing is not Standing.ENDED and not self.left

    def start(self, post: Callable[[Message], object]) -> None:
        """Start the transfer, which posts messages from its thread."""
        self.standing = Standing.RUNNING
        self._job = Job(
            self.request,
            post,
            demo=self.demo,
            connection_name=self._connection_name,
            signed_in=self._signed_in,
            entry=self._entry,
        )
        self.began = self._job.began

    def stop(self) -> None:
        """Cancel the transfer, if it runs."""
        if self._job is not None:
            self._job.stop()

    def take(self, message: Message) -> None:
        """Record what a message says."""
        if isinstance(message, Moved):
            self.track.note(message.progress)
        elif isinstance(message, Noticed):
            self._note(message)
        elif isinstance(message, Ended):
            self.standing = Standing.ENDED
            self.outcome, self.error = message.outcome, message.error
            self.seconds = 0.0 if self.unstarted else time.monotonic() - self.began

    def _note(self, message: Noticed) -> None:
        event = message.event
        if not isinstance(event, Planned):
            self.warnings.append(event.message)
        elif self.plan is None:
            self.plan = event.plan
        elif _list_roles(event.plan) != _list_roles(self.plan):
            self.warnings.append(
                "The plan of the run differs from the one shown before: the table has changed."
            )
        elif event.plan.window != self.plan.window:
            self.warnings.append(
                f"A month has ended since the plan was shown: the run reads {event.plan.window}."
            )


class RunQueue:
    """The runs of an app.

    Args:
        app: the app.

    Attributes:
        runs: all runs in their order, those that have ended too.
        abandoned: whether the app is exiting: nothing is started or announced any more.
    """

    def __init__(self, app: App[Any]) -> None:
        self.runs: list[QueuedRun] = []
        self.abandoned = False
        self._app = app

    @property
    def active(self) -> list[QueuedRun]:
        """The runs that wait or run."""
        return [run for run in self.runs if run.active]

    @property
    def unwatched(self) -> list[QueuedRun]:
        """The active runs that no screen shows."""
        return [run for run in self.active if run.watcher is None]

    def add(self, run: QueuedRun) -> None:
        """Start a run as soon as the others have ended."""
        ended = [each for each in self.runs if not each.active and not each.running]
        for old in ended[:-_MOST_ENDED]:
            self.runs.remove(old)
        self.runs.append(run)
        self._start_next()

    def cancel(self, run: QueuedRun) -> None:
        """Cancel a run; one that waits ends at once."""
        if run.standing is Standing.WAITING:
            self._take(run, Ended(None, CancelledError()))
        else:
            run.stop()

    def leave(self, run: QueuedRun) -> None:
        """Wait no longer for a run that is being cancelled: a network call may hang."""
        run.left, run.watcher = True, None
        self._start_next()

    def abandon(self) -> None:
        """Cancel all runs: the app is exiting. May be called from any thread."""
        self.abandoned = True
        for run in list(self.runs):
            run.stop()

    def _start_next(self) -> None:
        if self.abandoned or any(run.standing is Standing.RUNNING for run in self.active):
            return
        run = next((each for each in self.active), None)
        if run is not None:
            run.start(partial(self._app.call_later, self._take, run))
            self._tell(run, Begun())

    def _take(self, run: QueuedRun, message: Message) -> None:
        run.take(message)
        if self.abandoned:
            return
        if isinstance(message, Ended):
            announce_end(self._app, run.name, message.outcome, message.error)
            if run.watcher is None and not run.left:
                self._notify(run)
        self._tell(run, message)
        if isinstance(message, Ended):
            self._start_next()

    def _tell(self, run: QueuedRun, message: Message) -> None:
        if run.watcher is not None:
            run.watcher(message)

    def _notify(self, run: QueuedRun) -> None:
        """Notify the user of the end of a run that no screen shows."""
        failed = run.outcome is None
        end = describe_end(run)
        self._app.notify(
            f"{run.name}: {end}", severity="error" if failed else "information", markup=False
        )


def describe_end(run: QueuedRun) -> str:
    """Return in a few words how a run ended; empty if it has not."""
    if run.standing is not Standing.ENDED:
        return ""
    if isinstance(run.outcome, Skipped):
        return "✓ unchanged" if run.outcome.restatement else "✓ exists already"
    if run.outcome is not None:
        return f"✓ delivered, {count(run.outcome.row_count, 'row')}"
    if isinstance(run.error, CancelledError):
        return "■ cancelled"
    label = getattr(run.error, "label", "unexpected")
    return f"✗ {label.replace('_', ' ')}"


def share_done(run: QueuedRun) -> float | None:
    """Return the share done of the current phase; None if it is not known."""
    return fraction(run.track.now) if run.track.now else None


def seconds_of(run: QueuedRun) -> float:
    """Return the seconds since the start of a run, or its duration."""
    return run.seconds if run.standing is Standing.ENDED else time.monotonic() - run.began


_KEPT: Final = "_run_queue"


def queue_of(app: App[Any]) -> RunQueue:
    """Return the queue of an app.

    It is kept in the app: its runs refer to the app, so a table of queues would keep both forever.
    """
    kept = vars(app)
    if _KEPT not in kept:
        kept[_KEPT] = RunQueue(app)
    queue: RunQueue = kept[_KEPT]
    return queue


def _list_roles(plan: Plan) -> list[tuple[str, str]]:
    return [(column.name, column.role.value) for column in plan.columns]
