"""A home directory without the settings of this machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

KINDS = ("STATE", "CONFIG", "LOG", "SPILL", "DATA")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home directory."""
    for variable in list(os.environ):
        if variable.startswith(("SNOWFLAKE", "PRIVATE_KEY", "XDG_")):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("HOME", str(tmp_path))
    for kind in KINDS:
        monkeypatch.setenv(f"AMPLIFY_{kind}_DIR", str(tmp_path / "own" / kind.lower()))
    return tmp_path
