"""A secret that must be in no file and no output, and where it might be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HUSH = "hush-marker"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)
    return path


def run(code: str, *arguments: str, **env: str) -> tuple[int, str]:
    """Run Python code; its exit code, and all that it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def kept(root: Path) -> str:
    """All that is in the files of our own directories now."""
    files = (path for path in (root / "own").rglob("*") if path.is_file())
    return "\n".join(path.read_bytes().decode("latin-1") for path in files)
