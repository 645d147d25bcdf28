"""What observes a run: nothing, unless OpenTelemetry or OpenLineage is installed and configured.

Nothing of them is imported otherwise. An observer never fails a run, and has a limited time at its
end.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

from core.errors import CancelledError

if TYPE_CHECKING:
    from core.events import Event
    from core.records.entry import HistoryEntry
    from core.request.request import Request

SECONDS: Final = 5.0  # for all observers together, at the end of a run
SECONDS_IF_CANCELLED: Final = 0.4  # the process exits a second after a signal
_SDK: Final = "opentelemetry.sdk"  # loaded by a program that configures it, or by its launcher
_LINEAGE: Final = ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG", "OPENLINEAGE__TRANSPORT__TYPE")


class Observer(Protocol):
    """Observes one run, from one thread at a time."""

    def note(self, event: Event) -> None:
        """Take note of an event."""

    def end(self, entry: HistoryEntry, deadline: float) -> None:
        """Send what was observed.

        Args:
            entry: the run that has ended.
            deadline: until when it may wait, on the clock of `time.monotonic`.
        """


def open_observers(request: Request, run_id: str) -> tuple[Observer, ...]:
    """Return the observers of a run.

    Args:
        request: the request of the run.
        run_id: the id of the run.
    """
    wanted: list[Callable[[], Observer]] = []
    if _is_on("OTEL_SDK_DISABLED") and _SDK in sys.modules:
        wanted.append(_open_tracing)
    if _is_on("OPENLINEAGE_DISABLED") and any(os.environ.get(name) for name in _LINEAGE):
        wanted.append(lambda: _open_lineage(request, run_id))
    found: list[Observer] = []
    for each in wanted:
        with suppress(Exception):  # it is not installed, or its configuration is invalid
            found.append(each())
    return tuple(found)


def note_event(observers: Sequence[Observer], event: Event) -> None:
    """Pass an event to observers."""
    for each in observers:
        with suppress(Exception):
            each.note(event)


def end_observers(observers: Sequence[Observer], entry: HistoryEntry) -> None:
    """End observers, within `SECONDS`."""
    cancelled = entry.outcome == CancelledError.label
    deadline = time.monotonic() + (SECONDS_IF_CANCELLED if cancelled else SECONDS)
    for each in observers:
        with suppress(Exception):
            each.end(entry, deadline)


def _is_on(switch: str) -> bool:
    return os.environ.get(switch, "").strip().lower() != "true"


def _open_tracing() -> Observer:
    from core.telemetry.tracing import Tracing

    return Tracing()


def _open_lineage(request: Request, run_id: str) -> Observer:
    from core.telemetry.lineage import Lineage

    return Lineage(request, run_id)
