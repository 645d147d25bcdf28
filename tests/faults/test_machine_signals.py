"""Stopped at any moment: by a signal, by a terminal that is closed, by a laptop that sleeps."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import Signals

import pytest

from core.events import Phase
from tests.faults.cases import FILE, LARGE, Ground, Row, Table, enter_row
from tests.faults.machine import LAYER, batch, environment, last_error, row
from tests.support.programs.batch_runs import SECONDS, Ended, program
from tests.support.programs.terminal import terminal
from tests.support.services.buckets import hang
from tests.support.services.warehouse_proxy import CHUNK, READ
from tests.support.waiting import AT_ONCE, wait_for

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
ENGINES: Mapping[str, tuple[Table, tuple[str, ...]]] = {
    "stream": (LARGE, ()),
    "unload": (LARGE, ("--engine", "unload", "--unload-credentials")),
}
LIBFAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


@dataclass
class Seen:
    """What came of the signals: in which phases they came, and how the runs ended."""

    phases: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0

    def row(self, case: str, exit_code: int) -> Row:
        """The line of the table."""
        ends = ", ".join(f"{n} {end}" for end, n in sorted(self.ends.items()))
        phases = ", ".join(f"{phase} {n}" for phase, n in self.phases.items())
        told = f"{ends}; in {phases}; gone within {self.slowest:.1f} s"
        return Row(LAYER, case, "stopped", exit_code, told, "nothing")


@contextmanager
def started(
    ground: Ground, command: Sequence[str], errors: Path, env: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A program whose words are in the file `errors`; it is ended at the end."""
    with errors.open("wb") as file:
        process = subprocess.Popen(
            command,
            env={**environment(ground), **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=file,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def phase_of(errors: Path) -> str:
    """The phase that was told last."""
    lines = errors.read_text().splitlines(keepends=True)
    told = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("\n")]
    return next((e["phase"] for e in reversed(told) if "phase" in e), "start")


def spilled(ground: Ground) -> list[Path]:
    """What is on disk of runs; this process, which reruns them, keeps its lock."""
    found = ground.spill.rglob("*")
    return [path for path in found if path.is_file() and path.name != "lock"]


def strike(ground: Ground, engine: str, number: Signals, moment: float, seen: Seen) -> None:
    """Send a signal after so many seconds; nothing half done is left, and a rerun delivers."""
    table, more = ENGINES[engine]
    errors = ground.state.parent / "errors"
    with started(ground, batch(ground, table, *more), errors, {}) as process:
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            process.send_signal(number)
        sent = time.monotonic()
        phase = phase_of(errors)
        code = process.wait(SECONDS)
        took = time.monotonic() - sent
    told = errors.read_text()
    delivered = bool(ground.inbox.keys())
    assert code in (0, 128 + number, -number), told
    assert delivered or code, told
    assert took < AT_ONCE
    assert "panicked" not in told
    assert "Traceback" not in told or phase == "start", told
    assert wait_for(lambda: not ground.running())
    assert_left(ground, table, killed=number == signal.SIGKILL)
    seen.phases[phase] += 1
    seen.slowest = max(seen.slowest, took)
    seen.ends["delivered" if code == 0 else "stopped, delivered" if delivered else "stopped"] += 1
    ground.transfer(table, if_exists="overwrite")
    assert ground.inbox.keys() == [f"in/{FILE}"]
    assert ground.inbox.read(f"in/{FILE}") == table.expected
    assert ground.inbox.unfinished() == []
    assert spilled(ground) == []
    ground.inbox.client.delete_object(Bucket=ground.inbox.name, Key=f"in/{FILE}")


def assert_left(ground: Ground, table: Table, *, killed: bool) -> None:
    """The whole object or none; a process that was killed may leave what the next start clears."""
    assert len(ground.inbox.keys()) <= 1
    if ground.inbox.keys():
        (key,) = ground.inbox.keys()
        assert key == f"in/{FILE}"
        assert ground.inbox.read(key).count(b"\n") == table.expected.count(b"\n")
    if not killed:
        assert ground.inbox.unfinished() == []
        assert spilled(ground) == []


def usual_seconds(ground: Ground, engine: str) -> float:
    """How long a run takes that nobody stops."""
    table, more = ENGINES[engine]
    began = time.monotonic()
    with started(ground, batch(ground, table, *more), ground.state.parent / "e", {}) as process:
        assert process.wait(SECONDS) == 0, (ground.state.parent / "e").read_text()
    ground.inbox.client.delete_object(Bucket=ground.inbox.name, Key=f"in/{FILE}")
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("number", "engine"), [(signal.SIGTERM, "unload"), (signal.SIGKILL, "stream")]
)
def test_a_signal(ground: Ground, number: Signals, engine: str) -> None:
    strike(ground, engine, number, 1.1, Seen())


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_signals_at_random_moments(
    request: pytest.FixtureRequest, ground: Ground, number: Signals, engine: str
) -> None:
    moments, seen = int(os.environ.get("FAULT_MOMENTS", "50")), Seen()  # fewer, to try it
    longest = usual_seconds(ground, engine)
    chance = random.Random(f"{number} {engine}")  # the same moments each time
    for _ in range(moments):
        strike(ground, engine, number, chance.uniform(0, longest), seen)
    case = f"{number.name} at {moments} moments of engine {engine}"
    enter_row(request, seen.row(case, 128 + number))


