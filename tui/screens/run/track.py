"""What the events of a run add up to: which phase, how fast, how long still."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from core.events import Phase, Progress

WINDOW_SECONDS: Final = 4.0  # over which speed is measured: steady enough to read


class Track:
    """The course of one run, kept from its `Progress` events.

    Attributes:
        now: the latest event; None before the first.
    """

    def __init__(self) -> None:
        self.now: Progress | None = None
        self._begun: dict[Phase, float] = {}
        self._recent: deque[Progress] = deque()
        self._peak: dict[Phase, Progress] = {}

    def note(self, progress: Progress) -> None:
        """Take in one event."""
        if self.now is None or progress.phase is not self.now.phase:
            self._begun[progress.phase] = progress.elapsed
            self._recent.clear()
        self._recent.append(progress)
        while progress.elapsed - self._recent[0].elapsed > WINDOW_SECONDS:
            self._recent.popleft()
        self.now = self._peak[progress.phase] = progress

    def seconds(self, phase: Phase, elapsed: float) -> float | None:
        """Seconds spent in `phase` until `elapsed`, seconds since the run began; None if unseen."""
        if phase not in self._begun:
            return None
        later = [begun for other, begun in self._begun.items() if begun > self._begun[phase]]
        return min(later, default=elapsed) - self._begun[phase]

    def last(self, phase: Phase) -> Progress | None:
        """The latest event of `phase`."""
        return self._peak.get(phase)

    @property
    def rows_per_second(self) -> float:
        """Rows a second, lately."""
        return self._rate(lambda progress: progress.rows)

    @property
    def bytes_per_second(self) -> float:
        """Bytes a second, lately."""
        return self._rate(lambda progress: progress.bytes)

    @property
    def seconds_left(self) -> float | None:
        """Seconds until this phase ends at the present speed; None where that is not known."""
        if self.now is None:
            return None
        done, total = amount(self.now)
        speed = self.bytes_per_second if self.now.in_bytes else self.rows_per_second
        return max(total - done, 0) / speed if total and speed else None

    def _rate(self, count: Callable[[Progress], int]) -> float:
        if len(self._recent) < 2:
            return 0.0
        first, last = self._recent[0], self._recent[-1]
        spent = last.elapsed - first.elapsed
        return (count(last) - count(first)) / spent if spent > 0 else 0.0


def amount(progress: Progress) -> tuple[int, int | None]:
    """Done and total of a phase: bytes where it works on the file, else rows."""
    if progress.in_bytes:
        return progress.bytes, progress.total_bytes
    return progress.rows, progress.total_rows


def fraction(progress: Progress) -> float | None:
    """How much of the phase is done, 0 to 1; None where the total is not known."""
    done, total = amount(progress)
    return min(done / total, 1.0) if total else None
