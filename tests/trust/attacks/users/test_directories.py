"""What another user of the machine can do to our directories: nothing.

The attacker acts with real system calls under another user's id, before and while a run works. The
kernel's own help (fs.protected_symlinks, fs.protected_hardlinks) is not counted on.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from core.errors import LocalResourceError
from core.runtime.disk import paths
from core.runtime.disk.workspace import workspace
from core.sandbox.launcher import Sandbox
from tests.trust.attacks.users.planting import PRECIOUS, made, mode
from tests.trust.attacks.users.second_user import OTHER, USER, acting_as

NAME = f"amplify-transfer-{USER}"
KINDS = {
    "AMPLIFY_SPILL_DIR": paths.spill_root,
    "AMPLIFY_STATE_DIR": paths.state_dir,
    "AMPLIFY_DATA_DIR": paths.data_dir,
    "AMPLIFY_LOG_DIR": paths.log_dir,
    "AMPLIFY_CONFIG_DIR": paths.config_dir,
}
every_kind = pytest.mark.parametrize("variable", KINDS)


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


# -------------------------------------------------------------------------------------- the sandbox


@pytest.mark.parametrize("given", ["data_dir", "bucket_dir"])
def test_the_sandbox_keeps_no_data_where_another_user_can_replace_it(
    ground: Path, given: Literal["data_dir", "bucket_dir"]
) -> None:
    foreign = made(ground / "foreign", OTHER, 0o777)
    with pytest.raises(LocalResourceError, match="belongs to nobody"), Sandbox(**{given: foreign}):
        pass
    assert [*foreign.iterdir()] == []
