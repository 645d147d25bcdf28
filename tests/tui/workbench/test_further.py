"""Further options of a delivery: set in their dialog, shown before the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from textual.widgets import Input

from core.request.request import Request
from tests.tui.app_driver import SMALL, workbench
from tests.tui.app_hosts import Host, until, whole
from tests.tui.app_layout import faults
from tui.format.further import describe_further
from tui.screens.run.screen import RunScreen
from tui.widgets.choice import Choice
from tui.workbench.further import FurtherDialog

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, ""),
        ({"min_rows": 1, "manifest": True}, "a manifest; only from 1 row on"),
        (
            {"max_rows": 1000, "max_change": "20%", "split_by": "month"},
            "a file for each month; only up to 1,000 rows; only within 20% of the last delivery's "
            "rows",
        ),
        ({"require_months": True, "last_months": 1}, "only if every month is there"),
        (
            {"split_by": "month", "last_months": 1, "restate_months": 3, "success_file": True},
            "a file for each month; again those of the last 3 months that have changed; _SUCCESS "
            "at the end",
        ),
        ({"encrypt_to": "a.asc,b.asc"}, "encrypted to a.asc, b.asc"),
    ],
)
def test_they_are_said_in_words(options: dict[str, Any], said: str) -> None:
    assert describe_further(Request.of(table="T", bucket="inbox-a", **options)) == said


async def test_what_is_wrong_is_shown_and_not_taken() -> None:
    app = Host(FurtherDialog(Request.of(table="T", bucket="inbox-a", max_rows=7)))
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "Rows at most 7" in whole(app))
        assert faults(app) == []
        app.screen.query_one("#further-min_rows").focus()
        await pilot.press("9")
        await until(pilot, lambda: "Rows at least (9) is above Rows at most (7)" in whole(app))
        await pilot.press("enter")
        assert app.answers == []
        await pilot.press("backspace", "5", "enter")
        await until(pilot, lambda: app.answers)
    given = {name: value for name, value in app.answers[0].items() if value}
    assert given == {"min_rows": "5", "max_rows": "7"}


async def test_months_are_restated_in_one_dialog() -> None:
    app = Host(FurtherDialog(Request.of(table="T", bucket="inbox-a", file_name="{table}.{ext}")))
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "Restate months" in whole(app))
        await pilot.press("right")
        await until(pilot, lambda: "needs a name for each month" in whole(app))
        app.screen.query_one("#further-file_name", Input).value = ""
        await pilot.press("left", "tab", "3")
        await until(pilot, lambda: "✗" not in whole(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.answers)
    request = Request.of(table="T", bucket="inbox-a", **app.answers[0])
    assert (request.split_by, request.last_months, request.restate_months) == ("month", 1, 3)


async def test_they_are_part_of_the_request_and_of_the_summary(sandbox: Sandbox) -> None:
    own = {"table": "LOCATIONS_595", "date_column": "DOB", "bucket": sandbox.s3["bucket"]}
    async with workbench(sandbox, own, size=SMALL) as drive:
        await drive.planned("LOCATIONS_595")
        await drive.press("2", "ctrl+o")
        await until(drive.pilot, lambda: isinstance(drive.app.screen, FurtherDialog))
        drive.app.screen.query_one("#further-manifest", Choice).focus()
        await drive.press("right", "tab", "tab", *"12", "enter")
        await until(drive.pilot, lambda: drive.app.screen is drive.bench)
        request = drive.bench.draft.request
        assert (request.manifest, request.min_rows, request.split_by) == (True, 12, None)
        await drive.press("f5")
        await until(drive.pilot, lambda: isinstance(drive.app.screen, RunScreen))
        said = "With a manifest; only from 12 rows on"
        await until(drive.pilot, lambda: said in whole(drive.app))
