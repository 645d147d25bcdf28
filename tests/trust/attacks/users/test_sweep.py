"""The sweep after killed runs, where another user has planted or has runs of their own."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from core.runtime.disk.workspace import workspace
from tests.trust.attacks.users.planting import PRECIOUS, made
from tests.trust.attacks.users.second_user import OTHER, USER, acting_as, command, environment


def lock_is_a_link(run: Path, outside: Path) -> None:
    made(run, USER, 0o700)
    (run / "lock").symlink_to(outside / "made")


def run_is_a_link(run: Path, outside: Path) -> None:
    run.symlink_to(outside)


def run_of_another_user(run: Path, outside: Path) -> None:
    made(run, OTHER, 0o777)
    (run / "theirs").write_text("x")


@pytest.mark.parametrize("plant", [lock_is_a_link, run_is_a_link, run_of_another_user])
def test_the_sweep_makes_and_removes_nothing_elsewhere(
    ground: Path,
    home: Path,
    plant: Callable[[Path, Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a directory that others could write, until somebody closed it."""
    monkeypatch.setenv("AMPLIFY_SPILL_DIR", str(home / "spill"))
    runs = made(made(home / "spill", USER, 0o700) / "runs", USER, 0o700)
    outside = made(home / "outside", USER, 0o700)
    (outside / "precious").write_text(PRECIOUS)
    plant(runs / "planted", outside)
    before = sorted(path.name for path in (runs / "planted").iterdir())
    with acting_as(USER), workspace():
        pass
    assert [path.name for path in outside.iterdir()] == ["precious"]
    assert sorted(path.name for path in (runs / "planted").iterdir()) == before


def test_a_lock_planted_in_a_shared_directory(
    shared: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMPLIFY_SPILL_DIR", str(shared))
    with acting_as(OTHER):
        (shared / "runs" / "x").mkdir(parents=True)
        for path in (shared / "runs", shared / "runs" / "x"):
            path.chmod(0o777)
        (shared / "runs" / "x" / "lock").symlink_to(home / "made")
    with acting_as(USER), workspace():
        pass
    assert [*home.iterdir()] == []


HOLD = """
import sys
from core.runtime.disk.workspace import workspace
with workspace() as directory:
    (directory / "delivery").write_text("half")
    print(directory, flush=True)
    sys.stdin.read()
"""


def hold(user: int, ground: Path, spill: Path) -> tuple[subprocess.Popen[str], Path]:
    """A run of `user` in a process of its own, and its directory."""
    process = subprocess.Popen(
        command(user, ground, "-c", HOLD),
        env=environment(ground, AMPLIFY_SPILL_DIR=str(spill)),
        cwd="/",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip() or "/nowhere")


def test_two_users_sweep_one_directory(
    ground: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each removes what its own killed processes have left, and nothing of the other."""
    killed = [hold(user, ground, shared) for user in (USER, OTHER)]
    living = [hold(user, ground, shared) for user in (USER, OTHER)]
    for process, _ in killed:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    (_, mine), (_, theirs) = killed
    assert mine.joinpath("delivery").stat().st_uid == USER
    assert theirs.joinpath("delivery").stat().st_uid == OTHER
    monkeypatch.setenv("AMPLIFY_SPILL_DIR", str(shared))
    with acting_as(USER), workspace():
        pass
    assert not mine.exists()
    assert theirs.joinpath("delivery").read_text() == "half"
    with acting_as(OTHER), workspace():
        pass
    assert not theirs.exists()
    assert all(directory.joinpath("delivery").exists() for _, directory in living)
    for process, _ in living:
        process.communicate("")
        assert process.returncode == 0
    assert not any(directory.exists() for _, directory in living)
