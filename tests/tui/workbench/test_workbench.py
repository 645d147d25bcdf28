"""The workbench as a user meets it: keys in, what is shown and decided out; on the sandbox."""

from __future__ import annotations

import uuid
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input, Static

from core.planning.names import TableName
from core.planning.plan import Role
from core.warehouse.catalog import Entry
from tests.support.deliveries import make_table
from tests.support.services.buckets import hang
from tests.support.services.warehouse_proxy import LOGIN, READ, START, Warehouse
from tests.tui.app_driver import SMALL, workbench
from tests.tui.app_hosts import send_key, shown, until, whole
from tui.screens.error import ErrorDialog
from tui.screens.help import HelpScreen
from tui.screens.run.screen import RunScreen, State
from tui.workbench.columns import pane as columns_pane
from tui.workbench.dialogs import FormatDialog, SqlDialog
from tui.workbench.messages import Previewed, RoleAsked

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


async def test_roles_change_by_key_and_only_to_what_can_be(sandbox: Sandbox) -> None:
    async with workbench(sandbox, {"table": "ORDERS_100K"}) as drive:
        await drive.planned("ORDERS_100K")
        await drive.press("2", "home", "d")
        await drive.press("down", "down", "s")  # text: it has no sum
        await drive.press("d")
        await drive.until_roles(O_ORDERKEY="drop", O_ORDERSTATUS="drop")
        await drive.press("down", "space")  # of sum, key, drop, month
        await drive.until_roles(O_TOTALPRICE="key")
        assert drive.bench.draft.request.drop_columns == ("O_ORDERKEY",)
        await drive.press("u")
        await drive.until_roles(O_ORDERKEY="sum", O_ORDERSTATUS="key", O_ORDERDATE="month")


async def test_most_rows_remain_until_one_key_drops_what_keeps_them_apart(
    sandbox: Sandbox,
) -> None:
    own = {"table": "ORDERS_100K", "bucket": sandbox.s3["bucket"]}
    async with workbench(sandbox, own) as drive:

        async def look_at_the_run() -> RunScreen:
            await drive.press("f5")
            await until(drive.pilot, lambda: isinstance(drive.app.screen, RunScreen))
            assert isinstance(drive.app.screen, RunScreen)
            return drive.app.screen

        await drive.previewed()
        assert "most rows remain because of O_COMMENT, O_CLERK" in whole(drive.app)
        run = await look_at_the_run()
        assert "99,998 of 100,000 rows remain, because of the keys" in whole(drive.app)
        first = next(each for each in run.query(Static) if each.has_class("warning"))
        assert "role drop in Columns: O_COMMENT,O_CLERK or role key" in str(first.content)
        await drive.press("enter")  # the default is to go back
        await until(drive.pilot, lambda: drive.app.screen is drive.bench)
        assert not run.running
        assert run.outcome is None

        await drive.press("3", "o")  # as in part 2
        await drive.until_roles(O_COMMENT="drop", O_CLERK="drop", O_ORDERSTATUS="key")
        await drive.previewed()
        assert "most rows remain" not in whole(drive.app)
        assert drive.bench.draft.request.drop_columns == ("O_COMMENT", "O_CLERK")
        run = await look_at_the_run()
        assert "rows remain" not in whole(drive.app)
        # The first month has orders of three priorities in one state, before those of the next.
        await until(drive.pilot, lambda: "the first rows of the file" in whole(drive.app))
        assert drive.bench.draft.rows is not None
        assert len(drive.bench.draft.rows.rows) == 3
        assert "1992-01-01 1-URGENT" in whole(drive.app)
        assert "Send" in str(drive.app.screen.query("ActionBar Button").first().label)
        assert run.focused is drive.app.screen.query("ActionBar Button").first()


async def test_changes_of_roles_run_no_statement(sandbox: Sandbox) -> None:
    """Not even of the month; the first rows of the file are read where they are shown."""
    with Warehouse(sandbox) as warehouse:
        address = warehouse.url.rpartition(":")[2]
        options = {"table": "ORDERS_100K", "bucket": sandbox.s3["bucket"]}
        connection = {**sandbox.snowflake, "port": int(address)}
        async with workbench(sandbox, {**options, "connection": connection}) as drive:
            await drive.previewed()
            await until(drive.pilot, lambda: drive.bench.draft.rows and drive.matching)
            assert "EXACT · all 100,000 rows" in whole(drive.app)
            before = dict(warehouse.started)
            assert any('AS "month"' in sql for sql in before.values())
            await drive.press("3", "o")  # drops the keys that keep the rows apart
            await drive.until_roles(O_COMMENT="drop", O_CLERK="drop")
            await drive.previewed()
            months = drive.bench.draft.months
            assert months is not None
            assert (months.total_rows, months.sampled, months.counted) == (100_000, False, False)
            assert "→ about" in whole(drive.app)
            assert "EXACT" in whole(drive.app)
            for column, role in (("O_ORDERKEY", Role.KEY), ("O_ORDERKEY", Role.SUM)):
                drive.bench.post_message(RoleAsked(column, role))
                await drive.until_roles(O_ORDERKEY=role.value)
                await drive.previewed()
            assert warehouse.started == before
            await drive.press("f5")
            await until(drive.pilot, lambda: drive.bench.draft.rows)
            assert len(warehouse.started) == len(before) + 1


async def test_a_change_of_roles_waits_for_the_sample_that_is_being_read(
    sandbox: Sandbox,
) -> None:
    with Warehouse(sandbox) as warehouse:
        warehouse.on(START + READ, hang)
        connection = {**sandbox.snowflake, "port": int(warehouse.url.rpartition(":")[2])}
        options = {"table": "ORDERS_100K", "connection": connection}
        async with workbench(sandbox, options) as drive:
            try:
                await drive.planned("ORDERS_100K")
                await until(drive.pilot, warehouse.hanging.is_set, at_once=True)
                drive.bench.post_message(RoleAsked("O_COMMENT", Role.DROP))
                await drive.until_roles(O_COMMENT="drop")
                assert drive.bench.draft.months is None
            finally:
                warehouse.clear()
            await drive.previewed()
            assert drive.bench.draft.months is not None
            assert drive.bench.draft.known is not None
            assert drive.bench.draft.known[0] != drive.bench.draft.plan
            assert sum('"size"' in sql for sql in warehouse.started.values()) == 1


async def test_a_run_uses_the_session_of_the_app(sandbox: Sandbox) -> None:
    """One sign-in, so that a second factor is asked for once."""
    with Warehouse(sandbox) as warehouse:
        connection = {**sandbox.snowflake, "port": int(warehouse.url.rpartition(":")[2])}
        bucket = f"s3://{sandbox.s3['bucket']}/w-{uuid.uuid4().hex[:8]}"
        options = {"table": "LOCATIONS_595", "date_column": "DOB", "bucket": bucket}
        async with workbench(sandbox, {**options, "connection": connection}) as drive:
            await drive.previewed()
            await drive.press("f5")
            await until(drive.pilot, lambda: isinstance(drive.app.screen, RunScreen))
            run = drive.app.screen
            assert isinstance(run, RunScreen)
            await drive.press(send_key(run))
            await until(drive.pilot, lambda: run.state in (State.DELIVERED, State.FAILED))
            assert run.outcome is not None, whole(drive.app)
            assert warehouse.seen(LOGIN) == 1


async def test_keys_pressed_faster_than_plans_are_made_all_count(sandbox: Sandbox) -> None:
    async with workbench(sandbox, {"table": "ORDERS_100K"}) as drive:
        await drive.planned("ORDERS_100K")
        for column in ("O_ORDERKEY", "O_CUSTKEY", "O_CLERK", "O_COMMENT"):
            drive.bench.post_message(RoleAsked(column, Role.DROP))
        drive.bench.post_message(RoleAsked("O_CLERK", Role.KEY))
        await drive.until_roles(
            O_ORDERKEY="drop", O_CUSTKEY="drop", O_COMMENT="drop", O_CLERK="key"
        )
        assert set(drive.bench.draft.request.drop_columns) == {
            *("O_ORDERKEY", "O_CUSTKEY", "O_COMMENT")
        }


async def test_two_hundred_columns_get_their_roles_at_once(sandbox: Sandbox) -> None:
    names = [f"N_{n:03}" for n in range(150)] + [f"T_{n:02}" for n in range(49)]
    kinds = ", ".join(f"{n} {'NUMBER(9,0)' if n[0] == 'N' else 'VARCHAR(9)'}" for n in names)
    values = ", ".join("1" if n[0] == "N" else "'a'" for n in names)
    table = make_table(sandbox, f"D DATE, {kinds}", f"('2024-01-03', {values})")
    async with workbench(sandbox, {"table": table}) as drive:
        await drive.planned(table)
        shown_columns = drive.lines("column-list")
        await drive.press("2", "t", *"n_1 num")
        await until(drive.pilot, lambda: len(shown_columns.items) == 50)
        await drive.press("enter", "a")
        assert "50 columns selected" in whole(drive.app)
        await drive.press("d")
        await until(drive.pilot, lambda: list(drive.roles().values()).count("drop") == 50)
        assert drive.roles()["N_100"] == "drop"
        assert drive.roles()["N_099"] == "sum"
        assert len(shown_columns.items) == 50  # the filter stays, the selection is gone
        assert "selected" not in whole(drive.app)

        await drive.press("escape")
        await until(drive.pilot, lambda: len(shown_columns.items) == 200)
        await drive.press("t", *"T_0?", "enter", "home", "v", "shift+down", "shift+down")
        assert "4 columns selected" in whole(drive.app)
        await drive.press("escape")  # first the selection, then the filter
        assert "selected" not in whole(drive.app)
        assert len(shown_columns.items) == 10
        await drive.press("home", "v", "v", "m")  # only one column can be the month
        assert drive.roles()["D"] == "month"
        await drive.press("s")  # no text can be a sum
        assert drive.roles()["T_00"] == "key"
        await drive.press("d")
        await drive.until_roles(T_00="drop", T_01="drop", T_02="key")


async def test_a_click_on_the_role_changes_it(sandbox: Sandbox) -> None:
    async with workbench(sandbox, {"table": "ORDERS_100K"}) as drive:
        await drive.planned("ORDERS_100K")
        cells = drive.lines("column-list").role_cells  # type: ignore[attr-defined]
        await drive.pilot.click("#column-list", offset=(cells.start + 1, 1))
        await drive.until_roles(O_ORDERKEY="key")


async def test_the_filter_narrows_while_one_types(sandbox: Sandbox) -> None:
    async with workbench(sandbox) as drive:
        await drive.tables()
        everything = len(drive.matching)
        first = drive.lines("table-list").current
        assert first is not None
        assert first.name.table == drive.matching[0]  # the cursor waits at no database
        await drive.press("slash", *"ord 100")
        await until(drive.pilot, lambda: drive.matching == ["ORDERS_100K"])
        assert f"1 of {everything} tables" in shown(drive.app)
        await drive.press("escape")
        await until(drive.pilot, lambda: len(drive.matching) == everything)


async def test_the_tables_can_be_listed_anew(sandbox: Sandbox) -> None:
    async with workbench(sandbox) as drive:
        await drive.tables()
        before = drive.matching
        ghost = Entry(TableName("DEMO", "PUBLIC", "GHOST"), "TABLE", 1, 1)
        drive.bench.tables.add_tables("DEMO", [ghost], complete=True)
        await until(drive.pilot, lambda: "GHOST" in drive.matching)
        await drive.press("f8")
        await until(drive.pilot, lambda: drive.matching == before)


async def test_a_sample_is_called_one_and_e_gives_the_exact_months(sandbox: Sandbox) -> None:
    async with workbench(sandbox, {"table": "LOCATIONS_595", "date_column": "DOB"}) as drive:
        await drive.planned("LOCATIONS_595")
        await drive.previewed()
        await drive.press("3", "e")
        await until(drive.pilot, lambda: "EXACT" in shown(drive.app))
        assert "595" in shown(drive.app)


