"""Roles change as fast as one asks, and their months follow without a statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Static

from core.planning.plan import Role
from tests.support.deliveries import make_table
from tests.support.services.buckets import hang
from tests.support.services.warehouse_proxy import READ, START, Warehouse
from tests.tui.app_driver import workbench
from tests.tui.app_hosts import until, whole
from tui.screens.run.screen import RunScreen
from tui.workbench.messages import RoleAsked

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox


async def test_roles_change_by_key_by_click_and_faster_than_plans_are_made(
    sandbox: Sandbox,
) -> None:
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

        for column in ("O_ORDERKEY", "O_CUSTKEY", "O_CLERK", "O_COMMENT"):
            drive.bench.post_message(RoleAsked(column, Role.DROP))
        drive.bench.post_message(RoleAsked("O_CLERK", Role.KEY))
        await drive.until_roles(
            O_ORDERKEY="drop", O_CUSTKEY="drop", O_COMMENT="drop", O_CLERK="key"
        )
        assert set(drive.bench.draft.request.drop_columns) == {
            *("O_ORDERKEY", "O_CUSTKEY", "O_COMMENT")
        }

        await drive.press("u")
        await drive.until_roles(O_ORDERKEY="sum", O_COMMENT="key")
        cells = drive.lines("column-list").role_cells  # type: ignore[attr-defined]
        await drive.pilot.click("#column-list", offset=(cells.start + 1, 1))
        await drive.until_roles(O_ORDERKEY="key")


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
        assert "role drop in Columns for O_COMMENT,O_CLERK or role key" in str(first.content)
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
