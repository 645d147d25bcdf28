"""HistoryScreen: what ran, told and repeated."""

from __future__ import annotations

import json
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from core.errors import SourceDataError
from core.jobs.job_file import read_job
from core.records.history import HistoryEntry, record, run_recorded
from core.request.request import Request
from tests.support.deliveries import options
from tests.tui.app_hosts import Host, shown, until, whole
from tui.screens.history import HistoryScreen

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

HOSTILE = [
    "[/b]",
    "x [/foo] y",
    "]",
    "[type=x, v={'a[0]'}]",
    "[/",
    "😀 naïve",
    "a\nb\x1b[31m",
    "x" * 255,
]


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A history of the test's own."""
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(tmp_path))
    return tmp_path


def entry(number: int = 0, **more: Any) -> HistoryEntry:
    started = datetime(2026, 11, 23, 9, 0, tzinfo=UTC) + timedelta(minutes=number)
    values = {
        "table": "SALES.PUBLIC.ORDERS",
        "url": "s3://partner-inbox/from-us/",
        "outcome": "temporary",
        "message": "Snowflake did not answer.",
        "hint": "Run it again.",
        "request": Request.of(table="SALES.PUBLIC.ORDERS", bucket="partner-inbox"),
        **more,
    }
    return HistoryEntry(started, 1.5, "batch", False, **values)


async def test_before_anything_ran() -> None:
    app = Host(HistoryScreen())
    async with app.run_test() as pilot:
        await pilot.pause()
        assert "No runs yet" in whole(app)
        await pilot.press("j", "b", "p", "r", "enter")
        assert app.copied == []
        await pilot.press("escape")
    assert app.answers == [None]


async def test_runs_of_the_sandbox_are_told_and_repeated(sandbox: Sandbox) -> None:
    place = options(sandbox, bucket=sandbox.s3["bucket"], file_name="h/{run_id}.{ext}")
    wanted = Request.of(table="LOCATIONS_595", date_column="DOB", **place)
    outcome = run_recorded(wanted, by="app", demo=True)
    with pytest.raises(SourceDataError):
        run_recorded(Request.of(table="NO_SUCH", **place), by="app", demo=True)
    screen = HistoryScreen()
    app = Host(screen)
    async with app.run_test(size=(80, 24)) as pilot:
        for size in ((80, 24), (200, 60)):
            await pilot.resize_terminal(*size)
            await until(pilot, lambda: "✗ source data" in shown(app) and "NO_SUCH" in shown(app))
        await pilot.press("down")
        await until(pilot, lambda: "row_count" in whole(app))
        assert f'"row_count": {outcome.row_count}' in whole(app)
        assert "595 read" in whole(app)
        await pilot.press("j", "b")
        assert json.loads(app.copied[0]) == outcome.result
        assert shlex.split(app.copied[1])[:3] == ["amplify-transfer", "--batch", "--demo"]
        assert "LOCATIONS_595" in app.copied[1]
        await pilot.press("enter")
    (repeated,) = app.answers
    assert (repeated.table, repeated.date_column) == ("LOCATIONS_595", "DOB")


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_names_and_messages(text: str) -> None:
    record(entry(table=text, url=text, message=text, hint=text))
    app = Host(HistoryScreen())
    async with app.run_test(notifications=True) as pilot:
        await until(pilot, lambda: "temporary" in shown(app))
        assert "\x1b[31m" not in shown(app)


async def test_a_run_without_a_request_cannot_be_repeated() -> None:
    record(entry(request=None))
    app = Host(HistoryScreen())
    async with app.run_test(notifications=True) as pilot:
        await pilot.press("enter")
        await pilot.pause()
        assert app.answers == []
        assert "no name" in whole(app)


async def test_a_thousand_runs_newest_first() -> None:
    for number in range(30):
        record(entry(number, table=f"T{number}"))
    app = Host(HistoryScreen())
    async with app.run_test() as pilot:
        await pilot.pause()
        assert "30 runs" in shown(app)
        assert shown(app).index("T29") < shown(app).index("T28")


async def test_the_history_is_searched_while_typing() -> None:
    record(entry(1, table="SALES.PUBLIC.ORDERS"))
    record(entry(2, table="SALES.PUBLIC.CLIENTS", outcome="delivered", message="", rows=3))
    record(entry(3, table="HR.PUBLIC.PEOPLE"))
    app = Host(HistoryScreen())
    async with app.run_test() as pilot:
        await pilot.press("slash", *"sales DELIVERED")
        await until(pilot, lambda: "1 run match" in shown(app))
        assert "CLIENTS" in shown(app)
        assert "PEOPLE" not in shown(app)
        await pilot.press("x")
        await until(pilot, lambda: "No run matches" in whole(app))
        await pilot.press("escape")  # lists all again, and does not close
        await until(pilot, lambda: "3 runs" in shown(app) and "PEOPLE" in shown(app))
        assert app.answers == []
        await pilot.press("slash", *"orders")
        await until(pilot, lambda: "1 run match" in shown(app))
        await pilot.press("down", "enter")
        await until(pilot, lambda: bool(app.answers))
    assert app.answers[0].table == "SALES.PUBLIC.ORDERS"


async def test_a_run_is_saved_as_a_transfer_of_a_job_file(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMPLIFY_CONFIG_DIR", str(state))
    record(entry())
    record(entry(1, request=None))
    app = Host(HistoryScreen())
    async with app.run_test() as pilot:
        await pilot.press("s")  # of a run without a request
        await pilot.press("down", "s")
        await until(pilot, lambda: "makes the file, with orders" in whole(app))
        await pilot.press("enter")
        await until(pilot, lambda: (state / "jobs.toml").exists())
    (transfer,) = read_job(state / "jobs.toml").transfers
    assert transfer.request == entry().request
