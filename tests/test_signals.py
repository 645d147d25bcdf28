"""Tests may run where signals are ignored: what they start has the default ones all the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

NAMES = ("SIGINT", "SIGHUP", "SIGTERM")
TESTS = f"""
import subprocess, sys

CODE = '''
import signal
for name in {NAMES!r}:
    assert signal.getsignal(getattr(signal, name)) is not signal.SIG_IGN, name
'''

def test_what_a_test_starts():
    assert subprocess.run([sys.executable, "-c", CODE]).returncode == 0
"""


def ignore() -> None:
    """Ignore signals, as a shell does for background jobs and `nohup` for its command."""
    for name in NAMES:
        signal.signal(getattr(signal, name), signal.SIG_IGN)


@pytest.mark.lengthy
def test_children_have_default_signals_where_the_run_ignores_them(tmp_path: Path) -> None:
    (tmp_path / "test_child.py").write_text(TESTS)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "tests.conftest", "--rootdir", str(tmp_path)),
            *("-c", os.devnull, str(tmp_path)),
        ],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        preexec_fn=ignore,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout
