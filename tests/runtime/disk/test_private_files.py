"""Files of our own: private, replaced as a whole, changed by one process at a time."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from core.runtime.disk import private_files


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
    private_files.replace(path, "new")
    assert path.read_text() == "new"
    assert mode(path) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["f.toml"]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "f.toml").symlink_to(victim)
    private_files.replace(tmp_path / "f.toml", "new")
    assert victim.read_text() == "mine"
    assert (tmp_path / "f.toml").read_text() == "new"


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "f"
    private_files.replace(path, "old")
    with pytest.raises(UnicodeEncodeError):
        private_files.replace(path, "\udcff")
    assert path.read_text() == "old"
    assert [*tmp_path.iterdir()] == [path]


def test_writers_without_a_lock_do_not_meet(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from core.runtime.disk import private_files\n"
        "for _ in range(200):\n"
        "    private_files.replace(Path(sys.argv[1]), sys.argv[2] * 10_000)\n"
    )
    path = tmp_path / "f"
    running = [subprocess.Popen([sys.executable, "-c", code, str(path), each]) for each in "abc"]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert path.read_text() in {each * 10_000 for each in "abc"}
    assert [*tmp_path.iterdir()] == [path]


TRY = """
import os, sys
from core.runtime.disk.private_files import open_own, try_lock
print(try_lock(open_own(sys.argv[1], os.O_RDWR)))
"""


def test_a_file_is_locked_from_its_first_byte_until_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "f"

    def others_could_lock() -> str:
        return subprocess.check_output([sys.executable, "-c", TRY, str(path)], text=True).strip()

    handle = private_files.write_locked(path, "ü")
    assert (path.read_text("utf-8"), mode(path)) == ("ü", 0o600)
    assert others_could_lock() == "False"
    os.close(handle)
    assert others_could_lock() == "True"
    with pytest.raises(FileExistsError):
        private_files.write_locked(path, "other")
    assert path.read_text("utf-8") == "ü"


def test_one_process_at_a_time(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from core.runtime.disk import private_files\n"
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
for name in ("pwd", "grp", "resource"):  # Windows has locks, for which fcntl stands here
    sys.modules[name] = None
from pathlib import Path
from core.runtime.process import core_dumps
from core.runtime.disk import private_files, paths
from core.records.report import check_path
from core.runtime.disk.workspace import workspace
core_dumps.forbid_core_dumps()
state = paths.state_dir()
private_files.append(state / "f", "a")
private_files.replace(state / "f", (state / "f").read_text() + "b")
with private_files.lock(state / "lock"), workspace() as directory:
    (directory / "x").touch()
check_path(str(state / "report.json"))
print((state / "f").read_text(), directory.exists())
"""


def run_apart(code: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Run `code` in a process of its own, with directories of its own."""
    return subprocess.run(
        [sys.executable, "-c", code],
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


def test_where_the_system_has_neither_owners_nor_descriptors(tmp_path: Path) -> None:
    """As on Windows: what cannot be checked is not."""
    done = run_apart(WITHOUT, tmp_path)
    assert done.stdout == "ab False\n", done.stderr


WITHOUT_LOCKS = """
import sys
sys.modules["fcntl"] = None
from core.bucket.open_uploads import OpenUploads
from core.errors import LocalResourceError
from core.runtime.disk.paths import spill_root, state_dir
from core.runtime.disk.private_files import lock
from core.runtime.disk.workspace import workspace
with lock(state_dir() / "lock"):
    print("entered")
with OpenUploads.of("bucket", "", "").record("key", "id"):
    print([*(state_dir() / "uploads").iterdir()])
try:
    with workspace():
        print("unlocked")
except LocalResourceError as error:
    print(error.message)
print([*(spill_root() / "runs").iterdir()])
"""


def test_where_there_are_no_locks(tmp_path: Path) -> None:
    """A file is changed all the same; what a sweep would remove is not made."""
    runs = tmp_path / "spill" / "runs"
    done = run_apart(WITHOUT_LOCKS, tmp_path)
    refused = f"{runs} cannot be written: its file system has no locks."
    assert done.stdout.splitlines() == ["entered", "[]", refused, "[]"], done.stderr