# --------------------------------------------------------------------------- terminals


@pytest.mark.parametrize(
    "number", [signal.SIGHUP, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_the_terminal_is_closed_while_the_app_uploads(
    request: pytest.FixtureRequest, ground: Ground, tmp_path: Path, number: Signals
) -> None:
    """SIGHUP comes from the kernel, as the other end of the terminal is closed."""
    ground.s3.on("PUT .*partNumber", hang, times=9)
    where = {"AMPLIFY_CONFIG_DIR": str(tmp_path / "config")}
    options = ("--table", ground.names(LARGE), "--bucket", f"s3://{ground.inbox.name}/in/")
    env = {**environment(ground), **where}
    with terminal(program(*options, "--format", "csv", "--file-name", FILE), env) as screen:
        screen.read_until("EXACT")
        screen.press("\x1b[15~")  # F5
        screen.read_until("Send this")
        screen.press("\r")
        screen.read_while(lambda: not ground.s3.hanging.is_set())
        assert ground.inbox.unfinished()
        began = time.monotonic()
        if number == signal.SIGHUP:
            screen.close()
        else:
            screen.process.send_signal(number)
        code = screen.process.wait(SECONDS)
        took = time.monotonic() - began
    assert code == 128 + number
    assert took < AT_ONCE
    assert ground.inbox.keys() == ground.inbox.unfinished() == []
    assert spilled(ground) == []
    assert wait_for(lambda: not ground.running())
    case = f"{'the terminal is closed' if number == signal.SIGHUP else number.name} (app)"
    told = f"in upload; gone within {took:.1f} s"
    enter_row(request, Row(LAYER, case, "stopped", code, told, "nothing"))


# --------------------------------------------------------------------------- sleep


def at_phase(phase: Phase, errors: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until a phase has begun."""
    order = ["start", *Phase]
    while process.poll() is None and order.index(phase_of(errors)) < order.index(phase):
        time.sleep(0.002)


@pytest.mark.slow
@pytest.mark.parametrize("phase", Phase)
def test_a_laptop_that_sleeps(
    request: pytest.FixtureRequest, ground: Ground, tmp_path: Path, phase: Phase
) -> None:
    errors = tmp_path / "errors"
    with started(ground, batch(ground, LARGE, "--verify"), errors, {}) as process:
        at_phase(phase, errors, process)
        process.send_signal(signal.SIGSTOP)
        seen = phase_of(errors)
        time.sleep(3)
        process.send_signal(signal.SIGCONT)
        assert process.wait(SECONDS) == 0, errors.read_text()
    assert ground.inbox.read(f"in/{FILE}") == LARGE.expected
    assert spilled(ground) == ground.inbox.unfinished() == []
    case = f"suspended for 3 s in {seen}"
    enter_row(request, Row(LAYER, case, "delivered", 0, "", "the object"))


@pytest.mark.skipif(LIBFAKETIME is None, reason="faketime is not installed")
@pytest.mark.parametrize(
    ("jump", "code"),
    [
        ("+2h", 6),
        pytest.param("+10m", 0, marks=pytest.mark.slow),
        pytest.param("-10m", 0, marks=pytest.mark.slow),
    ],
)
def test_the_clock_jumps(
    request: pytest.FixtureRequest, ground: Ground, tmp_path: Path, jump: str, code: int
) -> None:
    """By less than S3 allows it is no matter; by more, S3's refusal is told for what it is."""
    clock, errors = tmp_path / "clock", tmp_path / "errors"
    clock.write_text("+0")
    env = {
        "LD_PRELOAD": str(LIBFAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # it stands still while a machine sleeps
    }
    ground.warehouse.on(CHUNK + READ, hang)  # so that nothing is uploaded before
    with started(ground, batch(ground, LARGE), errors, env) as process:
        assert wait_for(lambda: ground.warehouse.hanging.is_set() or process.poll() is not None)
        clock.write_text(jump)
        ground.warehouse.release.set()
        assert process.wait(SECONDS) == code, errors.read_text()
    told = Ended(code, "", errors.read_text())
    enter_row(request, row(f"the clock jumps by {jump}", told, ground))
    assert spilled(ground) == ground.inbox.unfinished() == []
    if code:
        assert "clock is off" in last_error(told)["message"]
        assert ground.inbox.keys() == []
        ground.transfer(LARGE)
    assert ground.inbox.read(f"in/{FILE}") == LARGE.expected
