"""Leaving by key, whatever is open, within a second; and the real program on a real terminal."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.errors import TemporaryError
from tests.support.programs import batch_runs
from tests.support.programs.terminal import terminal
from tests.support.waiting import AT_ONCE
from tests.tui.app_driver import workbench
from tests.tui.app_hosts import until
from tui.screens.error import ErrorDialog, show_error

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox


@pytest.mark.parametrize("key", ["ctrl+q", "f10"])
async def test_idle(sandbox: Sandbox, key: str) -> None:
    async with workbench(sandbox) as drive:
        await drive.tables()
        began = time.monotonic()
        await drive.press(key)
        await until(drive.pilot, lambda: not drive.app.is_running, at_once=True)
        assert time.monotonic() - began < AT_ONCE


@pytest.mark.parametrize("opened", ["error", "ctrl+p", "f5"])
async def test_above_what_is_open(sandbox: Sandbox, opened: str) -> None:
    options = {"table": "LOCATIONS_595", "date_column": "DOB", "bucket": "b-x"}
    async with workbench(sandbox, options) as drive:
        await drive.planned("LOCATIONS_595")
        if opened == "error":
            show_error(drive.app, TemporaryError("m"))
        else:
            await drive.press(opened)
        await until(drive.pilot, lambda: drive.app.screen is not drive.bench)
        assert opened != "error" or isinstance(drive.app.screen, ErrorDialog)
        began = time.monotonic()
        await drive.press("ctrl+q")
        await until(drive.pilot, lambda: not drive.app.is_running, at_once=True)
        assert time.monotonic() - began < AT_ONCE


async def test_while_a_table_is_looked_at(sandbox: Sandbox) -> None:
    async with workbench(sandbox, {"table": "MOVIE_RATINGS_27M"}) as drive:
        await until(drive.pilot, lambda: drive.bench.query("#column-list"), at_once=True)
        began = time.monotonic()
        await drive.app.run_action("quit")
        await until(drive.pilot, lambda: not drive.app.is_running, at_once=True)
        assert time.monotonic() - began < AT_ONCE


@pytest.fixture
def env(sandbox: Sandbox, tmp_path: Path) -> dict[str, str]:
    """Where a program of its own meets the sandbox, with directories of its own."""
    own = {
        f"AMPLIFY_{name}_DIR": str(tmp_path / name.lower())
        for name in ("STATE", "DATA", "CONFIG", "SPILL", "LOG")
    }
    return {**batch_runs.place(sandbox), **own}


def test_on_a_real_terminal(env: dict[str, str]) -> None:
    with terminal(batch_runs.program("--table", "LOCATIONS_595"), env) as screen:
        screen.read_until(" tables ")
        began = time.monotonic()
        screen.press("\x1b[21~")  # F10
        code = screen.end()
        assert time.monotonic() - began < AT_ONCE
        assert code == 0
        assert screen.text.count("\x1b[?1049h") == screen.text.count("\x1b[?1049l") == 1
        assert "\x1b[?25h" in screen.text.rpartition("\x1b[?1049")[0] + screen.text[-200:]
        assert "Traceback" not in screen.text


def test_a_signal_to_abort_leaves_the_terminal_usable(env: dict[str, str]) -> None:
    with terminal(batch_runs.program("--table", "LOCATIONS_595"), env) as screen:
        screen.read_until(" tables ")
        assert not screen.echoes
        screen.process.send_signal(signal.SIGABRT)
        code = screen.end()
        assert code == 128 + signal.SIGABRT
        assert screen.echoes
        assert screen.text.count("\x1b[?1049h") == screen.text.count("\x1b[?1049l") == 1
        assert "\x1b[?25h" in screen.text.rpartition("\x1b[?1049")[0] + screen.text[-200:]


CRASHING = """
from tui import app
from tui import launch

class Crashing(app.TransferApp):
    def key_y(self):
        password = "hunter2"
        raise RuntimeError(f"cannot use {password}")

launch.TransferApp = Crashing
raise SystemExit(launch.start({"table": "LOCATIONS_595"}, demo=False))
"""


def test_a_crash_on_a_real_terminal_shows_no_secret(env: dict[str, str]) -> None:
    with terminal([sys.executable, "-c", CRASHING], env) as screen:
        screen.read_until(" tables ")
        screen.press("y")
        code = screen.end()
    assert code == 1
    told = screen.text.rpartition("\x1b[?1049l")[2]
    assert "Unexpected RuntimeError" in told
    assert "report" in told
    assert "key_y" in told
    assert "hunter2" not in screen.text
    assert env["SNOWFLAKE_PASSWORD"] not in screen.text
