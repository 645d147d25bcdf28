"""Where a report may be written, which is checked before a run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.errors import LocalResourceError, UsageError
from core.records import report
from core.records.report import check_path
from core.runtime.disk.directories import UnsafeDirectoryError

SOMEBODY = 54_321


def test_a_new_file_or_one_to_replace(tmp_path: Path) -> None:
    check_path(str(tmp_path / "report.json"))
    (tmp_path / "report.json").write_text("{}")
    check_path(str(tmp_path / "report.json"))


@pytest.mark.parametrize("place", [".", "missing/report.json"])
def test_what_is_no_place_for_a_file(tmp_path: Path, place: str) -> None:
    with pytest.raises(UsageError, match=r"is not a file|does not exist"):
        check_path(str(tmp_path / place))


def test_a_link_of_another_user_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise UnsafeDirectoryError(path.parent, "is a link of eve")

    monkeypatch.setattr(report, "check_links", refuse)
    with pytest.raises(LocalResourceError, match=f"not safe to write: {tmp_path} is a link of eve"):
        check_path(str(tmp_path / "report.json"))


@pytest.mark.parametrize("mode", [0o1777, 0o777])
def test_another_users_file_in_a_sticky_directory_cannot_be_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(mode)
    path = folder / "report.json"
    path.write_text("{}")
    check_path(str(path))  # their own file
    monkeypatch.setattr(os, "geteuid", lambda: SOMEBODY)
    if mode == 0o777:
        check_path(str(path))
    else:
        with pytest.raises(LocalResourceError, match="another user's file is there"):
            check_path(str(path))
    path.unlink()
    check_path(str(path))
