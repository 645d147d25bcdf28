"""What the events of a run add up to: which phase, how fast, how many seconds are left.

Every front end that shows progress computes its figures here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from core.events import Phase, Progress

WINDOW_SECONDS: Final = 4.0  # over which speed is measured: steady enough to read


class Track:
    """The course of one run, kept from its `Progress` events.

    Args:
        window: over how many seconds, until the latest event, speed is measured; over the whole
            phase if None, which suits figures that are shown rarely.

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
        """Take in one event."""
        if self.now is None or progress.phase is not self.now.phase:
            self._begun[progress.phase] = progress.elapsed
            self._recent.clear()
        if self._window is None and len(self._recent) == 2:
            self._recent.pop()  # the first event of the phase and this one are all it takes
        self._recent.append(progress)
        if self._window is not None:
            while progress.elapsed - self._recent[0].elapsed > self._window:
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
        """Rows a second, over the window."""
        return self._rate(lambda progress: progress.rows)

    @property
    def bytes_per_second(self) -> float:
        """Bytes a second, over the window."""
        return self._rate(lambda progress: progress.bytes)

    @property
    def per_second(self) -> float:
        """What the phase counts, bytes or rows, a second."""
        in_bytes = self.now is not None and self.now.in_bytes
        return self.bytes_per_second if in_bytes else self.rows_per_second

    @property
    def seconds_left(self) -> float | None:
        """Seconds until this phase ends at the present speed; None where that is not known."""
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
    """Done and total of a phase: bytes where it works on the file, else rows."""
    if progress.in_bytes:
        return progress.bytes, progress.total_bytes
    return progress.rows, progress.total_rows


def fraction(progress: Progress) -> float | None:
    """How much of the phase is done, 0 to 1; None where the total is not known."""
    done, total = amount(progress)
    return min(done / total, 1.0) if total else None
