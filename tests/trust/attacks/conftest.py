"""A machine with several users, which only root can have."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.trust.attacks.users.second_user import USER


@pytest.fixture
def ground() -> Iterator[Path]:
    """A directory that all users can enter, as they cannot pytest's own."""
    if os.geteuid() != 0:
        pytest.skip("only root can act as other users")
    made = Path(tempfile.mkdtemp(prefix="users-", dir="/tmp"))
    made.chmod(0o711)  # entered, not listed: as many an administrator has /home
    yield made
    shutil.rmtree(made)


@pytest.fixture
def shared(ground: Path) -> Path:
    """A directory in which all may write, as in /tmp."""
    made = ground / "shared"
    made.mkdir()
    made.chmod(0o1777)
    return made


@pytest.fixture
def home(ground: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of USER; no variable names another directory."""
    made = ground / "home"
    made.mkdir(mode=0o755)
    os.chown(made, USER, USER)
    for name in [*os.environ]:
        if name.startswith(("AMPLIFY_", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(made))
    return made
