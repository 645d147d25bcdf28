"""The engine in the app: what it is, what it costs, how it is chosen; on the sandbox."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from textual.widgets import Input, Static

from core.records.history import read_history
from core.request.reproduce import as_command, as_python
from tests.tui.app_driver import SMALL, USUAL, Driver, workbench
from tests.tui.app_hosts import send_key, shown, until, whole
from tests.tui.app_layout import faults
from tui.preferences import Memory
from tui.screens.history import HistoryScreen
from tui.screens.run.screen import RunScreen, State
from tui.widgets.choice import Choice
from tui.workbench.dialogs import SqlDialog

if TYPE_CHECKING:
    from core.request.request import Request
    from core.sandbox.launcher import Sandbox

ORDERS = {"table": "ORDERS_100K", "key_columns": ("O_CLERK",), "sum_columns": ("O_TOTALPRICE",)}


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(tmp_path / "state"))
    return tmp_path


def small(sandbox: Sandbox) -> dict[str, Any]:
    """A transfer of its own place in the bucket, by which every engine can."""
    return {
        "table": "LOCATIONS_595",
        "date_column": "DOB",
        "key_columns": (),
        "bucket": f"s3://{sandbox.s3['bucket']}/{os.urandom(6).hex()}",
    }


async def choose(drive: Driver, name: str, value: str) -> None:
    """Choose `value` in the field called `name`, by keys."""
    field = drive.bench.query_one(f"#{name}", Choice)
    field.focus()
    for _ in field.options:
        if field.value == value:
            break
        await drive.press("right")
    assert field.value == value


def told(drive: Driver, name: str) -> str:
    """What a part of the workbench says, however it wraps."""
    part = drive.bench.query_one(f"#{name}")
    assert part.display
    return str(part.render())


def asked(drive: Driver) -> Request:
    return drive.bench.draft.request


@pytest.mark.parametrize("size", [SMALL, USUAL])
async def test_engine_and_cost_are_shown_and_chosen(
    sandbox: Sandbox, size: tuple[int, int]
) -> None:
    async with workbench(sandbox, {**ORDERS, "bucket": "b-x"}, size=size) as drive:
        await drive.planned("ORDERS_100K")
        await drive.press("3")
        await drive.previewed()
        cost = "stream · about 2.8 MB downloaded · about 4 s"
        where = " · aggregated on this machine" if size == USUAL else ""
        assert told(drive, "cost") == f"{cost}{where}"
        assert f"│ {cost}{where} " in shown(drive.app)
        assert faults(drive.app) == []
        await drive.press("4")
        assert "◉ auto ○ stream ○ pushdown ○ unload" in whole(drive.app)

        await choose(drive, "engine", "pushdown")
        await until(drive.pilot, lambda: asked(drive).engine == "pushdown")
        await drive.press("3")
        pushed = "pushdown · about 3.4 MB downloaded · time unknown"
        more = " · aggregated by Snowflake"
        assert told(drive, "cost") == pushed + (more if size == USUAL else "")
        await drive.press("q")
        await until(drive.pilot, lambda: isinstance(drive.app.screen, SqlDialog))
        sql = str(drive.app.screen.query_one("Dialog Static", Static).content)
        assert "GROUP BY GROUPING SETS" in sql
        await drive.press("escape")
        assert faults(drive.app) == []

        await drive.press("f5")
        await until(drive.pilot, lambda: isinstance(drive.app.screen, RunScreen))
        await drive.press("end")
        seen = whole(drive.app)
        assert "Engine pushdown: aggregated in Snowflake" in seen
        assert "56,664 rows out" in seen
        assert faults(drive.app) == []


@pytest.mark.parametrize("size", [SMALL, USUAL])
async def test_unload_asks_how_snowflake_may_write(sandbox: Sandbox, size: tuple[int, int]) -> None:
    async with workbench(sandbox, small(sandbox), size=size) as drive:
        await drive.planned("LOCATIONS_595")
        await drive.previewed()
        await drive.press("4")
        await choose(drive, "engine", "unload")
        await until(drive.pilot, lambda: drive.bench.draft.refused)
        assert "needs the integration with which Snowflake writes" in told(drive, "location")
        assert faults(drive.app) == [], shown(drive.app)
        await drive.press("f5")  # the request of before must not run instead
        assert drive.app.screen is drive.bench
        drive.bench.query_one("#name", Input).value = "{run_id}.{ext}"
        await drive.pilot.pause()
        assert drive.bench.draft.refused

        drive.bench.query_one("#by", Input).focus()
        await drive.press(*"S_3")
        await until(drive.pilot, lambda: not drive.bench.draft.refused)
        assert (asked(drive).engine, asked(drive).storage_integration) == ("unload", "S_3")
        assert asked(drive).file_name == "{run_id}.{ext}"
        await choose(drive, "access", "stage")
        await until(drive.pilot, lambda: asked(drive).stage == "S_3")
        assert asked(drive).storage_integration is None
        await choose(drive, "access", "own keys")
        await until(drive.pilot, lambda: asked(drive).unload_credentials)
        assert drive.bench.query_one("#by", Input).disabled
        assert (asked(drive).stage, asked(drive).storage_integration) == (None, None)

        await choose(drive, "engine", "auto")
        await until(drive.pilot, lambda: not asked(drive).unload_credentials)
        assert asked(drive).engine == "auto"


async def test_what_cannot_be_unloaded_is_told_before_the_run(sandbox: Sandbox) -> None:
    options = {**small(sandbox), "format": "json", "engine": "unload", "unload_credentials": True}
    async with workbench(sandbox, options) as drive:
        await drive.planned("LOCATIONS_595")
        await drive.previewed()
        assert told(drive, "cost") == "unload  ✗ Engine unload cannot write a json array."
        await drive.press("f5")
        await until(drive.pilot, lambda: isinstance(drive.app.screen, RunScreen))
        assert "cannot write a json array" in whole(drive.app)


async def test_an_unload_runs_verified_is_copied_and_repeated(
    sandbox: Sandbox, state: Path
) -> None:
    way = sandbox.unload["storage_integration"]
    memory = Memory(state / "app.json")
    async with workbench(sandbox, small(sandbox), memory=memory) as drive:
        await drive.planned("LOCATIONS_595")
        await drive.press("4")
        await choose(drive, "engine", "unload")
        drive.bench.query_one("#by", Input).focus()
        await drive.press(*way)
        await choose(drive, "verify", "yes")
        await until(drive.pilot, lambda: asked(drive).verify and asked(drive).engine == "unload")
        await drive.press("f5")
        await until(drive.pilot, lambda: isinstance(drive.app.screen, RunScreen))
        run = drive.app.screen
        assert isinstance(run, RunScreen)
        how = "Engine unload: aggregated in Snowflake, which writes the file to the bucket"
        assert how in whole(drive.app)
        assert "nothing downloaded" in whole(drive.app)
        await drive.press(send_key(run))
        await until(drive.pilot, lambda: run.state in (State.DELIVERED, State.FAILED))
        assert run.state is State.DELIVERED, whole(drive.app)
        assert run.outcome is not None
        assert run.outcome.comparison is not None
        agreed = [str(each.content) for each in run.query(Static) if each.has_class("agree")]
        assert f"✓ {run.outcome.comparison}" in agreed
        words = f"--storage-integration {way} --verify --engine unload"
        assert words in as_command(run.request)
        assert f'storage_integration="{way}"' in as_python(run.request)
        await drive.press("escape")

        (entry,) = read_history()
        assert entry.engine == "unload"
        await choose(drive, "engine", "stream")
        await choose(drive, "verify", "no")
        await until(drive.pilot, lambda: not asked(drive).verify)
        assert asked(drive).storage_integration is None
        await drive.press("f9")
        await until(drive.pilot, lambda: isinstance(drive.app.screen, HistoryScreen))
        await drive.press("enter")
        await until(drive.pilot, lambda: asked(drive).engine == "unload")
        assert asked(drive).storage_integration == way
        assert asked(drive).verify
        assert drive.bench.query_one("#engine", Choice).value == "unload"
        assert drive.bench.query_one("#by", Input).value == way
        await drive.planned("LOCATIONS_595")

    kept = Memory(state / "app.json")
    async with workbench(sandbox, memory=kept) as drive:
        await drive.planned("LOCATIONS_595")
        assert (asked(drive).engine, asked(drive).storage_integration) == ("unload", way)
        assert asked(drive).verify
