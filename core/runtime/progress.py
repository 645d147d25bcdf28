"""Progress as it is told: one phase at a time, at most ten events a second."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

from core.events import Event, Listener, Phase, Progress

_INTERVAL = 0.1  # seconds


class Reporter:
    """Counts what a run has done and tells its listener.

    A run counts in one thread at a time; any may `tell`.
    """

    def __init__(self, listener: Listener | None) -> None:
        self._listener = listener
        self._telling = threading.RLock()
        self._began = time.monotonic()
        self._told = 0.0
        self._now: Progress | None = None

    def start(
        self, phase: Phase, *, total_rows: int | None = None, total_bytes: int | None = None
    ) -> None:
        """Enter `phase`; its first and last state are always told, those between at times."""
        self._flush()
        self._now = Progress(phase, 0, total_rows, 0, total_bytes, 0.0)
        self._flush()

    def add(self, rows: int, size: int) -> None:
        """So many more rows and bytes are done in this phase."""
        if self._now is not None:
            self._set(self._now.rows + rows, self._now.bytes + size)

    def set_bytes(self, size: int) -> None:
        """So many bytes are done in this phase, in all."""
        if self._now is not None:
            self._set(self._now.rows, size)

    def finish(self) -> None:
        """Tell the last state."""
        self._flush()

    def tell(self, event: Event) -> None:
        """Pass an event on as it is; the listener hears one at a time."""
        if self._listener is not None:
            with self._telling:
                self._listener(event)

    def _set(self, rows: int, size: int) -> None:
        if self._now is not None:
            self._now = replace(self._now, rows=rows, bytes=size)
        if time.monotonic() - self._told >= _INTERVAL:
            self._flush()

    def _flush(self) -> None:
        if self._now is not None:
            self._told = time.monotonic()
            self.tell(replace(self._now, elapsed=self._told - self._began))
