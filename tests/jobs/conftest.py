"""A directory of the test's own for job files, configuration and history."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write a job file, or `amplify.toml`, which only this test sees."""
    for name in ("config", "state"):
        (tmp_path / name).mkdir(mode=0o700)
        monkeypatch.setenv(f"AMPLIFY_{name.upper()}_DIR", str(tmp_path / name))

    def put(text: str, name: str = "job.toml") -> Path:
        path = tmp_path / ("config" if name == "amplify.toml" else "") / name
        path.write_text(text, "utf-8")
        path.chmod(0o600)
        return path

    return put
