"""The workbench as a user meets it: keys in, what is shown and decided out; on the sandbox."""

from __future__ import annotations

import uuid
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input

from core.planning.names import TableName
from core.warehouse.catalog import Entry
from tests.support.services.buckets import hang
from tests.support.services.warehouse_proxy import LOGIN, Warehouse
from tests.tui.app_driver import SMALL, workbench
from tests.tui.app_hosts import send_key, shown, until, whole
from tui.screens.error import ErrorDialog
from tui.screens.run.screen import RunScreen, State
from tui.workbench.columns import pane as columns_pane

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox


async def test_from_a_table_to_the_run(sandbox: Sandbox) -> None:
    async with workbench(sandbox, size=SMALL) as drive:
        await drive.tables()
        await drive.pick("ORDERS_100K")
        assert drive.roles()["O_ORDERDATE"] == "month"
        assert drive.roles()["O_TOTALPRICE"] == "sum"
        await drive.previewed()
        assert len(drive.lines("month-list").items) >= 79
        assert "99,998" in shown(drive.app)

        await drive.press("i")  # the flagged identifiers
        await drive.until_roles(O_ORDERKEY="drop", O_CUSTKEY="drop")
        await drive.previewed()

        await drive.press("4")
        await drive.press(*"partner-inbox/monthly")
        assert "not an S3 destination" in whole(drive.app)
        await drive.press(*["home", *"s3://", "f5"])
        await until(drive.pilot, lambda: isinstance(drive.app.screen, RunScreen))
        request = drive.app.screen.request
        assert request.bucket == "s3://partner-inbox/monthly"
        assert request.drop_identifiers


async def test_a_table_typed_during_the_sign_in_is_sent_by_its_session(sandbox: Sandbox) -> None:
    """One sign-in, so that a second factor is asked for once."""
    with Warehouse(sandbox) as warehouse:
        warehouse.on(LOGIN, hang)
        connection = {**sandbox.snowflake, "port": int(warehouse.url.rpartition(":")[2])}
        bucket = f"s3://{sandbox.s3['bucket']}/w-{uuid.uuid4().hex[:8]}"
        async with workbench(sandbox, {"bucket": bucket, "connection": connection}) as drive:
            try:
                await until(drive.pilot, warehouse.hanging.is_set)
                await drive.press("slash", *"locations", "enter")
                assert "signing in…" in shown(drive.app)
                assert "no table" not in shown(drive.app)
            finally:
                warehouse.clear()
            await drive.planned("LOCATIONS_595")
            await drive.previewed()
            await drive.press("f5")
            await until(drive.pilot, lambda: isinstance(drive.app.screen, RunScreen))
            run = drive.app.screen
            assert isinstance(run, RunScreen)
            await drive.press(send_key(run))
            await until(drive.pilot, lambda: run.state in (State.DELIVERED, State.FAILED))
            assert run.outcome is not None, whole(drive.app)
            assert warehouse.seen(LOGIN) == 1


