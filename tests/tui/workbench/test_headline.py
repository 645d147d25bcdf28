"""The headline of part 3 at every width: the flag is whole, and the figures come first."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from textual.app import App, ComposeResult

from core.planning.plan import make_plan
from core.preview.month_preview import MonthRow, Months
from core.query import Statement
from tests.support.sources import ORDERS, request, source
from tests.tui.app_hosts import shown, until
from tui.workbench.months.headline import Headline

NAMES = ("O_COMMENT", "O_CLERK", "O_ORDERPRIORITY")


class Top(App[None]):
    CSS = "Headline { height: auto; }"

    def compose(self) -> ComposeResult:
        yield Headline(id="summary")

    def fill(self, names: tuple[str, ...], **changes: Any) -> None:
        """Show a plan of whose rows most remain because of `names`, if there are any."""
        plan: Any = make_plan(source(ORDERS), {}, request())
        if names:
            object.__setattr__(plan, "grain", Causes(names))
        months = Months((), False, 100_000, 0, 0, 99_998, Statement(""), True, 100_000)
        self.query_one(Headline).show(plan, replace(months, **changes))


class Causes:
    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names


async def lines(app: Top, pilot: Any) -> list[str]:
    await pilot.pause()
    return [line.rstrip() for line in shown(app).splitlines() if line.strip()]


@pytest.mark.parametrize("width", [38, 54, 84, 120])
@pytest.mark.parametrize("number", [1, 2, 3])
async def test_the_flag_fits_into_the_second_line(width: int, number: int) -> None:
    app = Top()
    async with app.run_test(size=(width, 8)) as pilot:
        app.fill(NAMES[:number], blank_rows=2, bad_dates=3)
        first, flag, *rest = await lines(app, pilot)
        assert first.startswith("100,000 rows in  →  99,998 rows out")
        assert "…" not in flag
        assert "O_COMMENT" in flag
        assert "most rows remain" in flag or width < 54
        everything = " ".join([first, *rest])
        assert "2 blank" in everything
        assert "3 unreadable dates" in everything


async def test_notes_without_room_follow_below() -> None:
    app = Top()
    async with app.run_test(size=(60, 8)) as pilot:
        app.fill((), blank_rows=2, bad_dates=3)
        assert await lines(app, pilot) == [
            "100,000 rows in  →  99,998 rows out  ·  3 unreadable dates",
            "2 blank",
        ]
        await pilot.resize_terminal(80, 8)
        await until(pilot, lambda: len(shown(app).strip().splitlines()) == 1)
        app.query_one(Headline).say("the months appear here")
        assert await lines(app, pilot) == ["the months appear here"]


async def test_a_long_name_is_cut_in_its_middle() -> None:
    app = Top()
    async with app.run_test(size=(30, 8)) as pilot:
        app.fill(("A_VERY_LONG_NAME_OF_A_COLUMN_2024",))
        first, flag = await lines(app, pilot)
        assert first == "100,000 in → 99,998 out"
        assert flag.startswith("! o drops A_VERY")
        assert flag.endswith("2024")


async def test_a_row_for_each_month_of_a_sample_is_a_lower_bound() -> None:
    """A sample of micro-partitions may have 8 of a table's 285 months, and so 8 of 285 rows."""
    rows = tuple(MonthRow(date(2024, month, 1), 9, ()) for month in (1, 2))
    app = Top()
    async with app.run_test(size=(84, 8)) as pilot:
        for expected, told in ((2, "at least 2 rows out"), (5, "about 5 rows out")):
            app.fill((), months=rows, sampled=True, counted=False, expected_rows=expected)
            assert await lines(app, pilot) == [f"100,000 rows in  →  {told}"]
