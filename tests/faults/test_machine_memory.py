"""One gigabyte is enough: a real limit, by a control group, around the program alone.

The sandbox's processes are outside of it. Where no group can be made (they need root, and cgroup
v1), the memory of the program's processes is watched instead.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from core.sandbox.launcher import Sandbox
from tests.faults.cases import Row, enter_row
from tests.faults.machine import LAYER
from tests.support.deliveries import execute, options
from tests.support.programs.batch_runs import place, program
from tests.support.programs.terminal import terminal

if TYPE_CHECKING:
    from tests.support.programs.terminal import Terminal

MB = 1024 * 1024
LIMIT, PROMISE = 1024 * MB, 600 * MB
PATIENCE = 900.0  # seconds: 27 million groups are sorted on disk
RATINGS = "MOVIE_RATINGS_27M"
MANY = (
    "CREATE TABLE MANY AS SELECT TO_TIMESTAMP_NTZ(TIMESTAMP, 0)::DATE AS RATED, "
    "'user-' || USERID AS USER_NAME, 'movie-' || MOVIEID || '-' || TIMESTAMP AS MOVIE_NAME, RATING "
    f"FROM {RATINGS}"
)
SOME = "CREATE TABLE SOME AS SELECT * FROM MANY LIMIT 3000000"
ONE_MONTH = (
    "CREATE TABLE ONE_MONTH AS SELECT '2024-01-15'::DATE AS RATED, USER_NAME, MOVIE_NAME, RATING "
    "FROM SOME"
)
SHEET = "CREATE TABLE SHEET AS SELECT * FROM MANY LIMIT 1000000"  # nearly as many as Excel has
LIBRARY = """
import json, sys
from core import transfer_data
transfer_data(**json.loads(sys.argv[1]))
"""


class Group:
    """A control group (cgroup v1) of its own, with a limit; or a watch where none can be made.

    Attributes:
        path: the group's directory; None where none can be made.
    """

    def __init__(self, limit: int) -> None:
        self.path: Path | None = None
        self._peak = 0
        own = re.search(r"^\d+:memory:(.*)$", Path("/proc/self/cgroup").read_text(), re.MULTILINE)
        with suppress(OSError):
            if own:
                path = Path(f"/sys/fs/cgroup/memory{own[1]}", f"faults-{uuid.uuid4().hex[:8]}")
                path.mkdir()
                self.path = path
                (path / "memory.limit_in_bytes").write_text(str(limit))

    def enclosing(self, command: Sequence[str]) -> list[str]:
        """`command` in this group."""
        if self.path is None:
            return list(command)
        return ["sh", "-c", f'echo $$ > {self.path}/cgroup.procs; exec "$@"', "sh", *command]

    def look(self, pid: int) -> None:
        """Look how much memory a process and its children hold, without the disk's cache."""
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            family = [process, *process.children(recursive=True)]
            self._peak = max(self._peak, sum(each.memory_info().rss for each in family))

    @property
    def peak(self) -> int:
        """The most that was seen, in bytes."""
        return self._peak

    @property
    def kills(self) -> int:
        """How often the limit has ended a process."""
        if self.path is None:
            return 0
        found = re.search(r"^oom_kill (\d+)", (self.path / "memory.oom_control").read_text(), re.M)
        return int(found[1]) if found else 0

    def remove(self) -> None:
        """Remove the group; its processes have ended."""
        if self.path is not None:
            self.path.rmdir()


@contextmanager
def group(limit: int = LIMIT) -> Iterator[Group]:
    made = Group(limit)
    try:
        yield made
    finally:
        made.remove()


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    """A sandbox that cuts results as large as Snowflake does."""
    with Sandbox(proxied=True) as made:
        execute(made, f"SELECT COUNT(*) FROM {RATINGS}", MANY, SOME, ONE_MONTH, SHEET)
        yield made


@pytest.fixture
def env(box: Sandbox, tmp_path: Path) -> dict[str, str]:
    own = {
        f"AMPLIFY_{name}_DIR": str(tmp_path / name.lower())
        for name in ("STATE", "DATA", "CONFIG", "SPILL", "LOG")
    }
    return {**os.environ, **place(box), **own, "AMPLIFY_IF_EXISTS": "overwrite"}


