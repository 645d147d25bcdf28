"""Files that another user has planted: what we keep, and reports, are not written through them."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.bucket.open_uploads import OpenUploads
from core.errors import LocalResourceError
from core.records.history import HistoryEntry, read_history, record
from core.records.report import check_path
from core.runtime.disk import private_files
from core.runtime.disk.workspace import workspace
from tests.trust.attacks.users.planting import PRECIOUS, made, mode
from tests.trust.attacks.users.second_user import OTHER, USER, acting_as
from tui.preferences import Memory


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


@pytest.mark.parametrize("name", ["history.jsonl", "history.db"])
@pytest.mark.parametrize("plant", PLANTED_FILES)
def test_a_history_that_another_user_has_planted(
    home: Path,
    precious: Path,
    name: str,
    plant: Callable[[Path, Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(home / "state"))
    text = entry().as_line()
    precious.write_text(text)
    made(home / "state", USER, 0o700)
    plant(home / "state" / name, precious)
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
    assert found == dict.fromkeys(("app.json", "history.db"), 0o600)
    assert (mode(home / "state"), mode(home / "spill"), lock) == (0o700, 0o700, 0o600)


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
