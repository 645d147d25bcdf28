"""Report the progress of a run: one phase at a time, at most ten events per second."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

from core.events import Event, Listener, Phase, Progress

_INTERVAL = 0.1  # seconds


class Reporter:
    """Counts rows and bytes of a run and sends events to its listener.

    Counting is not thread-safe: one thread at a time. `report` may be called from any thread.

    Args:
        listener: called with each event, one at a time; None to report nothing.
    """

    def __init__(self, listener: Listener | None) -> None:
        self._listener = listener
        self._lock = threading.RLock()
        self._began = time.monotonic()
        self._reported = 0.0
        self._now: Progress | None = None

    def start(
        self, phase: Phase, *, total_rows: int | None = None, total_bytes: int | None = None
    ) -> None:
        """Enter `phase`; its first and last state are always reported, others at intervals."""
        self._flush()
        self._now = Progress(phase, 0, total_rows, 0, total_bytes, 0.0)
        self._flush()

    def add(self, rows: int, size: int) -> None:
        """Add to the rows and bytes that are done in this phase."""
        if self._now is not None:
            self._set(self._now.rows + rows, self._now.bytes + size)

    def set_bytes(self, size: int) -> None:
        """Set the bytes that are done in this phase."""
        if self._now is not None:
            self._set(self._now.rows, size)

    def finish(self) -> None:
        """Report the last state."""
        self._flush()

    def report(self, event: Event) -> None:
        """Send an event to the listener."""
        if self._listener is not None:
            with self._lock:
                self._listener(event)

    def _set(self, rows: int, size: int) -> None:
        if self._now is not None:
            self._now = replace(self._now, rows=rows, bytes=size)
        if time.monotonic() - self._reported >= _INTERVAL:
            self._flush()

    def _flush(self) -> None:
        if self._now is not None:
            self._reported = time.monotonic()
            self.report(replace(self._now, elapsed=self._reported - self._began))
