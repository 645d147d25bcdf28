"""The main screens as they look, in text, compared with what is kept under tests/golden/screens.

UPDATE_GOLDEN=1 takes the new ones: read the difference before you commit it.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keyring
import keyring.backends.fail
import pytest
from textual.pilot import Pilot

from core.errors import DestinationExistsError
from core.events import Phase, Progress
from core.records.history import HistoryEntry, record
from core.request.request import Request
from tests.support.golden import GOLDEN
from tests.tui.app_driver import SMALL, USUAL, workbench
from tests.tui.app_hosts import Host, send_key, shown, until, whole
from tui.screens.connect.form import ConnectionForm
from tui.screens.connect.screen import ConnectScreen
from tui.screens.error import ErrorDialog
from tui.screens.help import HelpScreen
from tui.screens.history import HistoryScreen
from tui.screens.run import delivered, progress
from tui.screens.run.first_rows import FirstRowsScreen
from tui.screens.run.job import Ended, Moved
from tui.screens.run.screen import RunScreen, State

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

Golden = Callable[[str, str], None]
NOW = re.compile(r"\d{8}T\d{6}Z")  # in file names
MOMENT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
CONNECTIONS = """\
[production]
account = "ACME-ANALYTICS"
user = "TRANSFER_SVC"
authenticator = "SNOWFLAKE_JWT"
private_key_file = "~/.snowflake/transfer_key.p8"

