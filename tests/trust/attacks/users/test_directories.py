"""What another user of the machine can do to our directories and files: nothing.

The attacker acts with real system calls under another user's id, before and while a run works. The
kernel's own help (fs.protected_symlinks, fs.protected_hardlinks) is not counted on.
"""

from __future__ import annotations

import grp  # noqa: F401  loaded while the interpreter can be reached
import os
import pwd  # noqa: F401
import signal
import stat
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import platformdirs  # noqa: F401
import pytest

from core.bucket.open_uploads import OpenUploads
from core.errors import LocalResourceError
from core.records.history import HistoryEntry, read_history, record
from core.records.report import check_path
from core.runtime.disk import paths, private_files
from core.runtime.disk.workspace import workspace
from core.sandbox.launcher import Sandbox
from tests.trust.attacks.users.second_user import OTHER, USER, acting_as, command, environment
from tui.preferences import Memory

PRECIOUS = "precious\n"
NAME = f"amplify-transfer-{USER}"
KINDS = {
    "AMPLIFY_SPILL_DIR": paths.spill_root,
    "AMPLIFY_STATE_DIR": paths.state_dir,
    "AMPLIFY_DATA_DIR": paths.data_dir,
    "AMPLIFY_LOG_DIR": paths.log_dir,
    "AMPLIFY_CONFIG_DIR": paths.config_dir,
}
every_kind = pytest.mark.parametrize("variable", KINDS)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def made(path: Path, user: int, permissions: int) -> Path:
    """A directory of `user`, whatever the umask."""
    path.mkdir()
    os.chown(path, user, user)
    path.chmod(permissions)
    return path


@pytest.fixture
def precious(home: Path) -> Path:
    """A file of the user, which is none of ours."""
    path = home / "precious"
    path.write_text(PRECIOUS)
    os.chown(path, USER, USER)
    return path


# ------------------------------------------------------------------------------ shared directories


