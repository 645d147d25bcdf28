"""Names that would break markup, lines or layouts, all the way through the app."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input

from tests.support.deliveries import execute
from tests.tui.app_driver import SMALL, place, workbench
from tests.tui.app_hosts import send_key, until, whole
from tests.tui.app_layout import faults
from tui.screens.help import HelpScreen
from tui.screens.history import HistoryScreen
from tui.screens.run.first_rows import FirstRowsScreen
from tui.screens.run.screen import RunScreen, State
from tui.workbench.dialogs import FormatDialog, SqlDialog

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

# As Snowflake allows them: anything, up to 255 characters.
START = "[/b] ] [ 😀 '\" \\ [type=x, v={'a[0]'}] \n\t\x1b[31m [/"
NAME = START + "x" * (255 - len(START))
QUOTED = '"' + NAME.replace('"', '""') + '"'
FULL = f"{QUOTED}.{QUOTED}.{QUOTED}"
MONTH = "[red]when[/b]"


@pytest.fixture(scope="module")
def table(sandbox: Sandbox) -> Iterator[str]:
    """A table in a schema in a database, all of the same name, as are its columns nearly."""
    execute(
        sandbox,
        f"CREATE DATABASE {QUOTED}",
        f"CREATE SCHEMA {QUOTED}.{QUOTED}",
        f'CREATE TABLE {FULL} ("{MONTH}" VARCHAR, {QUOTED} NUMBER, "[" VARCHAR)',
        f"INSERT INTO {FULL} VALUES "
        "('2024-01-05', 1, '[/b]'), ('2024-02-05', -2, ']'), ('2024-02-06', 3, '\x1b[31m\n[/')",
    )
    yield NAME
    execute(sandbox, f"DROP DATABASE {QUOTED}")


def toml(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


async def test_hostile_names_through_every_screen(
    sandbox: Sandbox, table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SNOWFLAKE_HOME", str(tmp_path))
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(tmp_path / "state"))
    values = {**sandbox.snowflake, "database": QUOTED, "schema": QUOTED}
    lines = [f"[{toml(START)}]", *(f"{k} = {toml(v)}" for k, v in values.items())]
    (tmp_path / "connections.toml").write_text("\n".join(lines))
    (tmp_path / "connections.toml").chmod(0o600)
    options = {**place(sandbox), "connection": START, "file_name": "[/b] ] [ 😀 [/.{ext}"}
    async with workbench(sandbox, options, size=SMALL) as drive:
        app, pilot = drive.app, drive.pilot

        def sane() -> None:
            assert faults(app) == []
            assert "\x1b" not in whole(app)

        await drive.pick(table)
        await drive.previewed()
        sane()
        assert drive.roles()[MONTH] == "month"
        assert MONTH in whole(app)
        assert "[/b] ] [ 😀" in whole(app)
        for keys, kind in (
            (["2", "down", "f1"], HelpScreen),
            (["2", "f"], FormatDialog),
            (["3", "q"], SqlDialog),
        ):
            await drive.press(*keys)
            await until(pilot, lambda kind=kind: isinstance(app.screen, kind))
            sane()
            await drive.press("escape")
        await drive.press("4")
        for text in ("[/b]", "s3://[/", "] [type=x]", "😀", "x" * 255):
            drive.bench.query_one("#to", Input).value = text
            await until(pilot, lambda: "is not an S3 destination" in whole(app))
            sane()
        where = f"s3://{sandbox.s3['bucket']}/[/b] ] {os.urandom(4).hex()}"
        drive.bench.query_one("#to", Input).value = where
        await until(pilot, lambda: drive.bench.draft.complete)
        await drive.press("f5")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        run = app.screen
        assert isinstance(run, RunScreen)
        sane()
        assert MONTH in whole(app)
        await drive.press(send_key(run))
        await until(pilot, lambda: run.state in (State.DELIVERED, State.FAILED))
        assert run.state is State.DELIVERED, whole(app)
        sane()
        await drive.press("v")
        await until(pilot, lambda: isinstance(app.screen, FirstRowsScreen))
        sane()
        assert "[/b]" in whole(app)
        await drive.press("escape", "r")
        await until(pilot, lambda: run.state is State.FAILED)  # it is there already
        sane()
        await drive.press("d", "escape", "f9")
        await until(pilot, lambda: isinstance(app.screen, HistoryScreen))
        sane()
        assert "[/b]" in whole(app)
        await drive.press("down", "enter")
        await drive.planned(table)
        sane()
