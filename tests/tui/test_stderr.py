"""What native code writes to descriptor 2 while the app has the screen."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import os, queue, sys
from tui.stderr import divert_stderr

told = queue.Queue()
with divert_stderr(told.put):
    os.write(2, b"https://sign.in/here\\n")
    assert told.get(timeout=120) == "https://sign.in/here"
    sys.__stderr__.write("painted ")
    sys.stderr.write("last words ")
os.write(2, b"afterwards")
"""


def test_lines_are_told_and_the_screen_stays_the_apps() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert (done.stderr, done.returncode) == ("painted last words afterwards", 0)


APART = """
import os, subprocess, sys
from tui.stderr import separate_stderr

told = []
with separate_stderr(told.append) as stream:
    os.write(2, b"a library's ")
    os.write(2, b"line\\r\\n")
    stream.write("ours ")
    print("a warning", file=sys.stderr)
    subprocess.run(["sh", "-c", "printf 'no end' >&2"])
    held = subprocess.Popen(["sleep", "60"])  # a browser, which keeps it open
assert told == ["a library's line", "a warning"], told  # what has no end is still awaited
held.kill()
os.write(2, b"afterwards")
"""


def test_lines_are_told_apart_from_ours_without_an_app() -> None:
    done = subprocess.run([sys.executable, "-c", APART], capture_output=True, text=True)
    assert (done.stderr, done.returncode) == ("ours afterwards", 0)


def test_a_closed_stderr_stays_closed() -> None:
    body = "with separate_stderr(print) as stream: assert stream is None"
    program = f"from tui.stderr import separate_stderr\n{body}"
    closed = ["sh", "-c", '"$0" -c "$1" 2>&-', sys.executable, program]
    assert subprocess.run(closed).returncode == 0
