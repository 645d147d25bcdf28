from __future__ import annotations

import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import LocalResourceError
from core.runtime.disk.workspace import check_space, discard_own, workspace

HOLD = """
import sys, time
from core.runtime.disk.workspace import workspace
with workspace() as directory:
    (directory / "delivery").write_text("half")
    (directory / "spilled").write_text("half")
    print(directory, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def spill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AMPLIFY_SPILL_DIR", str(tmp_path / "spill"))
    return tmp_path / "spill"


def hold() -> tuple[subprocess.Popen[str], list[Path]]:
    """Another process with a run of its own, and its directories."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, [Path(text) for text in process.stdout.readline().split()]


def test_the_directory_is_private_and_goes_with_the_run(spill: Path) -> None:
    with workspace() as directory:
        assert directory.is_relative_to(spill)
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        (directory / "delivery").write_text("x")
    assert not directory.exists()


def test_it_goes_with_an_error_too() -> None:
    with pytest.raises(RuntimeError), workspace() as directory:
        raise RuntimeError
    assert not directory.exists()


def test_directories_of_living_processes_are_left_alone_and_go_with_them() -> None:
    process, theirs = hold()
    with workspace():
        assert all(directory.exists() for directory in theirs)
    process.communicate("")
    assert not any(directory.exists() for directory in theirs)


def test_what_a_killed_process_left_is_swept() -> None:
    process, theirs = hold()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert all(directory.exists() for directory in theirs)
    with workspace():
        assert not any(directory.exists() for directory in theirs)


def test_a_process_can_discard_all_it_has() -> None:
    with workspace() as directory:
        (directory / "spilled").touch()
        discard_own()
        assert not directory.exists()


def test_a_place_that_cannot_be_written_is_an_error(spill: Path) -> None:
    spill.mkdir()
    (spill / "runs").touch()
    with pytest.raises(LocalResourceError, match="runs cannot be written"), workspace():
        pass
    discard_own()  # and stays silent, lest it hide the error


def test_a_disk_that_is_about_to_be_full_is_an_error(spill: Path) -> None:
    with workspace() as directory:
        check_space(directory)
        free = shutil.disk_usage(directory).free
        with pytest.raises(LocalResourceError, match="AMPLIFY_SPILL_DIR"):
            check_space(directory, spare=2 * free)
