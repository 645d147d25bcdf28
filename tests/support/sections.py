"""Parts of files that are generated, and stand between two marks."""

from __future__ import annotations

import os
from pathlib import Path


def compare_section(path: Path, start: str, end: str, text: str) -> None:
    """Compare the only part of a file between two marks with `text`.

    With UPDATE_GOLDEN=1 the text is written there.

    Args:
        path: of the file.
        start: what stands before the part, the first time it occurs.
        end: what stands behind it.
        text: as it should be.
    """
    before, found, rest = path.read_text("utf-8").partition(start)
    part, ended, after = rest.partition(end)
    assert found, f"{path.name} has no {start!r}"
    assert ended, f"{path.name} has no {end!r} after {start!r}"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(before + start + text + end + after, "utf-8")
        part = text
    assert part == text, f"{path.name} differs; UPDATE_GOLDEN=1 takes the new text"