async def test_the_tables_narrow_while_one_types_and_are_listed_anew(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    async with workbench(sandbox) as drive:
        await drive.tables()
        before = drive.matching
        first = drive.lines("table-list").current
        assert first is not None
        assert first.name.table == before[0]  # the cursor waits at no database
        await drive.press("slash", *"ord 100")
        await until(drive.pilot, lambda: drive.matching == ["ORDERS_100K"])
        assert f"1 of {len(before)} tables" in shown(drive.app)
        await drive.press("escape")
        await until(drive.pilot, lambda: drive.matching == before)

        ghost = Entry(TableName("DEMO", "PUBLIC", "GHOST"), "TABLE", 1, 1)
        drive.bench.tables.add_tables("DEMO", [ghost], complete=True)
        await until(drive.pilot, lambda: "GHOST" in drive.matching)
        await drive.press("f8")
        await until(drive.pilot, lambda: drive.matching == before)

        nowhere = tmp_path / "nowhere"
        drive.app.deliver_text(StringIO("{}"), save_directory=nowhere, save_filename="a.json")
        await until(drive.pilot, lambda: drive.app._notifications)
        (told,) = (each.message for each in drive.app._notifications)
        assert f"could not be saved as {nowhere / 'a.json'}: No such file" in told


async def test_access_is_tested_on_request_and_a_missing_bucket_told_in_a_dialog(
    sandbox: Sandbox,
) -> None:
    async with workbench(sandbox, {"bucket": sandbox.s3["bucket"]}) as drive:
        await drive.tables()
        await drive.press("4", "f6")
        await until(drive.pilot, lambda: "✓ write access" in shown(drive.app))
        drive.bench.query_one("#to", Input).value = "no-such-bucket-here"
        await until(drive.pilot, lambda: "✓ write access" not in shown(drive.app))
        await drive.press("f6")
        await until(drive.pilot, lambda: isinstance(drive.app.screen, ErrorDialog))
        assert "no-such-bucket-here" in shown(drive.app)


async def test_a_refused_sign_in_is_told(sandbox: Sandbox) -> None:
    wrong = {**sandbox.snowflake, "password": "wrong-password-9"}
    async with workbench(sandbox, {"connection": wrong}) as drive:
        await until(drive.pilot, lambda: isinstance(drive.app.screen, ErrorDialog))
        assert "wrong-password-9" not in shown(drive.app)
        await drive.press("escape")
        assert "not signed in" in shown(drive.app)


async def test_the_footer_stays_while_one_types_and_follows_what_can_be_done(
    sandbox: Sandbox,
) -> None:
    async with workbench(sandbox, {"table": "ORDERS_100K"}) as drive:
        await drive.planned("ORDERS_100K")
        await drive.previewed()
        await drive.press("4", *"b-x")
        footer = drive.bench.query_one("FooterKey")
        await drive.press(*"yz")
        assert drive.bench.query_one("FooterKey") is footer
        await drive.press("/")  # is no bucket any more
        await until(drive.pilot, lambda: drive.bench.query_one("FooterKey") is not footer)
        await drive.press("escape", "home")
        bindings = drive.bench.active_bindings
        assert bindings["s"].enabled
        await drive.press("f5")
        assert drive.app.screen is drive.bench
        assert "✗ correct the destination first" in whole(drive.app)
        assert drive.bench.destination.has_focus_within

        await drive.press("escape", "2", "z")  # one part alone
        await until(drive.pilot, lambda: not drive.bench.tables.display)
        assert drive.bench.columns.size.width > 110
        await drive.press("z")
        await until(drive.pilot, lambda: drive.bench.tables.display)


async def test_why_a_look_takes_long_is_told_in_full(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columns_pane, "_PATIENCE", 0)
    async with workbench(sandbox, size=SMALL) as drive:
        await drive.tables()
        drive.bench.columns.wait("A.B.C", "the demo creates this table on first use")
        # The note wraps where the list of tables leaves off, so its words are looked for.
        words = ("creates", "table", "first", "use")
        await until(drive.pilot, lambda: all(each in whole(drive.app) for each in words))
        drive.bench.columns.wait_for_choice()
        await until(drive.pilot, lambda: "creates" not in whole(drive.app))


async def test_f5_leads_to_what_is_missing(sandbox: Sandbox) -> None:
    async with workbench(sandbox) as drive:
        await drive.tables()
        await drive.press("4", "f5")
        assert "✗ select a table first" in whole(drive.app)
        assert drive.bench.tables.has_focus_within
        await drive.pick("ORDERS_100K")
        await drive.previewed()
        assert "select a table first" not in whole(drive.app)
        await drive.press("f5")
        assert "✗ enter a bucket first" in whole(drive.app)
        await drive.press(*"b-2")  # the focus is where it is typed, and a digit is text
        assert "enter a bucket first" not in whole(drive.app)
        assert drive.bench.draft.request.bucket == "b-2"


async def test_a_destination_outlives_a_slip_of_the_hand(sandbox: Sandbox) -> None:
    kept = "s3://partner-inbox/from-us/"
    async with workbench(sandbox, {"bucket": kept}) as drive:
        await drive.tables()
        await drive.press("4", "2")
        field = drive.bench.query_one("#to", Input)
        assert field.value == f"{kept}2"
        await drive.press("ctrl+z")
        assert field.value == kept
        await drive.press("alt+2")
        assert drive.bench.columns.has_focus_within
        assert field.value == kept