[staging]
account = "ACME-STAGING"
user = "DANA"
authenticator = "externalbrowser"
"""


@pytest.fixture(scope="module")
def sandbox(demo_sandbox: Sandbox) -> Sandbox:
    """The tables on the screens are those of the demo."""
    return demo_sandbox


@pytest.fixture(autouse=True)
def frozen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same files, clock, speeds and memory everywhere."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AMPLIFY_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    (tmp_path / ".snowflake").mkdir()
    (tmp_path / ".snowflake" / "connections.toml").write_text(CONNECTIONS)
    (tmp_path / ".snowflake" / "connections.toml").chmod(0o600)
    monkeypatch.setattr(progress, "memory", lambda: 123_456_789)
    monkeypatch.setattr(progress, "clock", lambda _: "0:42")
    monkeypatch.setattr(progress, "span", lambda _: "1.2 s")
    monkeypatch.setattr(delivered, "span", lambda _: "1.2 s")
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())
    yield
    keyring.set_keyring(before)
    monkeypatch.undo()
    time.tzset()


async def compare(golden: Golden, pilot: Pilot[Any], name: str) -> None:
    """Compare the screen with the picture called `name`, once it has been drawn."""
    file = f"screens/{name}.txt"
    if not os.environ.get("UPDATE_GOLDEN"):
        with suppress(AssertionError):
            await until(pilot, lambda: picture(pilot.app) == (GOLDEN / file).read_text())
    golden(file, picture(pilot.app))


def picture(app: Any) -> str:
    """The screen as text, with the same time in each file name."""
    lines = (line.rstrip() for line in shown(app).splitlines())
    return NOW.sub("20261123T090000Z", "\n".join(lines)) + "\n"


async def test_the_screens_before_the_workbench(golden: Golden) -> None:
    app = Host(ConnectScreen())
    async with app.run_test(size=USUAL) as pilot:
        await until(pilot, lambda: "production" in shown(app))
        await compare(golden, pilot, "connect")
    app = Host(ConnectionForm())
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "no keyring" in whole(app))
        await compare(golden, pilot, "form")
    error = DestinationExistsError("s3://inbox/a [/b].csv is there already.", "Take another name.")
    app = Host(ErrorDialog(error))
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "destination_exists" in shown(app))
        await compare(golden, pilot, "error")


async def test_the_workbench_and_a_run(
    sandbox: Sandbox, golden: Golden, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {
        "table": "ORDERS_100K",
        "bucket": f"s3://{sandbox.s3['bucket']}/pictures",
        "sum_columns": ("O_TOTALPRICE",),
        "key_columns": ("O_ORDERSTATUS", "O_ORDERPRIORITY"),
        "if_exists": "overwrite",
    }
    async with workbench(sandbox, options, size=USUAL) as drive:
        app, pilot = drive.app, drive.pilot
        await drive.planned("ORDERS_100K")
        await drive.previewed()
        await until(pilot, lambda: "6 tables" in shown(app) and " 6+ " not in shown(app))
        await drive.press("2")
        await compare(golden, pilot, "workbench")
        await drive.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await compare(golden, pilot, "help")
        await drive.press("escape")
        await pilot.resize_terminal(*SMALL)
        await drive.press("3")
        await compare(golden, pilot, "narrow")
        await pilot.resize_terminal(*USUAL)

        await drive.press("f5")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        run = app.screen
        assert isinstance(run, RunScreen)
        await compare(golden, pilot, "look")

        ended: list[Ended] = []
        monkeypatch.setattr(run, "post_message", withheld(run.post_message, ended))
        await drive.press(send_key(run))
        await until(pilot, lambda: ended)
        for step in MOVES:
            run._show_progress(Moved(step))
        run.query_one(progress.Running).tick()  # as the clock does, four times a second
        await pilot.pause()
        await compare(golden, pilot, "run")

        (end,) = ended
        assert end.outcome is not None
        await run._show_end(Ended(replace(end.outcome, timestamp=MOMENT, size=12_345), None))
        await until(pilot, lambda: run.state is State.DELIVERED)
        await compare(golden, pilot, "result")
        await drive.press("v")
        await until(pilot, lambda: isinstance(app.screen, FirstRowsScreen))
        await compare(golden, pilot, "rows")


# As a run of ten million rows tells them.
MOVES = (
    Progress(Phase.CONNECT, 0, None, 0, None, 0.0),
    Progress(Phase.PLAN, 0, None, 0, None, 0.5),
    Progress(Phase.QUERY, 0, None, 0, None, 1.0),
    Progress(Phase.READ, 0, 10_000_000, 0, 500_000_000, 2.0),
    Progress(Phase.READ, 2_500_000, 10_000_000, 125_000_000, 500_000_000, 3.0),
)


def withheld(post: Callable[[Any], bool], ended: list[Ended]) -> Callable[[Any], bool]:
    """`post`, but for what a run tells of itself: its end is kept in `ended`."""

    def posted(message: Any) -> bool:
        if isinstance(message, Ended):
            ended.append(message)
        return isinstance(message, Ended | Moved) or post(message)

    return posted


async def test_the_history(golden: Golden) -> None:
    request = Request.of(table="SALES.PUBLIC.ORDERS", bucket="partner-inbox")
    failed = HistoryEntry(
        MOMENT,
        1.5,
        "batch",
        False,
        table="SALES.PUBLIC.ORDERS",
        url="s3://partner-inbox/from-us/",
        outcome="temporary",
        message="Snowflake did not answer in time.",
        hint="Check the network; then try again.",
        request=request,
    )
    record(failed)
    good = replace(
        failed,
        started=MOMENT + timedelta(minutes=1),
        seconds=12.25,
        by="app",
        outcome="delivered",
        message="",
        hint="",
        url="s3://partner-inbox/from-us/ORDERS_monthly.parquet",
        rows=99_998,
        result={"file_name": "from-us/ORDERS_monthly.parquet", "row_count": 99_998},
        totals={"rows_read": 100_000, "blank_rows": 2, "groups": 99_998, "totals": {"N": "1.50"}},
    )
    record(good)
    app = Host(HistoryScreen())
    async with app.run_test(size=USUAL) as pilot:
        parts = ("2 runs", "Totals", "esc Back")  # the list, the run, the keys
        await until(pilot, lambda: all(part in shown(app) for part in parts))
        await compare(golden, pilot, "history")
