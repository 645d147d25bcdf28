"""Files of our own: private, replaced as a whole, changed by one process at a time."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from core.runtime import private_files


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_append(tmp_path: Path) -> None:
    path = tmp_path / "f"
    private_files.append(path, "a\n")
    private_files.append(path, "ü\n")
    assert path.read_text("utf-8") == "a\nü\n"
    assert mode(path) == 0o600


def test_replace(tmp_path: Path) -> None:
    path = tmp_path / "f.toml"
    path.write_text("old and longer")
    path.chmod(0o644)
    (tmp_path / "f.new").write_text("left by a process that was killed")
    (tmp_path / "f.new").chmod(0o644)
    private_files.replace(path, "new")
    assert path.read_text() == "new"
    assert mode(path) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["f.toml"]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "f.new").symlink_to(victim)
    private_files.replace(tmp_path / "f.toml", "new")
    assert victim.read_text() == "mine"


def test_one_process_at_a_time(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from core.runtime import private_files\n"
        "private_files._PATIENCE = 60\n"
        "path = Path(sys.argv[1])\n"
        "for _ in range(50):\n"
        "    with private_files.lock(path.with_suffix('.lock')):\n"
        "        private_files.replace(path, str(int(path.read_text()) + 1))\n"
    )
    counter = tmp_path / "counter.txt"
    counter.write_text("0")
    running = [subprocess.Popen([sys.executable, "-c", code, str(counter)]) for _ in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert counter.read_text() == "150"


def test_a_lock_is_not_waited_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_files, "_PATIENCE", 0.05)
    entered = False
    with private_files.lock(tmp_path / "lock"), private_files.lock(tmp_path / "lock"):
        entered = True
    assert entered


WITHOUT = """
import os, platformdirs, sys
for name in ("geteuid", "getuid", "fchmod", "O_NOFOLLOW", "O_DIRECTORY", "O_NONBLOCK", "O_CLOEXEC"):
    delattr(os, name)
for name in ("fcntl", "pwd", "grp", "resource"):
    sys.modules[name] = None
from pathlib import Path
from core.runtime import core_dumps, private_files, paths
from core.records.report import check_path
from core.runtime.workspace import workspace
core_dumps.forbid_core_dumps()
state = paths.state_dir()
files.append(state / "f", "a")
files.replace(state / "f", (state / "f").read_text() + "b")
with files.lock(state / "lock"), workspace() as directory:
    (directory / "x").touch()
check_path(str(state / "report.json"))
print((state / "f").read_text(), directory.exists())
"""


def test_where_the_system_has_neither_owners_nor_descriptors(tmp_path: Path) -> None:
    """As on Windows: what cannot be checked is not."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT],
        env={
            **os.environ,
            "AMPLIFY_STATE_DIR": str(tmp_path / "state"),
            "AMPLIFY_SPILL_DIR": str(tmp_path / "spill"),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "ab False\n", done.stderr
