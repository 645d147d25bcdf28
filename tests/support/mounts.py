"""File systems of a test's own, in a mount namespace of its own."""

from __future__ import annotations

import subprocess
from functools import cache


@cache
def can_mount() -> bool:
    """Whether tests may have file systems of their own (root on Linux)."""
    done = subprocess.run(
        ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], check=False, capture_output=True
    )
    return done.returncode == 0
