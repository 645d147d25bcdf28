from __future__ import annotations

import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from core.workspace import polars_spill, workspace

HOLD = """
import sys, time
from core.workspace import polars_spill, workspace
import os
with workspace() as directory:
    (directory / "delivery").write_text("half")
    (polars_spill() / str(os.getpid())).mkdir()
    print(directory, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def spill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AMPLIFY_SPILL_DIR", str(tmp_path / "spill"))
    return tmp_path / "spill"


def hold() -> tuple[subprocess.Popen[str], Path]:
    """Another process with a run of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


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


def test_runs_of_living_processes_are_left_alone() -> None:
    process, theirs = hold()
    with workspace() as ours:
        assert theirs.exists()
        assert ours != theirs
    process.communicate("")
    assert not theirs.exists()


def test_what_a_killed_process_left_is_swept() -> None:
    process, theirs = hold()
    process.send_signal(signal.SIGKILL)
    process.wait()
    spilled = polars_spill() / str(process.pid)
    assert theirs.exists()
    assert spilled.exists()
    with workspace():
        assert not theirs.exists()
        assert not spilled.exists()
    process.communicate()
