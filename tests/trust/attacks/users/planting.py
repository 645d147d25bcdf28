"""What another user plants, and looks at again afterwards.

The modules that nothing here uses are imported by the code that is tested, only when it needs
them; by then the interpreter may lie where the other user cannot look.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

import filelock  # noqa: F401
import platformdirs  # noqa: F401

PRECIOUS = "precious\n"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def made(path: Path, user: int, permissions: int) -> Path:
    """A directory of `user`, whatever the umask."""
    path.mkdir()
    os.chown(path, user, user)
    path.chmod(permissions)
    return path
