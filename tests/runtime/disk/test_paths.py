"""Directories of our own: by the platform's rules, by a variable, or where there is no home."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from core.errors import LocalResourceError
from core.runtime.disk import paths

FUNCTIONS = {
    "AMPLIFY_SPILL_DIR": paths.spill_root,
    "AMPLIFY_STATE_DIR": paths.state_dir,
    "AMPLIFY_DATA_DIR": paths.data_dir,
    "AMPLIFY_LOG_DIR": paths.log_dir,
    "AMPLIFY_CONFIG_DIR": paths.config_dir,
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in (*FUNCTIONS, *(name for name in os.environ if name.startswith("XDG_"))):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("variable", FUNCTIONS)
def test_a_directory_under_home_that_nobody_else_can_read(variable: str, home: Path) -> None:
    found = FUNCTIONS[variable]()
    assert found.is_relative_to(home) or paths.is_memory_backed(home)
    assert stat.S_IMODE(found.stat().st_mode) == 0o700


@pytest.mark.parametrize("variable", FUNCTIONS)
def test_the_variable_wins(variable: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, str(home / "chosen" / "deep"))
    assert FUNCTIONS[variable]() == home / "chosen" / "deep"
    assert (home / "chosen" / "deep").is_dir()


@pytest.mark.parametrize("variable", FUNCTIONS)
def test_a_variable_that_cannot_be_used_is_an_error(
    variable: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "file").write_text("")
    monkeypatch.setenv(variable, str(home / "file" / "below"))
    with pytest.raises(LocalResourceError, match="cannot be written") as caught:
        FUNCTIONS[variable]()
    assert variable in caught.value.hint


def test_a_user_without_any_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    assert paths.spill_root().parent.name == f"amplify-transfer-{os.getuid()}"


@pytest.mark.parametrize("variable", FUNCTIONS)
def test_without_a_home_the_fallback_is_ours_and_private(
    variable: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "not-a-directory").write_text("")
    monkeypatch.setenv("HOME", str(home / "not-a-directory"))
    found = FUNCTIONS[variable]()
    assert os.access(found, os.W_OK)
    assert found.parent.name == f"amplify-transfer-{os.getuid()}"
    assert stat.S_IMODE(found.parent.stat().st_mode) == 0o700


def test_a_fallback_that_somebody_else_prepared_is_passed_over(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "not-a-directory").write_text("")
    monkeypatch.setenv("HOME", str(home / "not-a-directory"))
    monkeypatch.setattr(
        paths, "_get_fallbacks", lambda kind: [home / name / kind for name in ("a", "b")]
    )
    (home / "a").mkdir()
    (home / "a").chmod(0o777)
    assert paths.state_dir() == home / "b" / "state"


def test_memory_is_told_from_disk(tmp_path: Path) -> None:
    in_memory = Path("/dev/shm")
    if not in_memory.is_dir():
        pytest.skip("the kernel gives no file system in memory here")
    assert paths.is_memory_backed(in_memory / "not" / "yet" / "there")
    assert not paths.is_memory_backed(Path("/proc/self"))


def test_spilling_prefers_a_disk(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "is_memory_backed", lambda path: path.is_relative_to(home))
    assert not paths.spill_root().is_relative_to(home)
