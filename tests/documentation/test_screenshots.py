"""The script that takes the README's pictures still finds its way through the app."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECONDS = 1200  # on a busy machine; what hangs takes longer


@pytest.mark.lengthy
def test_every_picture_can_be_taken_again(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "screenshots/make.py", "--to", str(tmp_path), "--table", "ORDERS_100K"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    taken = {path.name for path in tmp_path.glob("*.svg")}
    assert taken == {path.name for path in (ROOT / "screenshots").glob("*.svg")}
    assert all("amplify-transfer" in (tmp_path / name).read_text("utf-8") for name in taken)


def test_the_readme_shows_pictures_that_are_there() -> None:
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", (ROOT / "README.md").read_text("utf-8"))
    assert shown
    assert all((ROOT / path).is_file() for path in shown)