def test_a_run_in_a_shared_directory_is_out_of_reach(
    shared: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another user prepares `runs`, and later tries to read, replace and swap the delivery."""
    monkeypatch.setenv("AMPLIFY_SPILL_DIR", str(shared))
    with acting_as(OTHER):
        (shared / "runs").mkdir()
        (shared / "runs").chmod(0o777)
    with acting_as(USER), workspace() as directory:
        delivery = directory / "delivery"
        delivery.write_text(PRECIOUS)
        with acting_as(OTHER):
            with pytest.raises(PermissionError):
                delivery.read_text()
            with pytest.raises(PermissionError):
                delivery.write_text("forged")
            for path in (directory, directory.parent, directory.parent.parent):
                with pytest.raises(PermissionError):
                    path.rename(shared / "swapped")
        assert delivery.read_text() == PRECIOUS
    assert [*(shared / "runs").iterdir()] == []


@every_kind
def test_a_shared_directory_gets_one_for_each_user(
    shared: Path, home: Path, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(shared))
    for user in (USER, OTHER):
        with acting_as(user):
            found = KINDS[variable]()
        assert found == shared / f"amplify-transfer-{user}"
        assert (found.stat().st_uid, mode(found)) == (user, 0o700)


def to_documents(home: Path, planted: Path) -> None:
    planted.symlink_to(home / "documents")


def as_directory(home: Path, planted: Path) -> None:
    planted.mkdir()
    planted.chmod(0o777)


PLANTS = [to_documents, as_directory]


@pytest.mark.parametrize("plant", PLANTS)
@every_kind
def test_our_name_taken_in_a_shared_directory(
    shared: Path,
    home: Path,
    variable: str,
    plant: Callable[[Path, Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, str(shared))
    documents = made(home / "documents", USER, 0o700)
    with acting_as(OTHER):
        plant(home, shared / NAME)
    with acting_as(USER), pytest.raises(LocalResourceError, match="is not safe to use") as caught:
        KINDS[variable]()
    assert variable in caught.value.hint
    assert [*documents.iterdir()] == []
    assert [*shared.iterdir()] == [shared / NAME]


@pytest.mark.parametrize("plant", PLANTS)
@every_kind
def test_a_fallback_that_another_user_has_planted(
    shared: Path,
    home: Path,
    variable: str,
    plant: Callable[[Path, Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is passed over, and nothing is made through it before that."""
    documents = made(home / "documents", USER, 0o700)
    monkeypatch.setenv("HOME", "/dev/null")
    monkeypatch.setattr(paths, "_get_fallbacks", lambda kind: [shared / NAME / kind, home / kind])
    with acting_as(OTHER):
        plant(home, shared / NAME)
    with acting_as(USER):
        found = KINDS[variable]()
        assert found.parent == home
    assert [*documents.iterdir()] == []
    assert [*(shared / NAME).iterdir()] == []


def test_a_link_to_where_another_user_waits(shared: Path, home: Path) -> None:
    """The second of two components may be the link, to a directory that is the user's own."""
    documents = made(home / "documents", USER, 0o700)
    with acting_as(OTHER):
        (shared / "project").symlink_to(documents)
    with acting_as(USER), pytest.MonkeyPatch.context() as patch:
        patch.setenv("AMPLIFY_STATE_DIR", str(shared / "project" / "state"))
        with pytest.raises(LocalResourceError, match="project is a link"):
            paths.state_dir()
    assert [*documents.iterdir()] == []


# --------------------------------------------------------------------- directories of somebody else


@every_kind
@pytest.mark.parametrize("victim", [USER, 0])
def test_a_directory_of_another_user(
    ground: Path, home: Path, variable: str, victim: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root too refuses: whoever owns a volume may replace what is in it."""
    foreign = made(ground / "foreign", OTHER, 0o777)
    monkeypatch.setenv(variable, str(foreign))
    with acting_as(victim), pytest.raises(LocalResourceError) as caught:
        KINDS[variable]()
    assert f"{foreign} belongs to nobody (uid 65534)" in caught.value.message
    assert variable in caught.value.hint
    assert [*foreign.iterdir()] == []


@pytest.mark.parametrize(
    ("owner", "group", "permissions", "safe"),
    [
        pytest.param(USER, USER, 0o755, True, id="the user's"),
        pytest.param(USER, USER, 0o775, True, id="the user's own group, umask 002"),
        pytest.param(USER, OTHER, 0o775, False, id="another group may write"),
        pytest.param(USER, USER, 0o777, False, id="all may write"),
        pytest.param(0, 0, 0o777, False, id="root's, all may write, not sticky"),
        pytest.param(0, 0, 0o1777, True, id="root's, sticky"),
        pytest.param(OTHER, OTHER, 0o1777, False, id="another user's, sticky"),
    ],
)
@pytest.mark.parametrize("below", ["", "state"])
def test_who_may_write(
    ground: Path, home: Path, owner: int, group: int, permissions: int, safe: bool, below: str
) -> None:
    place = made(ground / "place", owner, permissions)
    os.chown(place, owner, group)
    place.chmod(permissions)
    with acting_as(USER), pytest.MonkeyPatch.context() as patch:
        patch.setenv("AMPLIFY_STATE_DIR", str(place / below))
        if safe:
            found = paths.state_dir()
            assert found.is_relative_to(place)
            assert found.stat().st_uid == USER
        else:
            with pytest.raises(LocalResourceError, match=f"{place} ") as caught:
                paths.state_dir()
            assert ("chmod go-w" in caught.value.hint) == (owner != OTHER)
    assert safe or [*place.iterdir()] == []


def test_links_of_the_user_are_followed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(home / "link" / "state"))
    with acting_as(USER):
        (home / "real").mkdir()
        (home / "relative").symlink_to("real/../real")
        (home / "link").symlink_to(home / "relative")
        assert paths.state_dir() == home / "link" / "state"
        (home / "loop").symlink_to("loop")
    assert (home / "real" / "state").is_dir()
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(home / "loop" / "state"))
    with pytest.raises(LocalResourceError):
        paths.state_dir()


# ---------------------------------------------------------------------------------------- the sweep


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


# -------------------------------------------------------------------------------------------- files


def entry() -> HistoryEntry:
    return HistoryEntry(
        datetime(2026, 1, 1, tzinfo=UTC), 1.0, "app", False, "T", "s3://b/k", "delivered"
    )


def linked(path: Path, precious: Path) -> None:
    path.symlink_to(precious)


def hard_linked(path: Path, precious: Path) -> None:
    path.hardlink_to(precious)


def of_another_user(path: Path, precious: Path) -> None:
    precious.rename(path)
    os.chown(path, OTHER, OTHER)
    path.chmod(0o666)
    precious.symlink_to(path)


def append(path: Path) -> None:
    private_files.append(path, "x")


def hold_lock(path: Path) -> None:
    with private_files.lock(path):
        pass


PLANTED_FILES = [linked, hard_linked, of_another_user]


@pytest.mark.parametrize("plant", PLANTED_FILES)
@pytest.mark.parametrize("use", [append, hold_lock])
def test_a_file_that_another_user_has_planted(
    home: Path,
    precious: Path,
    plant: Callable[[Path, Path], None],
    use: Callable[[Path], None],
) -> None:
    plant(home / "file", precious)
    before = mode(precious)
    with acting_as(USER), pytest.raises(OSError):  # noqa: PT011  whichever the kernel gives
        use(home / "file")
    assert (precious.read_text(), mode(precious)) == (PRECIOUS, before)


def test_a_file_of_another_user_is_not_replaced(home: Path, precious: Path) -> None:
    of_another_user(home / "file", precious)
    with acting_as(USER), pytest.raises(PermissionError):
        private_files.replace(home / "file", "x")
    assert [path.name for path in sorted(home.iterdir())] == ["file", "precious"]
    assert precious.read_text() == PRECIOUS


@pytest.mark.parametrize("plant", PLANTED_FILES)
def test_a_report_takes_the_place_of_a_file_and_does_not_write_it(
    home: Path, precious: Path, plant: Callable[[Path, Path], None]
) -> None:
    plant(home / "file", precious)
    (home / "kept").hardlink_to(precious.resolve())
    with acting_as(USER):
        private_files.replace(home / "file", "x", of_anyone=True)
    found = (home / "file").lstat()
    assert (found.st_uid, found.st_nlink, mode(home / "file")) == (USER, 1, 0o600)
    assert ((home / "file").read_text(), (home / "kept").read_text()) == ("x", PRECIOUS)


@pytest.mark.parametrize("plant", PLANTED_FILES)
def test_a_history_that_another_user_has_planted(
    home: Path,
    precious: Path,
    plant: Callable[[Path, Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(home / "state"))
    text = entry().as_line()
    precious.write_text(text)
    made(home / "state", USER, 0o700)
    plant(home / "state" / "history.jsonl", precious)
    with acting_as(USER):
        assert read_history() == []
        record(entry())
    assert precious.read_text() == text


def test_a_record_of_an_upload_that_another_user_has_planted(
    home: Path, precious: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would have us abort uploads of their choice."""
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(home / "state"))
    uploads = OpenUploads.of("bucket", "", "")
    with acting_as(USER), uploads.record("key", "id") as kept:
        kept.kept = True
    (ours,) = (home / "state" / "uploads").iterdir()
    ours.rename(home / "moved")
    ours.symlink_to(home / "moved")
    theirs = ours.with_name("theirs.json")
    theirs.write_text((home / "moved").read_text())
    os.chown(theirs, OTHER, OTHER)
    theirs.chmod(0o666)
    aborted = []
    with acting_as(USER):
        uploads.sweep(lambda key, upload_id: bool(aborted.append((key, upload_id))))
    assert aborted == []


def test_the_memory_of_the_app_is_written_through_no_link(home: Path, precious: Path) -> None:
    state = made(home / "state", USER, 0o700)
    with acting_as(USER):
        (state / "app.json").symlink_to(precious)
        Memory(state / "app.json").theme = "nord"
        assert Memory(state / "app.json").theme == "nord"
    assert precious.read_text() == PRECIOUS


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_files_are_private_whatever_the_umask(
    home: Path, umask: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(home / "state"))
    monkeypatch.setenv("AMPLIFY_SPILL_DIR", str(home / "spill"))
    with acting_as(USER):
        before = os.umask(umask)
        try:
            record(entry())
            record(entry())
            Memory(home / "state" / "app.json").theme = "nord"
            with workspace() as directory:
                lock = mode(directory / "lock")
                assert mode(directory) == 0o700
        finally:
            os.umask(before)
        assert len(read_history()) == 2
    found = {path.name: mode(path) for path in (home / "state").iterdir()}
    assert found == dict.fromkeys(("app.json", "history.jsonl", "history.lock"), 0o600)
    assert (mode(home / "state"), mode(home / "spill"), lock) == (0o700, 0o700, 0o600)


# --------------------------------------------------------------------------------------- the report


def test_a_report_is_not_written_through_a_link_of_another_user(shared: Path, home: Path) -> None:
    with acting_as(OTHER):
        (shared / "theirs").mkdir()
        (shared / "theirs").chmod(0o777)
        (shared / "reports").symlink_to(shared / "theirs")
        (shared / "report.json").touch()
    with acting_as(USER):
        with pytest.raises(LocalResourceError, match="reports is a link of nobody"):
            check_path(str(shared / "reports" / "report.json"))
        with pytest.raises(LocalResourceError, match="another user's file"):
            check_path(str(shared / "report.json"))
        (home / "mine").mkdir()
        (shared / "mine").symlink_to(home / "mine")
        check_path(str(shared / "mine" / "report.json"))
        check_path(str(shared / "new.json"))


# -------------------------------------------------------------------------------------- the sandbox


@pytest.mark.parametrize("given", ["data_dir", "bucket_dir"])
def test_the_sandbox_keeps_no_data_where_another_user_can_replace_it(
    ground: Path, given: Literal["data_dir", "bucket_dir"]
) -> None:
    foreign = made(ground / "foreign", OTHER, 0o777)
    with pytest.raises(LocalResourceError, match="belongs to nobody"), Sandbox(**{given: foreign}):
        pass
    assert [*foreign.iterdir()] == []
