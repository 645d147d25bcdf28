from __future__ import annotations

from core.events import Event, Phase, Progress
from core.runtime.progress import Reporter


def test_a_phase_tells_its_first_and_its_last_state() -> None:
    told: list[Event] = []
    report = Reporter(told.append)
    report.start(Phase.READ, total_rows=10, total_bytes=1000)
    for _ in range(10):
        report.add(1, 100)
    report.start(Phase.UPLOAD, total_bytes=7)
    report.set_bytes(7)
    report.finish()
    states = [(e.phase, e.rows, e.bytes) for e in told if isinstance(e, Progress)]
    assert states[0] == (Phase.READ, 0, 0)
    assert (Phase.READ, 10, 1000) in states
    assert states[-1] == (Phase.UPLOAD, 0, 7)


def test_thousands_of_batches_are_few_events() -> None:
    told: list[Event] = []
    report = Reporter(told.append)
    report.start(Phase.READ)
    for _ in range(10_000):
        report.add(1, 1)
    elapsed = [e.elapsed for e in told if isinstance(e, Progress)]
    assert len(elapsed) <= 2 + 10 * elapsed[-1] + 10 * 0.1


def test_nobody_listening_is_fine() -> None:
    Reporter(None).start(Phase.CONNECT)
