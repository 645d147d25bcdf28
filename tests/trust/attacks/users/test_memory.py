"""What another process of the same user, or a core dump, gets of a process that holds secrets.

Root may read all of it; and what is in the environment was there before this program began.
"""

from __future__ import annotations

import os
import pty
import resource
import select
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from core.runtime.process import core_dumps, libc
from tests.trust.attacks.users.second_user import USER, command, environment

SECRET = "hush-hush-hush"
PATIENCE = 60.0  # seconds; the machine may be busy

CRASH = """
import os, resource, sys
hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
if sys.argv[1] == "forbid":
    from core.runtime.process.core_dumps import forbid_core_dumps
    forbid_core_dumps()
print(resource.getrlimit(resource.RLIMIT_CORE)[0])
import ctypes
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), flush=True)  # PR_GET_DUMPABLE
os.abort()
"""

STILL_WORKS = """
from core.runtime.process.core_dumps import forbid_core_dumps
forbid_core_dumps()
from pathlib import Path
from core.runtime.disk import paths
from core.runtime.disk.workspace import workspace
import subprocess, sys
assert paths._list_mounts()
for name in ("statm", "cgroup", "status", "limits"):
    assert Path("/proc/self", name).read_text()
with workspace() as directory:
    (directory / "x").write_text("x")
subprocess.run([sys.executable, "-c", "pass"], check=True)
print("works")
"""

READ = """
import sys
for name in ("environ", "mem", "maps", "auxv"):
    try:
        with open(f"/proc/{sys.argv[1]}/{name}", "rb") as file:
            file.read(1)
        print("read", name)
    except PermissionError:
        print("refused", name)
    except OSError as error:  # nothing is mapped at the first address of the memory
        print("opened", name)
"""


def as_user(
    ground: Path, *arguments: str, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(USER, ground, *arguments),
        env=environment(ground, AMPLIFY_SPILL_DIR=str(ground / "home" / "spill")),
        cwd=cwd or "/",
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.parametrize("how", ["forbid", "allow"])
def test_a_crash(ground: Path, home: Path, how: str) -> None:
    """A real SIGABRT; where it is allowed, and the kernel writes files, there is one."""
    ended = as_user(ground, "-c", CRASH, how, cwd=home)
    assert ended.returncode == -signal.SIGABRT, ended.stderr
    forbidden = how == "forbid"
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    assert ended.stdout.split() == (["0", "0"] if forbidden else [str(hard), "1"])
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    dumps = [path for path in home.iterdir() if path.name.startswith("core")]
    written = not forbidden and hard != 0 and not {"|", "/"} & {*pattern}
    assert bool(dumps) == written


def test_what_the_program_itself_needs_of_proc_still_works(ground: Path, home: Path) -> None:
    ended = as_user(ground, "-c", STILL_WORKS)
    assert ended.stdout == "works\n", ended.stderr


def test_a_limit_that_is_lower_already_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(resource, "getrlimit", lambda what: (0, 0))
    monkeypatch.setattr(resource, "setrlimit", lambda what, limits: asked.append(limits))
    monkeypatch.setattr(libc.ctypes, "CDLL", lambda name: object())  # as on musl, or macOS
    core_dumps.forbid_core_dumps()
    assert asked == [(0, 0)]


def test_the_library_changes_no_process(ground: Path, home: Path) -> None:
    code = (
        "import ctypes, core, core.transfer, core.records.history\n"
        "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))\n"
    )
    ended = as_user(ground, "-c", code)
    assert ended.stdout == "1\n", ended.stderr


# ----------------------------------------------------------------------------------- the front ends


@contextmanager
def front_end(name: str, ground: Path, home: Path) -> Iterator[int]:
    """The process of a front end that holds a secret, for a moment: its id."""
    with closing(socket.create_server(("127.0.0.1", 0))) as warehouse:
        variables = {
            "HOME": str(home),
            "TERM": "xterm-256color",
            "SNOWFLAKE_ACCOUNT": "a",
            "SNOWFLAKE_USER": "u",
            "SNOWFLAKE_PASSWORD": SECRET,
            "SNOWFLAKE_HOST": "127.0.0.1",
            "SNOWFLAKE_PORT": str(warehouse.getsockname()[1]),
            "SNOWFLAKE_PROTOCOL": "http",
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        more = {
            "batch": ["--batch", "--table", "T", "--bucket", "inbox"],
            "web": ["--web"],
            "app": [],
        }
        terminal, end = pty.openpty()
        process = subprocess.Popen(
            command(USER, ground, "-m", "tui", *more[name]),
            env=environment(ground, **variables),
            cwd="/",
            stdin=end,
            stdout=end,
            stderr=end,
            start_new_session=True,
        )
        os.close(end)
        try:
            if name == "web":
                _until(terminal, b"http://")
            else:
                _until_asked(warehouse, terminal)  # it signs in, and gets no answer
            yield process.pid
        finally:
            process.kill()
            process.wait()
            os.close(terminal)


def _until(terminal: int, text: bytes) -> None:
    seen = b""
    while text not in seen:
        assert select.select([terminal], [], [], PATIENCE)[0], seen
        seen += os.read(terminal, 4096)


def _until_asked(warehouse: socket.socket, terminal: int) -> None:
    seen = b""
    while True:
        ready = select.select([warehouse, terminal], [], [], PATIENCE)[0]
        assert ready, seen
        if warehouse in ready:
            return
        try:
            seen += os.read(terminal, 4096)
        except OSError:  # it has ended
            pytest.fail(seen.decode())


@pytest.mark.parametrize("name", ["batch", "app", "web"])
def test_another_process_of_the_user_reads_nothing(ground: Path, home: Path, name: str) -> None:
    with front_end(name, ground, home) as process:
        read = as_user(ground, "-c", READ, str(process))
        core = Path(f"/proc/{process}/limits").read_text()
        assert SECRET in Path(f"/proc/{process}/environ").read_text()  # to root
    assert {line.split()[0] for line in read.stdout.splitlines()} == {"refused"}, read.stdout
    (line,) = [each for each in core.splitlines() if each.startswith("Max core file size")]
    assert line.split()[4] == "0"
