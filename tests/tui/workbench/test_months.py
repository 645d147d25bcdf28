"""The table of months: whole sums only, however narrow it is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from textual.app import App, ComposeResult

from core.preview.month_preview import MonthRow
from tests.tui.app_hosts import shown
from tui.workbench.months.lines import MonthLines

SUMS = {
    "AMOUNT": Decimal("269123456.10"),
    "A_RATHER_LONG_NAME_OF_2023": Decimal(7),
    "F": 0.1 + 0.2,
    "LAST": Decimal(-1234567),
}


class Table(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.months = MonthLines(id="month-list")

    def compose(self) -> ComposeResult:
        yield self.months

    def on_mount(self) -> None:
        sums = [SimpleNamespace(name=name, identifier="") for name in SUMS]
        plan: Any = SimpleNamespace(sums=sums)
        rows = [MonthRow(date(2024, n, 1), 1_234_567_890, tuple(SUMS.values())) for n in (1, 2)]
        months: Any = SimpleNamespace(months=rows)
        self.months.fill(plan, months)
        self.months.focus()


def figures(app: App[Any]) -> list[str]:
    """What the line of a month shows after its rows."""
    line = next(line for line in shown(app).splitlines() if "2024-01" in line)
    assert "1,234,567,890" in line
    return line.split()[2:]


@pytest.mark.parametrize("width", range(46, 110, 8))
async def test_a_sum_is_whole_or_on_the_next_page(width: int) -> None:
    texts = ["269,123,456.10", "7", "0.3", "-1,234,567"]
    app = Table()
    async with app.run_test(size=(width, 6)) as pilot:
        seen: list[str] = []
        for _ in texts:
            await pilot.pause()
            in_view, heading = figures(app), shown(app).splitlines()[0]
            assert all(each in texts for each in in_view), heading
            hidden = len(texts) - app.months.first - len(in_view)
            assert (f"+{hidden} →" in heading) == bool(hidden), heading
            assert ("←" in heading) == bool(app.months.first)
            seen += in_view
            await pilot.press("right")
        assert set(seen) == set(texts)
        await pilot.press(*["left"] * len(texts))
        assert figures(app)[0] == texts[0]


async def test_a_sum_without_room_is_rounded_rather_than_cut() -> None:
    app = Table()
    async with app.run_test(size=(42, 6)) as pilot:
        await pilot.pause()
        (only,) = figures(app)
        assert only.startswith("≈2.69")
        assert only.endswith("e+8")


async def test_a_long_name_keeps_its_end() -> None:
    app = Table()
    async with app.run_test(size=(120, 6)) as pilot:
        await pilot.pause()
        assert "A_RATHER_LO…ME_OF_2023" in shown(app)


async def test_it_is_wide_enough_for_each_sum_one_scrolls_to() -> None:
    """The first one is narrow, and the number of those that follow has three digits."""
    names = ["FIRST", "WIDER", *(f"C_{n:03}" for n in range(200))]
    values = (Decimal(1), Decimal("269123456.10"), *[Decimal(7)] * 200)
    plan: Any = SimpleNamespace(sums=[SimpleNamespace(name=n, identifier="") for n in names])
    app = Table()
    async with app.run_test(size=(120, 6)) as pilot:
        app.months.fill(plan, SimpleNamespace(months=[MonthRow(date(2024, 1, 1), 9, values)]))  # type: ignore[arg-type]
        await pilot.resize_terminal(app.months.get_snug_width(45, 100), 6)
        await pilot.pause()
        heading = shown(app).splitlines()[0]
        assert "FIRST" in heading
        assert "…" not in heading
        await pilot.press("right")
        await pilot.pause()
        assert "269,123,456.10" in shown(app)
