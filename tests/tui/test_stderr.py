"""What native code writes to descriptor 2 while the app has the screen."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import os, queue, sys
from tui.stderr import diverted

told = queue.Queue()
with diverted(told.put):
    os.write(2, b"https://sign.in/here\\n")
    assert told.get(timeout=10) == "https://sign.in/here"
    sys.__stderr__.write("painted ")
    sys.stderr.write("last words ")
os.write(2, b"afterwards")
"""


def test_lines_are_told_and_the_screen_stays_the_apps() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert (done.stderr, done.returncode) == ("painted last words afterwards", 0)