@pytest.mark.parametrize("table", ["ORDERS_100K", "ORDERS_1998"])  # and a view
async def test_rows_out_that_were_counted_stay_so(sandbox: Sandbox, table: str) -> None:
    async with workbench(sandbox, {"table": table}) as drive:
        await drive.planned(table)
        await drive.previewed()
        first = drive.bench.draft.months
        await drive.press("3", "e")
        await until(drive.pilot, lambda: drive.bench.draft.months is not first)
        assert first is not None
        assert f"→  {first.expected_rows:,} rows out" in shown(drive.app)


async def test_groups_that_snowflake_estimates_are_not_told_as_counted(sandbox: Sandbox) -> None:
    async with workbench(sandbox, {"table": "ORDERS_100K"}) as drive:
        await drive.planned("ORDERS_100K")
        await drive.previewed()
        plan, months = drive.bench.draft.plan, drive.bench.draft.months
        assert plan is not None
        assert months is not None
        drive.bench.post_message(Previewed(plan, replace(months, counted=False)))
        await until(drive.pilot, lambda: "→  about 99,998 rows out" in shown(drive.app))


async def test_a_file_that_cannot_be_saved_is_told_with_its_place(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    async with workbench(sandbox) as drive:
        nowhere = tmp_path / "nowhere"
        drive.app.deliver_text(StringIO("{}"), save_directory=nowhere, save_filename="a.json")
        await until(drive.pilot, lambda: drive.app._notifications)
        (told,) = (each.message for each in drive.app._notifications)
        assert f"could not be saved as {nowhere / 'a.json'}: No such file" in told


async def test_sql_and_help_on_request(sandbox: Sandbox) -> None:
    async with workbench(sandbox, {"table": "ORDERS_100K"}) as drive:
        await drive.planned("ORDERS_100K")
        await drive.press("3", "q")
        await until(drive.pilot, lambda: isinstance(drive.app.screen, SqlDialog))
        assert "DATE_TRUNC" in shown(drive.app)
        await drive.press("escape", "f1")
        await until(drive.pilot, lambda: isinstance(drive.app.screen, HelpScreen))
        assert "each month with its rows" in whole(drive.app)


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


async def test_access_is_tested_on_request(sandbox: Sandbox) -> None:
    async with workbench(sandbox, {"bucket": sandbox.s3["bucket"]}) as drive:
        await drive.tables()
        await drive.press("4", "f6")
        await until(drive.pilot, lambda: "✓ write access" in shown(drive.app))


async def test_a_missing_bucket_is_told_in_a_dialog(sandbox: Sandbox) -> None:
    async with workbench(sandbox, {"bucket": "no-such-bucket-here"}) as drive:
        await drive.tables()
        await drive.press("4", "f6")
        await until(drive.pilot, lambda: isinstance(drive.app.screen, ErrorDialog))
        assert "no-such-bucket-here" in shown(drive.app)


async def test_a_refused_sign_in_is_told(sandbox: Sandbox) -> None:
    wrong = {**sandbox.snowflake, "password": "wrong-password-9"}
    async with workbench(sandbox, {"connection": wrong}) as drive:
        await until(drive.pilot, lambda: isinstance(drive.app.screen, ErrorDialog))
        assert "wrong-password-9" not in shown(drive.app)
        await drive.press("escape")
        assert "not signed in" in shown(drive.app)


async def test_one_part_alone(sandbox: Sandbox) -> None:
    async with workbench(sandbox, {"table": "ORDERS_100K"}) as drive:
        await drive.planned("ORDERS_100K")
        await drive.press("2", "z")
        await until(drive.pilot, lambda: not drive.bench.tables.display)
        assert drive.bench.columns.size.width > 110
        await drive.press("z")
        await until(drive.pilot, lambda: drive.bench.tables.display)


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


async def test_the_last_look_tells_the_rows_of_a_view_that_were_seen(sandbox: Sandbox) -> None:
    async with workbench(sandbox, {"table": "ORDERS_1998", "bucket": "b-x"}) as drive:
        await drive.planned("ORDERS_1998")
        await drive.previewed()
        assert drive.bench.draft.months is not None
        await drive.press("f5")
        rows = f"DEMO.PUBLIC.ORDERS_1998 {drive.bench.draft.months.rows_seen:,} rows"
        await until(drive.pilot, lambda: rows in whole(drive.app))


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
