"""Only some months in the app: the dialog, the plan line, the preview, the run and the history."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from textual.widgets import Input, Static

from core.facade import restore_defaults
from tests.support.sources import request
from tests.tui.app_driver import SMALL, Driver, workbench
from tests.tui.app_hosts import Host, send_key, shown, until, whole
from tui.screens.run.screen import RunScreen
from tui.widgets.choice import Choice
from tui.workbench.draft import Draft, with_table
from tui.workbench.window import WindowDialog

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

TODAY = date(2024, 1, 31)


def check(dialog: Any) -> str:
    return str(dialog.query_one("#window-check", Static).content)


async def test_the_dialog_shows_the_months_while_one_types() -> None:
    app = Host(WindowDialog(request(), TODAY))
    async with app.run_test(size=SMALL) as pilot:
        dialog = app.screen
        await until(pilot, lambda: check(dialog) == "✓ reads all months")
        await pilot.press(*"2023-1")
        await until(pilot, lambda: "'2023-1' is not a month such as 2024-01" in check(dialog))
        await pilot.press("enter")
        assert app.screen is dialog
        await pilot.press("2", "tab", *"2023-11")
        await until(pilot, lambda: "(2023-12) is later than" in check(dialog))
        dialog.query_one("#window-since", Input).value = ""
        await until(pilot, lambda: check(dialog) == "✓ reads until 2023-11")
        dialog.query_one("#window-last_months", Input).value = "1"
        await until(pilot, lambda: "exclude each other" in check(dialog))
        dialog.query_one("#window-until", Input).value = ""
        await until(pilot, lambda: check(dialog) == "✓ reads 2023-12")
        dialog.query_one("#window-include_current", Choice).focus()
        await pilot.press("right")
        await until(pilot, lambda: check(dialog) == "✓ reads 2023-12 to 2024-01")
        await pilot.press("tab", "right")
        await until(pilot, lambda: "and rows without a date" in check(dialog))
        await pilot.click("#do-use")
        await until(pilot, lambda: app.answers)
    assert app.answers == [
        {"since": None, "until": None, "last_months": "1", "include_current": True,
         "undated": "keep"}
    ]  # fmt: skip


async def test_the_dialog_shows_what_is_set_and_is_left_without_a_change() -> None:
    given = request(last_months=2, include_current=True, undated="keep")
    app = Host(WindowDialog(given, TODAY))
    async with app.run_test(size=SMALL) as pilot:
        dialog = app.screen
        await until(
            pilot, lambda: check(dialog) == "✓ reads 2023-11 to 2024-01 and rows without a date"
        )
        assert "Cancel  esc" in shown(app)
        dialog.query_one("#window-last_months", Input).value = ""
        await until(pilot, lambda: check(dialog) == "✓ reads all months")
        await pilot.press("escape")
    assert app.answers == [None]


async def test_a_window_from_the_key_to_the_delivery(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(tmp_path))  # a history of its own
    options = {
        "table": "ORDERS_100K", "key_columns": "none", "sum_columns": "O_TOTALPRICE",
        "bucket": f"s3://{sandbox.s3['bucket']}/windows-app",
        "file_name": "{table}_{month}.{ext}", "if_exists": "overwrite", "since": "1995-01",
    }  # fmt: skip
    async with workbench(sandbox, options) as drive:
        await drive.planned("ORDERS_100K")
        await until(drive.pilot, lambda: "not exactly one month is read" in told(drive))
        await set_months(drive, since="1995-02", until="1995-02")
        await drive.previewed()
        assert months(drive) == ["1995-02"]
        assert "month: O_ORDERDATE · 1995-02" in shown(drive.app)
        await until(drive.pilot, lambda: "ORDERS_100K_1995-02.parquet" in told(drive))
        await drive.press("f5")
        await until(drive.pilot, lambda: isinstance(drive.app.screen, RunScreen))
        assert "only 1995-02" in whole(drive.app)
        run = drive.app.screen
        assert isinstance(run, RunScreen)
        await drive.press(send_key(run))
        await until(drive.pilot, lambda: "matches Snowflake's count of 1995-02" in whole(drive.app))
        await drive.press("escape", "f9")
        await until(drive.pilot, lambda: "1 run" in shown(drive.app))
        assert "Window" in whole(drive.app)


def told(drive: Driver) -> str:
    """The destination, or what is wrong with it, however it wraps."""
    return str(drive.bench.query_one("#location", Static).content)


async def set_months(drive: Driver, **texts: str) -> None:
    await drive.press("2", "w")
    await until(drive.pilot, lambda: isinstance(drive.app.screen, WindowDialog))
    for name, text in texts.items():
        drive.app.screen.query_one(f"#window-{name}", Input).value = text
    await drive.press("enter")
    await until(
        drive.pilot, lambda: drive.bench.draft.plan and not drive.bench.planning and months(drive)
    )


def months(drive: Driver) -> list[str]:
    found = drive.bench.draft.months
    return [f"{row.month:%Y-%m}" for row in found.months if row.month] if found else []


def test_another_table_and_the_default_roles_keep_the_window() -> None:
    given = request(since="1998-01", until="1998-02", undated="keep", drop_columns="A")
    for changed in (with_table(given, "OTHER"), restore_defaults(given)):
        assert (changed.since, changed.until, changed.undated) == ("1998-01", "1998-02", "keep")
        assert changed.drop_columns == ()


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"since": "2024-02", "until": "2024-02"}, "s3://b-x/2024-02"),
        ({"last_months": 1}, "s3://b-x/{month}"),  # before the date at Snowflake is known
    ],
)
def test_the_months_in_the_name_of_a_draft(options: dict[str, Any], name: str) -> None:
    draft = Draft(request(bucket="b-x", file_name="{month}", **options))
    assert draft.target.url == name
