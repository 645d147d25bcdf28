"""Errors that nobody catches: one line of ours, whichever front end, and no text of theirs."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.programs.ptys import lines_of

SECRET = "hidden\x1b]52;c;Zm9yZ2Vk\x07 value"
# Each front end, with work that fails in a thread and in a clean-up, and then ends by itself.
PROGRAM = """
import threading

class Broken:
    def __del__(self):
        raise LookupError(SECRET)

def fail(*args, **kwargs):
    def work():
        raise ValueError(SECRET)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    Broken()
    return 0
"""
FRONT_ENDS = {
    "batch": """
from tui.cli import batch
batch._run = fail
from tui.cli.signals import leave
leave(batch.run({}, batch.Manner(json=JSON)))
""",
    "web": """
import tui.web.server
from tui.web.run import run
tui.web.server.serve = fail
run({}, demo=False, port=None, json=JSON)
""",
    "app": """
from tui import launch
launch.TransferApp.run = fail
launch.TransferApp.return_code = 0
launch.start({}, demo=False)
""",
}


@pytest.mark.parametrize("json", [False, True], ids=["text", "json"])
@pytest.mark.parametrize("name", FRONT_ENDS)
def test_a_failure_in_the_background(
    name: str, json: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMPLIFY_LOG_DIR", str(tmp_path))
    monkeypatch.delenv("AMPLIFY_DEBUG", raising=False)
    program = f"SECRET, JSON = {SECRET!r}, {json}\n{PROGRAM}{FRONT_ENDS[name]}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60)
    lines = [line for line in lines_of(done.stderr.replace(b"\n", b"\r\n")) if line]
    assert done.returncode == 0, lines
    assert len(lines) == (0 if name == "app" else 2), lines  # the app has no line to spare
    for line, kind in zip(lines, ("ValueError", "LookupError"), strict=False):
        assert f"failed in the background ({kind}); see {tmp_path}/errors.log." in line
    log = (tmp_path / "errors.log").read_text()
    assert stat.S_IMODE((tmp_path / "errors.log").stat().st_mode) == 0o600
    assert "builtins.ValueError" in log
    assert "builtins.LookupError" in log
    assert "hidden" not in f"{log}{lines}"
