"""A case measured: run in processes of its own, told as one line of a table."""

from __future__ import annotations

import copy
import json
import statistics
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

RUNS = 3


@dataclass(frozen=True)
class Measured:
    """One line of the table.

    Attributes:
        name: of the case.
        rows: of its result.
        seconds: in all.
        since: of these, after the warehouse had its result ready.
        cpu: seconds of the processor that the process took.
        peak_mb: the highest resident memory of the process.
        wire_mb: what it fetched of results, compressed, and sent to the bucket.
        batches: how many batches of results it fetched.
    """

    name: str
    rows: int | None
    seconds: float
    since: float | None = None
    peak_mb: float | None = None
    cpu: float = 0.0
    wire_mb: float = 0.0
    batches: int = 0


def measure(name: str, case: str, setup: dict[str, Any], runs: int = RUNS) -> Measured:
    """Run a case several times, each in a new process; the median time, the highest peak."""
    seen = []
    for _ in range(runs):
        done = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.cases", case],
            input=json.dumps(copy.deepcopy(setup)),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        seen.append(json.loads(done.stdout))
    seconds = statistics.median(one["seconds"] for one in seen)
    since = [one["since"] for one in seen if one["since"] is not None]
    peak = max(one["peak_mb"] for one in seen)
    return Measured(
        name,
        seen[0]["rows"],
        seconds,
        statistics.median(since or [0]) or None,
        peak,
        statistics.median(one["cpu"] for one in seen),
        seen[0]["wire_mb"],
        seen[0]["batches"],
    )


def show(title: str, lines: list[Measured], base: Measured | None) -> None:
    """Print a table; the ratios are to `base`, of the whole time and since the result was ready."""
    print(
        f"\n{title}\n{'':36}{'rows out':>12}{'seconds':>9}{'ratio':>7}{'since':>9}{'ratio':>7}"
        f"{'peak MB':>9}"
    )
    for line in lines:
        ratio = line.seconds / base.seconds if base else None
        since = line.since / base.since if base and base.since and line.since else None
        print(
            f"{line.name:36}{_cell(line.rows, 12, ',')}{_cell(line.seconds, 9, '.2f')}"
            f"{_cell(ratio, 7, '.2f')}{_cell(line.since, 9, '.2f')}{_cell(since, 7, '.2f')}"
            f"{_cell(line.peak_mb, 9, '.0f')}",
            flush=True,
        )


def _cell(value: float | None, width: int, form: str) -> str:
    return " " * width if value is None else f"{value:{width}{form}}"
