"""How fast a phase goes and how long it still takes, as every front end shows it."""

from __future__ import annotations

import pytest

from core.events import Phase, Progress
from core.runtime.track import WINDOW_SECONDS, Track, fraction


def reading(rows: int, elapsed: float, total: int | None = 1_000) -> Progress:
    return Progress(Phase.READ, rows, total, 10 * rows, None, elapsed)


def tracked(*events: Progress, window: float | None = WINDOW_SECONDS) -> Track:
    track = Track(window=window)
    for event in events:
        track.note(event)
    return track


SLOWER = (reading(0, 2.0), reading(500, 7.0), reading(520, 9.0), reading(540, 11.0))


def test_the_speed_is_that_of_the_last_seconds() -> None:
    track = tracked(*SLOWER)
    assert (track.rows_per_second, track.bytes_per_second) == (10, 100)
    assert track.per_second == 10
    assert track.seconds_left == 46


def test_without_a_window_it_is_that_of_the_phase() -> None:
    track = tracked(*SLOWER, window=None)
    assert track.per_second == 60
    assert track.seconds_left == pytest.approx(460 / 60)


@pytest.mark.parametrize("window", [None, WINDOW_SECONDS])
def test_a_phase_begins_from_nothing(window: float | None) -> None:
    track = tracked(*SLOWER, Progress(Phase.UPLOAD, 0, None, 0, 800, 12.0), window=window)
    assert (track.per_second, track.seconds_left) == (0, None)
    track.note(Progress(Phase.UPLOAD, 0, None, 200, 800, 13.0))
    assert (track.per_second, track.seconds_left) == (200, 3)
    assert track.seconds(Phase.READ, 13.0) == 10
    assert track.seconds(Phase.VERIFY, 13.0) is None


def test_what_has_no_total_has_no_end() -> None:
    track = tracked(reading(0, 0.0, None), reading(5, 1.0, None))
    assert track.seconds_left is None
    assert fraction(reading(5, 1.0, None)) is None
    assert fraction(reading(250, 1.0)) == 0.25
