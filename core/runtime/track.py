"""Figures derived from the events of a run: phase, speed, remaining seconds.

Every front end that shows progress computes its figures here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from core.events import Phase, Progress

WINDOW_SECONDS: Final = 4.0  # over which speed is measured; long enough for a steady figure


class Track:
    """The progress of one run, computed from its `Progress` events.

    Args:
        window: seconds before the latest event over which speed is measured; None for the whole
            phase, which suits figures that are rarely shown.

    Attributes:
        now: the latest event; None before the first.
    """

    def __init__(self, *, window: float | None = WINDOW_SECONDS) -> None:
        self._window = window
        self.now: Progress | None = None
        self._begun: dict[Phase, float] = {}
        self._recent: deque[Progress] = deque()
        self._peak: dict[Phase, Progress] = {}

    def note(self, progress: Progress) -> None:
        """Record one event."""
        if self.now is None or progress.phase is not self.now.phase:
            self._begun[progress.phase] = progress.elapsed
            self._recent.clear()
        if self._window is None and len(self._recent) == 2:
            self._recent.pop()  # only the first event of the phase and the latest one are needed
        self._recent.append(progress)
        if self._window is not None:
            while progress.elapsed - self._recent[0].elapsed > self._window:
                self._recent.popleft()
        self.now = self._peak[progress.phase] = progress

    def seconds(self, phase: Phase, elapsed: float) -> float | None:
        """Return the seconds of `phase` until `elapsed` seconds of the run; None before it."""
        if phase not in self._begun:
            return None
        later = [begun for other, begun in self._begun.items() if begun > self._begun[phase]]
        return min(later, default=elapsed) - self._begun[phase]

    def last(self, phase: Phase) -> Progress | None:
        """Return the latest event of `phase`."""
        return self._peak.get(phase)

    @property
    def rows_per_second(self) -> float:
        """Rows per second, over the window."""
        return self._rate(lambda progress: progress.rows)

    @property
    def bytes_per_second(self) -> float:
        """Bytes per second, over the window."""
        return self._rate(lambda progress: progress.bytes)

    @property
    def per_second(self) -> float:
        """Bytes or rows per second, whichever the phase counts."""
        in_bytes = self.now is not None and self.now.in_bytes
        return self.bytes_per_second if in_bytes else self.rows_per_second

    @property
    def seconds_left(self) -> float | None:
        """Seconds until this phase ends at the present speed; None if unknown."""
        if self.now is None:
            return None
        (done, total), speed = amount(self.now), self.per_second
        return max(total - done, 0) / speed if total and speed else None

    def _rate(self, count: Callable[[Progress], int]) -> float:
        if len(self._recent) < 2:
            return 0.0
        first, last = self._recent[0], self._recent[-1]
        spent = last.elapsed - first.elapsed
        return (count(last) - count(first)) / spent if spent > 0 else 0.0


def amount(progress: Progress) -> tuple[int, int | None]:
    """Return the done and total amount of a phase: bytes if it processes the file, else rows."""
    if progress.in_bytes:
        return progress.bytes, progress.total_bytes
    return progress.rows, progress.total_rows


def fraction(progress: Progress) -> float | None:
    """Return the part of the phase that is done, 0 to 1; None if the total is unknown."""
    done, total = amount(progress)
    return min(done / total, 1.0) if total else None
