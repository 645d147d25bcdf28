"""Leaving in every state, hostile names, crashes, and what is kept until the next start."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from textual.widgets import Input

from core.request.request import Request
from tests.support.waiting import AT_ONCE
from tests.tui.app_driver import USUAL, Driver, place, workbench
from tests.tui.app_hosts import shown, until, whole
from tui.app import TransferApp
from tui.preferences import Memory
from tui.screens.connect.link import Link
from tui.screens.connect.screen import ConnectScreen
from tui.screens.run.screen import RunScreen
from tui.workbench.dialogs import SqlDialog
from tui.workbench.screen import Workbench

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox


@contextmanager
def frozen(sandbox: Sandbox) -> Iterator[None]:
    """The servers take requests, and answer none."""
    for child in sandbox._children:
        os.kill(child.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for child in sandbox._children:
            os.kill(child.pid, signal.SIGCONT)


async def test_quitting_while_a_query_hangs(sandbox: Sandbox) -> None:
    async with workbench(sandbox, {"table": "ORDERS_100K"}) as drive:
        await drive.planned("ORDERS_100K")
        await drive.previewed()
        with frozen(sandbox):
            await drive.press("3", "e")
            assert "computing exactly" in shown(drive.app)
            began = time.monotonic()
            drive.app.exit()
            await until(drive.pilot, lambda: not drive.app.is_running, at_once=True)
            assert time.monotonic() - began < AT_ONCE


async def test_quitting_while_the_sign_in_hangs(sandbox: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        hung = {**sandbox.snowflake, "host": host, "port": port}
        async with workbench(sandbox, {"connection": hung}) as drive:
            await until(drive.pilot, lambda: "signing in" in shown(drive.app))
            began = time.monotonic()
            drive.app.exit()
            await until(drive.pilot, lambda: not drive.app.is_running, at_once=True)
            assert time.monotonic() - began < AT_ONCE


async def test_every_type_and_hard_names_all_the_way_to_the_run(sandbox: Sandbox) -> None:
    options = {"bucket": sandbox.s3["bucket"]}
    async with workbench(sandbox, options) as drive:
        await drive.pick("Mixed Case")
        await drive.previewed()
        assert "Mixed Case" in shown(drive.app)
        for _ in drive.lines("column-list").items:
            await drive.press("down")
        await drive.press("3", "q")
        await until(drive.pilot, lambda: isinstance(drive.app.screen, SqlDialog))
        await drive.press("escape", "f5")
        await until(drive.pilot, lambda: isinstance(drive.app.screen, RunScreen))
        await drive.press("escape")


async def test_choices_survive_a_restart(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "app.json"
    async with workbench(sandbox, {}, memory=Memory(path)) as drive:
        await drive.pick("ORDERS_100K")
        await drive.press("d")
        await drive.until_roles(O_ORDERKEY="drop")
        drive.bench.query_one("#to", Input).value = "s3://partner-inbox/kept"
        await until(drive.pilot, lambda: drive.bench.draft.target.url)
        await drive.press("f5")
        await until(drive.pilot, lambda: isinstance(drive.app.screen, RunScreen))
        drive.app.screen._on_send()  # type: ignore[attr-defined, misc]  as Send does
        await drive.press("escape")
        drive.bench.query_one("#to", Input).value = "s3://partner-inbox/typed-only"
        drive.app.theme = "nord"
        await drive.pilot.pause()
    assert path.stat().st_mode & 0o777 == 0o600
    assert sandbox.snowflake["password"] not in path.read_text()
    async with workbench(sandbox, {}, memory=Memory(path)) as drive:
        await drive.planned("ORDERS_100K")
        assert drive.roles()["O_ORDERKEY"] == "drop"
        assert drive.bench.query_one("#to", Input).value == "s3://partner-inbox/kept"
        assert drive.app.theme == "nord"
        await until(drive.pilot, lambda: drive.matching)  # listed beside the plan
        assert drive.matching[0] == "ORDERS_100K"


async def test_the_only_connection_is_taken_and_another_can_be_chosen(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        "[only]",
        *(f"{key} = {json.dumps(value)}" for key, value in sandbox.snowflake.items()),
    ]
    (tmp_path / "connections.toml").write_text("\n".join(lines))
    (tmp_path / "connections.toml").chmod(0o600)
    monkeypatch.setenv("SNOWFLAKE_HOME", str(tmp_path))
    app = TransferApp({}, memory=Memory(None))
    async with app.run_test(size=USUAL, notifications=True) as pilot:
        drive = Driver(app, pilot)
        await drive.tables()
        first = drive.bench
        assert "only" in shown(app).splitlines()[0]
        await drive.press("f2")
        await until(pilot, lambda: isinstance(app.screen, ConnectScreen))
        await drive.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Workbench) and app.screen is not first)
        await drive.tables()
        assert sum(isinstance(screen, Workbench) for screen in app.screen_stack) == 1


async def test_leaving_one_place_for_another_takes_nothing_along(sandbox: Sandbox) -> None:
    own = place(sandbox)
    demo = {"endpoint_url": "http://127.0.0.1:9", "s3_options": {"region_name": "nowhere"}}
    app = TransferApp({}, memory=Memory(None))
    async with app.run_test(size=USUAL, notifications=True) as pilot:
        drive = Driver(app, pilot)
        await until(pilot, lambda: isinstance(app.screen, ConnectScreen))
        app.screen.dismiss(Link("demo", own["connection"], demo))
        await until(pilot, lambda: isinstance(app.screen, Workbench))
        await drive.tables()
        assert drive.bench.draft.request.endpoint_url == demo["endpoint_url"]
        await drive.press("f2")
        await until(pilot, lambda: isinstance(app.screen, ConnectScreen))
        app.screen.dismiss(Link("other", own["connection"]))
        await until(pilot, lambda: isinstance(app.screen, Workbench))
        assert drive.bench.draft.request.endpoint_url is None
        assert drive.bench.draft.request.s3_options is None


async def test_a_run_of_the_history_fills_the_workbench(sandbox: Sandbox) -> None:
    async with workbench(sandbox) as drive:
        await drive.tables()
        request = Request.of(table="ORDERS_100K", bucket="s3://b-of-then/x", key_columns="none")
        drive.bench.take(request)
        await drive.planned("ORDERS_100K")
        assert "key" not in drive.roles().values()
        assert drive.bench.query_one("#to", Input).value == "s3://b-of-then/x"
        assert drive.bench.draft.request.connection == dict(sandbox.snowflake)


async def test_keys_can_be_changed_in_the_file_and_those_that_clash_are_told(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    notify = TransferApp.notify

    def note(app: TransferApp, message: str, **more: Any) -> None:
        told.append(message)  # the notice itself may be gone when one looks
        notify(app, message, **more)

    monkeypatch.setattr(TransferApp, "notify", note)
    path = tmp_path / "app.json"
    keys = {"columns.drop": "x", "columns.sum": "y", "columns.key": "y"}
    path.write_text(json.dumps({"keys": keys}))
    async with workbench(sandbox, {"table": "ORDERS_100K"}, memory=Memory(path)) as drive:
        assert "y is both columns.sum and columns.key" in "".join(told)
        await drive.planned("ORDERS_100K")
        await drive.press("2", "x")
        await drive.until_roles(O_ORDERKEY="drop")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"profiles": 3, "keys": [1], "theme": 7}'])
async def test_a_damaged_file_is_no_obstacle(sandbox: Sandbox, tmp_path: Path, text: str) -> None:
    path = tmp_path / "app.json"
    path.write_text(text)
    memory = Memory(path)
    assert (memory.recent_tables, memory.recent_buckets, memory.keys) == ([], [], {})
    memory.use_bucket("b")
    assert Memory(path).recent_buckets == ["b"]


async def test_a_crash_shows_no_secret(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        password = "hunter2"
        raise RuntimeError(f"cannot use {password}")

    with pytest.raises(RuntimeError):  # noqa: PT012  the app raises it when it is left
        async with workbench(sandbox) as drive:
            await drive.tables()
            drive.app.call_later(fail)
            await until(drive.pilot, lambda: not drive.app.is_running, at_once=True)
    told = capsys.readouterr().err
    assert "RuntimeError" in told
    assert "report" in told
    assert "hunter2" not in told


async def test_no_colour_still_tells_roles_and_the_cursor(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with workbench(sandbox, {"table": "ORDERS_100K"}) as drive:
        await drive.planned("ORDERS_100K")
        assert re.search(r"Σ sum +!", shown(drive.app))
        assert "◆ month" in whole(drive.app)
