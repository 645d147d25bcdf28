"""Disks that are full, and directories that are not there or cannot be written."""

from __future__ import annotations

import os
import pwd
import resource
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from core.connections import saved
from core.errors import LocalResourceError
from core.runtime.disk.paths import config_dir
from tests.faults.cases import FILE, LARGE, SMALL, Ground, Table, enter_row
from tests.faults.machine import Disk, batch, environment, last_error, row, run
from tests.support.mounts import can_mount
from tests.support.services.buckets import Exchange
from tests.support.waiting import wait_for
from tui.preferences import Memory

needs_mounts = pytest.mark.skipif(not can_mount(), reason="the kernel lets us mount nothing here")
# One row a group, and 70 MB of them in one piece: more than the disk is asked to have free.
HUGE = Table(
    "CREATE TABLE {name} AS SELECT '2024-01-05'::DATE AS D, LPAD(SEQ4()::VARCHAR, 1000000, 'x') "
    "AS K, 1.25::NUMBER(12,2) AS N FROM TABLE(GENERATOR(ROWCOUNT => 70))",
    b"D,K,N\r\n"
    + b"".join(b"2024-01-01,%s,1.25\r\n" % str(n).encode().rjust(1_000_000, b"x") for n in
               sorted(range(70), key=lambda n: str(n).rjust(2, "x"))),
)  # fmt: skip


@dataclass(frozen=True)
class Full:
    """A disk for one of the directories, and how the run must end.

    Attributes:
        name: the case.
        variable: of the directory.
        disk: the options of its file system.
        words: a pattern of the error; none for a delivery.
        table: what is transferred.
        prepare: a shell command that is run in the directory first.
        more: further options.
    """

    name: str
    variable: Literal["SPILL", "STATE", "CONFIG", "LOG"]
    disk: str
    words: str = ""
    table: Table = SMALL
    prepare: str = ":"
    more: tuple[str, ...] = field(default=())


FILL = "cat /dev/zero > fill 2>/dev/null; true"
DISKS = [
    Full("spill: 40 MB left", "SPILL", "size=40m", "room for less than 64 MB"),
    Full(
        "spill: 40 MB left, pushdown",
        "SPILL",
        "size=40m",
        "room for less than 64 MB",
        more=("--engine", "pushdown"),
    ),
    Full("spill: room for 100 files", "SPILL", "size=1g,nr_inodes=100", "less than 256 files"),
    Full("spill: no room at all", "SPILL", "size=1m", "room for less than 64 MB", prepare=FILL),
    Full("spill: read-only", "SPILL", "ro", "cannot be written"),
    Full("delivery: disk full while it is written", "SPILL", "size=65m", "disk is full", HUGE),
    Full("history: disk full", "STATE", "size=4k", "", SMALL, FILL),
    Full("state: read-only", "STATE", "ro"),
    Full("config: read-only", "CONFIG", "ro"),
    Full("log: read-only", "LOG", "ro"),
    Full(
        "copy of --verify: no room for it", "SPILL", "size=90m", "", LARGE, ":", ("--verify",)
    ),
]  # fmt: skip
SLOW = {  # they prove nearly what others do
    "spill: 40 MB left, pushdown",
    "spill: no room at all",
    "spill: read-only",
    "state: read-only",
    "delivery: disk full while it is written",
    "config: read-only",
    "log: read-only",
}


def marked(case: Full) -> object:
    """The case; a slow one where others prove nearly the same."""
    marks = [pytest.mark.slow] if case.name in SLOW else []
    return pytest.param(case, id=case.name, marks=marks)


@needs_mounts
@pytest.mark.parametrize("case", [marked(case) for case in DISKS])
def test_a_disk(request: pytest.FixtureRequest, ground: Ground, tmp_path: Path, case: Full) -> None:
    disk, left = Disk(tmp_path / "disk", case.disk, case.prepare), tmp_path / "left"
    env = {**environment(ground), f"AMPLIFY_{case.variable}_DIR": str(disk.path)}
    ended = run(disk.around(batch(ground, case.table, *case.more), left), env)
    assert "panicked" not in ended.err
    assert left.read_text() == ""
    assert wait_for(lambda: not ground.running())
    enter_row(request, row(case.name, ended, ground))
    if case.words:
        assert ended.code == LocalResourceError.exit_code, ended.err
        told = last_error(ended)
        assert case.words in told["message"]
        assert "AMPLIFY_SPILL_DIR" in told["hint"] or "temporary directory" in told["hint"]
        assert ended.out == ""
        assert ground.inbox.keys() == ground.inbox.unfinished() == []
        ground.transfer(case.table)
    assert ended.code == 0 or case.words, ended.err
    assert ground.inbox.keys() == [f"in/{FILE}"]
    assert ground.inbox.read(f"in/{FILE}") == case.table.expected
    assert ground.inbox.unfinished() == []


