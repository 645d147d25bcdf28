"""How many rows come out: of a sample or counted, of a table or a view; SQL and help."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.widgets import Input, Static

from tests.tui.app_driver import workbench
from tests.tui.app_hosts import shown, until, whole
from tui.screens.help import HelpScreen
from tui.workbench.dialogs import FormatDialog, SqlDialog
from tui.workbench.messages import Previewed

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox


async def test_rows_out_that_were_counted_stay_so(sandbox: Sandbox) -> None:
    async with workbench(sandbox, {"table": "ORDERS_100K"}) as drive:
        await drive.previewed()
        first = drive.bench.draft.months
        await drive.press("3", "e")
        await until(drive.pilot, lambda: drive.bench.draft.months is not first)
        assert first is not None
        assert f"→  {first.expected_rows:,} rows out" in shown(drive.app)

        plan, months = drive.bench.draft.plan, drive.bench.draft.months
        assert plan is not None
        assert months is not None
        # Snowflake estimates the groups of a larger table.
        drive.bench.post_message(Previewed(plan, replace(months, counted=False)))
        await until(drive.pilot, lambda: "→  about 99,998 rows out" in shown(drive.app))

        await drive.press("q")
        await until(drive.pilot, lambda: isinstance(drive.app.screen, SqlDialog))
        assert "DATE_TRUNC" in shown(drive.app)
        await drive.press("escape", "f1")
        await until(drive.pilot, lambda: isinstance(drive.app.screen, HelpScreen))
        assert "each month with its rows" in whole(drive.app)


async def test_the_rows_of_a_view_that_were_seen_are_those_of_the_run(sandbox: Sandbox) -> None:
    async with workbench(sandbox, {"table": "ORDERS_1998", "bucket": "b-x"}) as drive:
        await drive.previewed()
        first = drive.bench.draft.months
        assert first is not None
        await drive.press("f5")
        rows = f"DEMO.PUBLIC.ORDERS_1998 {first.rows_seen:,} rows"
        await until(drive.pilot, lambda: rows in whole(drive.app))
        await drive.press("escape", "3", "e")
        await until(drive.pilot, lambda: drive.bench.draft.months is not first)
        assert f"→  {first.expected_rows:,} rows out" in shown(drive.app)


async def test_a_sample_is_called_one_and_e_gives_the_exact_months(sandbox: Sandbox) -> None:
    async with workbench(sandbox, {"table": "LOCATIONS_595", "date_column": "DOB"}) as drive:
        await drive.planned("LOCATIONS_595")
        await drive.previewed()
        await drive.press("3", "e")
        await until(drive.pilot, lambda: "EXACT" in shown(drive.app))
        assert "595" in shown(drive.app)


async def test_without_a_plan_the_columns_tell_why_and_a_month_helps(sandbox: Sandbox) -> None:
    options = {"table": "ORDERS_100K", "date_format": "epoch_ns"}
    async with workbench(sandbox, options) as drive:
        await until(drive.pilot, lambda: "no plan yet" in shown(drive.app))
        assert "No column has the format epoch_ns" in whole(drive.app)
        await drive.press("f5")
        assert drive.app.screen is drive.bench
        await drive.press("2", *["down"] * 4, "m")
        await drive.until_roles(O_ORDERDATE="month")


async def test_a_format_is_tried_on_the_sample(sandbox: Sandbox) -> None:
    async with workbench(sandbox, {"table": "LOCATIONS_595", "date_column": "DOB"}) as drive:
        await drive.planned("LOCATIONS_595")
        await drive.press("2", "f")
        await until(drive.pilot, lambda: isinstance(drive.app.screen, FormatDialog))
        dialog = drive.app.screen

        def verdict() -> str:
            return str(dialog.query_one("#format-check", Static).content)

        assert verdict().startswith("✓ fits")
        for text, said in (("%Y", "needs a year and a month"), ("%b %Y", "! fits 0 of")):
            dialog.query_one(Input).value = text
            await until(drive.pilot, lambda said=said: said in verdict())
        dialog.query_one(Input).value = ""
        await drive.press("enter")
        await drive.planned("LOCATIONS_595")
        assert drive.bench.draft.request.date_format is None
