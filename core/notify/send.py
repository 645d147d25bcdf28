"""Send notifications: all at once, within a limited time, and without ever failing a run."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Final

from core.errors import CancelledError
from core.events import Listener, Warned
from core.notify.apprise import send_by_apprise
from core.notify.command import run_command
from core.notify.failure import NotSentError
from core.notify.message import as_data, is_wanted
from core.notify.webhook import post
from core.request.targets import COMMAND, VARIABLE, describe_target, is_url, split_target
from core.runtime.library_logging import hush

if TYPE_CHECKING:
    from core.records.entry import HistoryEntry
    from core.request.request import Request
    from core.runtime.cancel import Cancel

SECONDS: Final = 15.0  # for all targets together, at the end of a run
SECONDS_IF_CANCELLED: Final = 0.8  # the process exits a second after a signal
_TO_KILL: Final = 0.3  # seconds that a command has less, to be killed before the process exits
_POLL: Final = 0.05  # seconds


def notify(
    request: Request, entry: HistoryEntry, on_event: Listener | None, cancel: Cancel
) -> None:
    """Send the notifications that a request asks for, and wait for them for `SECONDS` at most.

    Args:
        request: the request, with the targets.
        entry: the run that has ended.
        on_event: receives a warning for each target that could not be reached.
        cancel: if it is set, now or meanwhile, the wait ends within `SECONDS_IF_CANCELLED`.
    """
    if not request.notify or not is_wanted(request.notify_on, entry):
        return
    hush()  # a run may have ended before it met Snowflake and the bucket
    data = as_data(entry)
    end = time.monotonic() + SECONDS
    if entry.outcome == CancelledError.label:
        end = time.monotonic() + SECONDS_IF_CANCELLED
    sendings = [_Sending(target, partial(_send, target, data, end)) for target in request.notify]
    _wait(sendings, end, cancel)
    if on_event is not None:
        for failure in filter(None, (each.failure for each in sendings)):
            on_event(Warned(failure))


class _Sending(threading.Thread):
    """A thread that sends one notification; the process does not wait for it at its exit."""

    def __init__(self, target: str, send: Callable[[], None]) -> None:
        super().__init__(name="notify", daemon=True)
        self._shown = describe_target(target)
        self._send = send
        self._why: str | None = "no answer in time"
        self.start()

    @property
    def failure(self) -> str:
        """Why the notification was not sent, as a sentence; empty if it was."""
        return f"The notification to {self._shown} failed: {self._why}." if self._why else ""

    def run(self) -> None:
        """Send it."""
        try:
            self._send()
        except NotSentError as error:
            self._why = str(error)
        except Exception as error:  # its text may hold the URL
            self._why = type(error).__name__
        else:
            self._why = None


def _wait(sendings: Iterable[threading.Thread], end: float, cancel: Cancel) -> None:
    for each in sendings:
        while each.is_alive() and (left := end - time.monotonic()) > 0:
            if cancel.is_set():
                end = min(end, time.monotonic() + SECONDS_IF_CANCELLED)
            each.join(min(left, _POLL))


def _send(target: str, data: dict[str, object], end: float) -> None:
    scheme, rest = split_target(target)
    if scheme == COMMAND:
        run_command(rest, data, end - _TO_KILL)
        return
    if scheme == VARIABLE:
        target = os.environ.get(rest, "").strip()
        if not is_url(target):
            raise NotSentError(f"the variable {rest} holds no URL")
        scheme, rest = split_target(target)
    if scheme in ("slack", "teams"):
        post(rest, data, scheme, end)
    elif scheme in ("http", "https"):
        post(target, data, "", end)
    else:
        send_by_apprise(target, data, end)
