"""Progress as it is told: one phase at a time, at most ten events a second."""

from __future__ import annotations

import time

from core.events import Event, Listener, Phase, Progress

_INTERVAL = 0.1  # seconds


class Reporter:
    """Counts what a run has done and tells its listener.

    Not locked: a run reports from one thread at a time.
    """

    def __init__(self, listener: Listener | None) -> None:
        self._listener = listener
        self._began = time.monotonic()
        self._told = 0.0
        self._now = Progress(Phase.CONNECT, 0, None, 0, None, 0.0)

    def start(
        self, phase: Phase, *, total_rows: int | None = None, total_bytes: int | None = None
    ) -> None:
        """Enter `phase`; its first and its last state are always told."""
        self._flush()
        self._now = Progress(phase, 0, total_rows, 0, total_bytes, 0.0)
        self._flush()

    def add(self, rows: int, size: int) -> None:
        """So many more rows and bytes are done."""
        self.set(self._now.rows + rows, self._now.bytes + size)

    def set(self, rows: int, size: int, total_bytes: int | None = None) -> None:
        """So many rows and bytes are done in this phase."""
        now = self._now
        total = now.total_bytes if total_bytes is None else total_bytes
        self._now = Progress(now.phase, rows, now.total_rows, size, total, 0.0)
        if time.monotonic() - self._told >= _INTERVAL:
            self._flush()

    def finish(self) -> None:
        """Tell the last state."""
        self._flush()

    def tell(self, event: Event) -> None:
        """Pass an event on as it is."""
        if self._listener is not None:
            self._listener(event)

    def _flush(self) -> None:
        self._told = time.monotonic()
        now = self._now
        elapsed = self._told - self._began
        self.tell(
            Progress(now.phase, now.rows, now.total_rows, now.bytes, now.total_bytes, elapsed)
        )