@needs_mounts
def test_a_full_disk_for_the_report(
    request: pytest.FixtureRequest, ground: Ground, tmp_path: Path
) -> None:
    disk, left = Disk(tmp_path / "disk", "size=4k", FILL), tmp_path / "left"
    report = disk.path / "report.json"
    command = disk.around(batch(ground, SMALL, "--report", str(report)), left)
    ended = run(command, environment(ground))
    assert ended.code == LocalResourceError.exit_code
    told = last_error(ended)["message"]
    assert "is delivered. The report" in told
    assert "No space left" in told
    assert left.read_text() == ""
    assert ground.inbox.read(f"in/{FILE}") == SMALL.expected
    case = "report: disk full"
    enter_row(request, row(case, ended, ground, "the object, as the message says"))


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no file of this process become larger, as on a full disk (EFBIG instead of ENOSPC)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_the_disk_fills_up_while_the_delivery_is_read_back(ground: Ground) -> None:
    limit = ExitStack()

    def slowly(exchange: Exchange) -> None:
        """Send the second half once the first is on disk, which is then full."""
        status, headers, data = exchange.forward()
        exchange.send_response_only(status)
        for name, value in headers.items():
            if name.lower() in ("etag", "content-length", "last-modified"):
                exchange.send_header(name, value)
        exchange.end_headers()
        exchange.wfile.write(data[: len(data) // 2])
        assert wait_for(lambda: any(p.stat().st_size for p in ground.spill.rglob("readback")))
        limit.enter_context(largest_file(1_000_000))
        exchange.wfile.write(data[len(data) // 2 :])

    ground.s3.on(f"GET [^?]*{FILE}", slowly)
    try:
        with pytest.raises(LocalResourceError, match="delivered, but not verified") as caught:
            ground.transfer(LARGE, verify=True)
    finally:
        limit.close()
    assert caught.value.outcome is not None
    assert ground.inbox.read(f"in/{FILE}") == LARGE.expected
    assert ground.files() == []


def test_a_full_disk_keeps_the_connections_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMPLIFY_CONFIG_DIR", str(tmp_path))
    saved.remember("one", {"account": "a", "user": "u"})
    before = {path.name: path.read_bytes() for path in config_dir().iterdir()}
    with largest_file(20), pytest.raises(LocalResourceError):
        saved.remember("two", {"account": "a", "user": "u"})
    assert {path.name: path.read_bytes() for path in config_dir().iterdir()} == before
    saved.remember("two", {"account": "a", "user": "u"})
    assert set(saved.list_own_connections()) == {"one", "two"}


def test_a_full_disk_keeps_what_the_app_remembers(tmp_path: Path) -> None:
    Memory(tmp_path / "app.json").theme = "nord"
    with largest_file(5):
        Memory(tmp_path / "app.json").theme = "dracula"
    assert Memory(tmp_path / "app.json").theme == "nord"
    assert [path.name for path in tmp_path.iterdir()] == ["app.json"]


# --------------------------------------------------------------------------- directories

HOMES = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")


def homeless(ground: Ground) -> dict[str, str]:
    """The environment of a run that finds its directories by itself."""
    own = {f"AMPLIFY_{name}_DIR" for name in ("SPILL", "STATE", "CONFIG", "LOG", "DATA")}
    return {k: v for k, v in environment(ground).items() if k not in {*own, *HOMES}}


def entered(request: pytest.FixtureRequest, case: str, ground: Ground, ended: object) -> None:
    enter_row(request, row(case, ended, ground))  # type: ignore[arg-type]


@needs_mounts
def test_no_home(request: pytest.FixtureRequest, ground: Ground, tmp_path: Path) -> None:
    """The home is that of the user database; disks lie on it, lest the tests touch the real one."""
    env = homeless(ground)
    del env["HOME"]
    command = batch(ground)
    for name in (".cache", ".config", ".local"):
        home = Path(pwd.getpwuid(os.getuid()).pw_dir)
        command = Disk(home / name, "size=500m").around(command, tmp_path / "left")
    ended = run(command, env)
    entered(request, "no HOME", ground, ended)
    assert ended.code == 0, ended.err
    assert ground.inbox.read(f"in/{FILE}") == SMALL.expected


@needs_mounts
def test_a_read_only_home(request: pytest.FixtureRequest, ground: Ground, tmp_path: Path) -> None:
    """Then the run works in the directory for temporary files, and keeps no history."""
    env = {**homeless(ground), "HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "gone")}
    command = Disk(tmp_path / "home", "ro").around(batch(ground), tmp_path / "left")
    ended = run(command, env)
    entered(request, "HOME read-only, TMPDIR gone", ground, ended)
    assert ended.code == 0, ended.err
    assert ground.inbox.read(f"in/{FILE}") == SMALL.expected


@pytest.mark.parametrize(
    "case",
    [
        "is a file",
        pytest.param("below a file", marks=pytest.mark.slow),
        pytest.param("relative, nowhere", marks=pytest.mark.slow),
    ],
)
def test_a_directory_that_cannot_be(
    request: pytest.FixtureRequest, ground: Ground, tmp_path: Path, case: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "gone").mkdir()
    place = {"is a file": tmp_path / "file", "below a file": tmp_path / "file" / "below"}
    env = {**environment(ground), "AMPLIFY_SPILL_DIR": str(place.get(case, "relative"))}
    command = in_no_directory(tmp_path, batch(ground)) if case not in place else batch(ground)
    ended = run(command, env)
    entered(request, f"spill directory {case}", ground, ended)
    assert ended.code == LocalResourceError.exit_code, ended.err
    assert "AMPLIFY_SPILL_DIR" in last_error(ended)["hint"]
    assert ground.inbox.keys() == []


def test_a_directory_whose_parents_are_missing_is_made(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMPLIFY_SPILL_DIR", str(tmp_path / "a" / "b" / "c"))
    ground.transfer(SMALL)
    assert (tmp_path / "a" / "b" / "c").is_dir()


def in_no_directory(tmp_path: Path, command: list[str]) -> list[str]:
    """`command` in a current directory that has been removed; the program is found elsewhere."""
    gone = tmp_path / "removed"
    program = tmp_path / "program.py"  # as the installed one, which does not look where it runs
    root = str(Path(__file__).parents[2])
    program.write_text(
        f"import sys\nsys.path[0] = {root!r}\nimport tui.cli.main\ntui.cli.main.main()\n"
    )
    start = [sys.executable, str(program), *command[3:]]
    return ["sh", "-c", 'mkdir "$0"; cd "$0"; rmdir "$0"; exec "$@"', str(gone), *start]


@pytest.mark.parametrize(
    "report", [pytest.param(False, id="", marks=pytest.mark.slow), pytest.param(True, id="report")]
)
def test_a_current_directory_that_is_gone(
    request: pytest.FixtureRequest, ground: Ground, tmp_path: Path, report: bool
) -> None:
    more = ("--report", "report.json") if report else ()
    ended = run(in_no_directory(tmp_path, batch(ground, SMALL, *more)), environment(ground))
    case = "current directory gone" + (", relative --report" if report else "")
    entered(request, case, ground, ended)
    if report:
        assert ended.code == LocalResourceError.exit_code, ended.err
        assert "absolute path" in last_error(ended)["hint"]
        assert ground.inbox.keys() == []
    else:
        assert ended.code == 0, ended.err


@pytest.mark.parametrize(
    ("megabytes", "table", "engine", "words"),
    [
        pytest.param(
            1, SMALL, "stream", "The file size limit of this process is 1,024 KB", id="1 MB, stream"
        ),
        pytest.param(
            63,
            SMALL,
            "pushdown",
            "The file size limit of this process",
            id="63 MB",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            65,
            HUGE,
            "stream",
            "could not be written",
            id="65 MB, a delivery of 70",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_files_may_not_be_large(
    request: pytest.FixtureRequest,
    ground: Ground,
    megabytes: int,
    table: Table,
    engine: str,
    words: str,
) -> None:
    """Polars would panic, and print it, where it could not spill."""
    limit = f"ulimit -f {megabytes * 2048}"  # of 512 bytes
    command = ["sh", "-c", f'{limit}; exec "$@"', "sh", *batch(ground, table, "--engine", engine)]
    ended = run(command, environment(ground))
    entered(request, f"files of at most {megabytes} MB, {engine}", ground, ended)
    assert ended.code == LocalResourceError.exit_code, ended.err
    assert "panicked" not in ended.err
    assert words in last_error(ended)["message"]
    assert last_error(ended)["hint"]
    assert ground.inbox.keys() == ground.inbox.unfinished() == []
    assert [p for p in ground.spill.rglob("*") if p.is_file() and p.name != "lock"] == []


def test_few_files_may_be_open(request: pytest.FixtureRequest, ground: Ground) -> None:
    few = ["sh", "-c", 'ulimit -n 64; exec "$@"', "sh", *batch(ground, LARGE, "--verify")]
    ended = run(few, environment(ground))
    entered(request, "64 open files", ground, ended)
    assert ended.code == 0, ended.err
    assert ground.inbox.read(f"in/{FILE}") == LARGE.expected


def test_what_a_killed_process_left_without_its_lock_is_swept(ground: Ground) -> None:
    left = ground.spill / "runs" / "left-behind"
    left.mkdir(parents=True)
    (left / "delivery").write_text("half")
    ground.transfer(SMALL)
    assert not left.exists()
    assert ground.files() == []
