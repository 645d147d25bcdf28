"""The table: what has no room is counted and can be reached, and only names are cut."""

from __future__ import annotations

import re

import pytest
from textual.app import App, ComposeResult

from tests.tui.app_hosts import shown, until
from tui.widgets.lines import Lines, Piece
from tui.widgets.table import Column, Table

NAME = "DEMO.PUBLIC.A_TABLE_WITH_A_LONG_NAME_2024"
COLUMNS = (
    Column("When"),
    Column("Table", is_name=True),
    Column("Rows", "right"),
    Column("Outcome"),
    Column("Where", is_name=True),
    Column("By"),
)
ROWS = (
    ("2026-11-29 01:20", NAME, "27,753,444", "✗ destination exists", f"s3://{NAME}", "app"),
    ("2026-11-28 01:20", "T\x1b[31m[/b]", "1", "✓ delivered", "s3://b", "batch"),
)


class Stage(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.chosen: list[int] = []

    def compose(self) -> ComposeResult:
        yield Table(*COLUMNS)

    def on_mount(self) -> None:
        table = self.query_one(Table)
        table.fill([list(map(Piece, row)) for row in ROWS], 0)
        table.focus()

    def on_lines_chosen(self, message: Lines.Chosen) -> None:
        self.chosen.append(message.index)


@pytest.mark.parametrize("width", [50, 60, 80, 100, 120, 200])
async def test_every_column_is_in_view_or_counted_and_reached(width: int) -> None:
    app = Stage()
    async with app.run_test(size=(width, 6)) as pilot:
        await until(pilot, lambda: "When" in shown(app))
        seen: set[str] = set()
        while True:
            head, first, *_ = shown(app).splitlines()
            heads = [column.head for column in COLUMNS if column.head in head]
            more = int(found[1]) if (found := re.search(r"\+(\d+) →", head)) else 0
            assert heads[0] == "When"  # stays
            assert more == len(COLUMNS) - 1 - [c.head for c in COLUMNS].index(heads[-1])
            for cell in ("27,753,444", "✗ destination exists"):
                assert cell in first or cell[:4] not in first  # never cut
            seen.update(heads)
            if not more:
                break
            await pilot.press("right")
        assert seen == {column.head for column in COLUMNS}
        await pilot.press(*["left"] * len(COLUMNS))
        assert "Table" in shown(app).splitlines()[0]


async def test_names_lose_their_middle_and_all_show_again_with_more_room() -> None:
    app = Stage()
    async with app.run_test(size=(60, 6)) as pilot:
        await until(pilot, lambda: "+3 →" in shown(app))
        assert "DEMO.PUBLIC…_NAME_2024" in shown(app)
        assert "T␛[31m[/b]" in shown(app)
        await pilot.press("right", "right")
        assert "Table" not in shown(app)
        await pilot.resize_terminal(160, 6)
        await until(pilot, lambda: "By" in shown(app) and "Table" in shown(app))
        head, first, *_ = shown(app).splitlines()
        assert all(column.head in head for column in COLUMNS)
        assert "→" not in head
        assert "DEMO.PUBLIC.A_TABLE" in first
        assert first.rstrip().endswith("_NAME_2024  app")


async def test_a_click_moves_the_cursor_and_a_second_one_chooses() -> None:
    app = Stage()
    async with app.run_test(size=(120, 6)) as pilot:
        await until(pilot, lambda: "When" in shown(app))
        await pilot.click(Table, offset=(3, 2))
        assert (app.query_one(Table).cursor, app.chosen) == (1, [])
        await pilot.click(Table, offset=(3, 2))
        assert app.chosen == [1]
        await pilot.press("up", "enter")
        assert app.chosen == [1, 0]


async def test_without_rows_there_are_the_headings() -> None:
    app = Stage()
    async with app.run_test(size=(120, 6)) as pilot:
        app.query_one(Table).fill([])
        await until(pilot, lambda: "delivered" not in shown(app))
        assert "When  Table  Rows" in shown(app)
        await pilot.press("right", "down", "enter")
        assert app.chosen == []
