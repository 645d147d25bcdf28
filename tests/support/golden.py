"""Golden files: the expected SQL, files and screens, which a person has read before the commit."""

from __future__ import annotations

import os
from difflib import unified_diff
from pathlib import Path

GOLDEN = Path(__file__).parents[1] / "golden"


def compare_golden(name: str, text: str) -> None:
    """Compare `text` with a file under tests/golden; UPDATE_GOLDEN=1 writes the file instead."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    expected = path.read_text()
    if text != expected:
        lines = unified_diff(expected.splitlines(), text.splitlines(), "golden", "now", n=0)
        raise AssertionError("\n".join([f"{name}; UPDATE_GOLDEN=1 takes the new text", *lines]))