def watched(process: subprocess.Popen[bytes], around: Group, step: Callable[[], object]) -> None:
    """Look at the memory of a process until it ends, or `step` says that it is done."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and not step():
        assert time.monotonic() < deadline, "it did not end"
        around.look(process.pid)
        time.sleep(0.02)


CASES: Mapping[str, tuple[str, tuple[str, ...], int]] = {
    "27M rows, 285 groups": (RATINGS, ("--date-column", "TIMESTAMP"), PROMISE),
    "27M rows, 27M groups": ("MANY", (), PROMISE),
    "3M rows, 3M groups, --memory-limit 400MB": ("SOME", ("--memory-limit", "400MB"), 400 * MB),
    "1M rows, 1M groups, xlsx, --memory-limit 400MB": (
        "SHEET",
        ("--format", "xlsx", "--memory-limit", "400MB"),
        400 * MB,
    ),
}


def check_peak(
    request: pytest.FixtureRequest,
    name: str,
    command: list[str],
    env: dict[str, str],
    allowed: int = PROMISE,
) -> None:
    """Run a command, and compare the most memory that it takes with what it may."""
    with group() as around:
        began = time.monotonic()
        with subprocess.Popen(
            around.enclosing(command), env=env, stdout=subprocess.PIPE
        ) as process:
            watched(process, around, lambda: False)
            code, kills = process.wait(), around.kills
    entered(request, name, around.peak, time.monotonic() - began, around)
    assert (code, kills) == (0, 0)
    assert around.peak <= allowed, f"{around.peak / MB:.0f} MB"


@pytest.mark.large
@pytest.mark.parametrize("name", CASES)
def test_batch(request: pytest.FixtureRequest, env: dict[str, str], name: str) -> None:
    table, more, allowed = CASES[name]
    command = program("--batch", "--table", table, *more)
    check_peak(request, f"{name} (batch)", command, env, allowed)


@pytest.mark.large
def test_library(request: pytest.FixtureRequest, env: dict[str, str], box: Sandbox) -> None:
    call = {
        "source_table": "ONE_MONTH",
        "destination_s3_bucket": box.s3["bucket"],
        **options(box, if_exists="overwrite", memory_limit="400MB"),
    }
    command = [sys.executable, "-c", LIBRARY, json.dumps(call)]
    name = "3M rows, 3M groups of one month, memory_limit 400MB (library)"
    check_peak(request, name, command, env, 400 * MB)


@pytest.mark.slow
@pytest.mark.parametrize(("table", "engine"), [("MANY", "stream"), ("SOME", "pushdown")])
def test_chunks_of_160_megabytes(
    request: pytest.FixtureRequest, env: dict[str, str], table: str, engine: str
) -> None:
    """Snowflake's own size of chunks, if it ignores the smaller one that is asked for."""
    with Sandbox(proxied=True, chunk_bytes=160 * MB) as box:
        execute(box, f"SELECT COUNT(*) FROM {RATINGS}", MANY, SOME)
        env |= place(box)
        command = program("--batch", "--table", table, "--engine", engine)
        check_peak(request, f"{table} by {engine}, chunks of 160 MB", command, env)


@pytest.mark.large
def test_app(request: pytest.FixtureRequest, env: dict[str, str]) -> None:
    command = program("--table", RATINGS, "--date-column", "TIMESTAMP")
    began = time.monotonic()
    with group() as around, terminal(around.enclosing(command), env) as screen:
        send(screen)
        watched(screen.process, around, lambda: screen.saw("Delivered"))
        kills = around.kills
        screen.process.kill()
        screen.process.wait()
    entered(request, "27M rows, 285 groups (app)", around.peak, time.monotonic() - began, around)
    assert kills == 0
    assert around.peak <= PROMISE, f"{around.peak / MB:.0f} MB"


def send(screen: Terminal) -> None:
    """Have the app send the table that is open."""
    screen.read_until("SAMPLE of")
    screen.press("\x1b[15~")  # F5
    screen.read_until("Send this")
    screen.press("\r")


def entered(
    request: pytest.FixtureRequest, case: str, peak: int, seconds: float, around: Group
) -> None:
    """Enter the peak into the table."""
    limit = "1 GB cgroup" if around.path else "watched"
    told = f"{limit}; peak {peak / MB:.0f} MB in {seconds:.0f} s"
    enter_row(request, Row(LAYER, case, "delivered", 0, told, "the object"))
