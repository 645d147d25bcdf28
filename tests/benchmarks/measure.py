"""A case measured: run in processes of its own, told as one line of a table."""

from __future__ import annotations

import copy
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
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


def as_a_user(more: Mapping[str, str]) -> dict[str, str]:
    """The environment with more variables, in which Python keeps what it has compiled."""
    return {**os.environ, **more, "PYTHONDONTWRITEBYTECODE": ""}


def measure_command(
    name: str, *arguments: str, environment: Mapping[str, str], runs: int = RUNS
) -> Measured:
    """Run Python with some arguments several times; the median time and CPU of the processes."""
    seconds, cpu = [], []
    for _ in range(runs + 1):
        began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, *arguments]
        subprocess.run(command, env={**environment}, stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(time.perf_counter() - began)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        cpu.append(used)
    # Without the first one, which compiles.
    return Measured(name, None, statistics.median(seconds[1:]), cpu=statistics.median(cpu[1:]))


def show(title: str, lines: list[Measured], base: Measured | None) -> None:
    """Print a table; the ratios are to `base`, of the whole time, since the result, and of CPU."""
    print(
        f"\n{title}\n{'':36}{'rows out':>12}{'seconds':>9}{'ratio':>7}{'since':>9}{'ratio':>7}"
        f"{'CPU s':>9}{'ratio':>7}{'peak MB':>9}"
    )
    for line in lines:
        ratio = line.seconds / base.seconds if base else None
        since = line.since / base.since if base and base.since and line.since else None
        cpu = line.cpu / base.cpu if base and base.cpu else None
        print(
            f"{line.name:36}{_cell(line.rows, 12, ',')}{_cell(line.seconds, 9, '.2f')}"
            f"{_cell(ratio, 7, '.2f')}{_cell(line.since, 9, '.2f')}{_cell(since, 7, '.2f')}"
            f"{_cell(line.cpu or None, 9, '.2f')}{_cell(cpu, 7, '.2f')}"
            f"{_cell(line.peak_mb, 9, '.0f')}",
            flush=True,
        )


def _cell(value: float | None, width: int, form: str) -> str:
    return " " * width if value is None else f"{value:{width}{form}}"
