"""What other users of the machine would like to read or change."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.trust.attacks.users.planting import PRECIOUS
from tests.trust.attacks.users.second_user import USER


@pytest.fixture
def precious(home: Path) -> Path:
    """A file of the user, which is none of ours."""
    path = home / "precious"
    path.write_text(PRECIOUS)
    os.chown(path, USER, USER)
    return path
