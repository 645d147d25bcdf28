"""The widgets of our own: lists of any length, charts, choices; hostile text is only text."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.widget import Widget

from tests.tui.app_hosts import shown, until
from tui.format.figures import count, figure, fit_figure
from tui.format.text import fit, fit_name, short, size, visible
from tui.widgets.bars import Bars, Series
from tui.widgets.choice import Choice
from tui.widgets.keys_line import choose_keys
from tui.widgets.lines import Lines, Piece
from tui.workbench.months.pane import _total

HOSTILE = [
    *("[/b]", "]", "[red]x", "a\nb\tc\x1b[31m", "\u202egnp.exe", "日本語" * 90, "😀" * 255),
    "'\"\\",
]


class Words(Lines[str]):
    """Remembers which rows were asked for."""

    def __init__(self) -> None:
        super().__init__(empty="nothing")
        self.asked: set[str] = set()

    def pieces(self, item: str, width: int) -> list[Piece]:
        self.asked.add(item)
        return [Piece(f" {item}")]

    def selectable(self, item: str) -> bool:
        return not item.startswith("#")


class Stage(App[None]):
    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self.widget = widget
        self.told: list[tuple[str, object]] = []

    def compose(self) -> ComposeResult:
        yield self.widget

    def on_mount(self) -> None:
        self.widget.focus()

    def on_lines_chosen(self, message: Lines.Chosen) -> None:
        self.told.append(("chosen", message.index))

    def on_choice_changed(self, message: Choice.Changed) -> None:
        self.told.append(("changed", message.value))


async def test_a_long_list_draws_only_what_is_in_view() -> None:
    words = Words()
    app = Stage(words)
    async with app.run_test() as pilot:
        words.show([f"row {n}" for n in range(100_000)])
        await pilot.pause()
        await pilot.press("end", "pageup", "end", "up")
        await until(pilot, lambda: words.cursor == 99_998)
        assert "row 99998" in shown(app)
        assert len(words.asked) < 200
        await pilot.press("enter")
        assert app.told == [("chosen", 99_998)]


async def test_the_cursor_passes_over_headings_and_stays_inside() -> None:
    words = Words()
    app = Stage(words)
    async with app.run_test() as pilot:
        words.show(["# a", "one", "# b", "two", "# c"])
        assert words.cursor == 1
        await pilot.press("down", "down", "down")
        assert words.cursor == 3
        await pilot.press("home")
        assert words.cursor == 1
        words.show(["# only"])
        assert words.current is None
        words.show([])
        await pilot.press("down", "enter", "end")
        assert app.told == []


async def test_a_click_chooses_what_is_under_it() -> None:
    words = Words()
    app = Stage(words)
    async with app.run_test() as pilot:
        words.show(["# a", "one", "two"])
        await pilot.click(words, offset=(3, 2))
        await pilot.click(words, offset=(3, 0))
        await pilot.click(words, offset=(3, 9))
        assert app.told == [("chosen", 2)]


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_text_takes_one_line(text: str) -> None:
    words = Words()
    app = Stage(words)
    async with app.run_test(size=(30, 5)) as pilot:
        words.show([text, "next"])
        await pilot.pause()
        lines = shown(app).splitlines()
        assert lines[1].strip() == "next"
        assert lines[0].strip().startswith(visible(text)[:3])
        assert "\x1b" not in shown(app)


@given(st.text(), st.integers(0, 40), st.sampled_from(["left", "right"]))
def test_fit_gives_exactly_the_cells_asked_for(text: str, width: int, align: str) -> None:
    assert cell_len(fit(text, width, align)) == width  # type: ignore[arg-type]


def test_figures() -> None:
    numbers = [None, 0, 7, 999, 1000, 12_345, 999_999, 27_753_444, -1.5e9]
    assert [short(n) for n in numbers] == [
        *("-", "0", "7", "999", "1k", "12.3k", "1M", "27.8M", "-1.5B"),
    ]
    assert [size(n) for n in (None, 0, 950, 4_200_000)] == ["-", "0 B", "950 B", "4.2 MB"]


def months(count: int) -> list[date]:
    return [date(2020 + n // 12, n % 12 + 1, 1) for n in range(count)]


async def test_bars_tell_names_totals_and_years() -> None:
    bars = Bars()
    app = Stage(bars)
    async with app.run_test(size=(60, 12)) as pilot:
        bars.show(months(24), [Series("AMOUNT [/b]", tuple(map(float, range(24))), "276")])
        await pilot.pause()
        text = shown(app)
        assert "AMOUNT [/b]" in text
        assert "total 276" in text
        assert "2020" in text
        assert "2021" in text
        assert "█" in text


async def test_a_missing_month_is_a_gap() -> None:
    bars = Bars()
    app = Stage(bars)
    async with app.run_test(size=(40, 6)) as pilot:
        january, march = date(2024, 1, 1), date(2024, 3, 1)
        bars.show([january, march], [Series("N", (5.0, 5.0))])
        await pilot.pause()
        row = next(line for line in shown(app).splitlines() if "█" in line)
        assert [len(bar) for bar in row.split() if "█" in bar] == [3, 3]
        assert row.rindex("█") - row.index("█") == 10  # three bars of four cells with their gaps


async def test_more_months_than_cells_share_bars() -> None:
    bars = Bars()
    app = Stage(bars)
    async with app.run_test(size=(40, 8)) as pilot:
        bars.show(months(100), [Series("N", tuple([1.0] * 100))])
        await pilot.pause()
        assert "4 mo." in shown(app)


@pytest.mark.parametrize(
    "values",
    [(), (0.0, 0.0), (None, None), (-5.0, 5.0), (1e300, 1e-300), (1.7e308,) * 40],
)
async def test_odd_values_are_drawn(values: tuple[float | None, ...]) -> None:
    bars = Bars()
    app = Stage(bars)
    async with app.run_test(size=(40, 8)) as pilot:
        bars.show(months(len(values)), [Series("N", values)] if values else [])
        await pilot.resize_terminal(12, 3)
        await pilot.resize_terminal(3, 1)
        await pilot.pause()
        assert app.is_running


async def test_a_choice_by_key_and_by_click() -> None:
    choice = Choice(["one", "two", "three"])
    app = Stage(choice)
    async with app.run_test() as pilot:
        await pilot.press("right", "right", "right", "left")
        await pilot.click(choice, offset=(8, 0))
        assert [value for _, value in app.told] == ["two", "three", "one", "three", "two"]
        assert "○ one  ◉ two  ○ three" in shown(app)


async def test_what_is_no_number_leaves_a_gap_in_the_chart() -> None:
    bars = Bars()
    app = Stage(bars)
    values = (4.0, nan, inf, -inf, 4.0)
    async with app.run_test(size=(40, 5)) as pilot:
        bars.show(months(5), [Series("N", values, "?")])
        await pilot.pause()
        row = next(line for line in shown(app).splitlines() if "█" in line)
        assert [len(bar) for bar in row.split() if "█" in bar] == [3, 3]
        assert row.rindex("█") - row.index("█") == 18  # the first and the last of five bars
        assert not {"inf", "nan"} & set(shown(app).split())


async def test_a_chart_of_one_month() -> None:
    bars = Bars()
    app = Stage(bars)
    async with app.run_test(size=(40, 6)) as pilot:
        bars.show([date(2024, 3, 1)], [Series("N", (7.0,), "7")])
        await pilot.pause()
        assert "Mar 2024" in shown(app)
        assert "█" in shown(app)


async def test_signed_values_have_a_line_at_zero() -> None:
    bars = Bars()
    app = Stage(bars)
    async with app.run_test(size=(40, 9)) as pilot:
        bars.show(months(3), [Series("N", (-8.0, 0.0, 8.0), "0")])
        await pilot.pause()
        lines = shown(app).splitlines()
        zero = next(n for n, line in enumerate(lines) if line.split()[:1] == ["0"])
        assert "─" * 20 in lines[zero]
        above, below = "".join(lines[1:zero]), "".join(lines[zero + 1 : -1])
        assert "8" in above
        assert "-8" in below
        drawn = [[line[7 + 4 * n : 10 + 4 * n] for n in range(3)] for line in lines]
        assert [any("█" in line[n] for line in drawn[1:zero]) for n in range(3)] == [0, 0, 1]
        assert [any("█" in line[n] for line in drawn[zero + 1 :]) for n in range(3)] == [1, 0, 0]


async def test_values_below_zero_only_hang_from_the_line() -> None:
    bars = Bars()
    app = Stage(bars)
    async with app.run_test(size=(40, 7)) as pilot:
        bars.show(months(2), [Series("N", (-8.0, -3.0), "-11")])
        await pilot.pause()
        lines = shown(app).splitlines()
        assert "─" in lines[1]
        assert "█" in lines[2]


async def test_a_last_bar_of_fewer_months_is_marked() -> None:
    bars = Bars()
    app = Stage(bars)
    async with app.run_test(size=(40, 8)) as pilot:
        bars.show(months(98), [Series("N", tuple([1.0] * 98))])
        await pilot.pause()
        assert "last: 2 mo." in shown(app)
        assert [bars._look(n) for n in (0, 32)] == ["other", "part"]
        bars.mark(months(98)[1])
        assert bars._look(0) == "marked"


async def test_totals_of_a_sample_say_so() -> None:
    bars = Bars()
    app = Stage(bars)
    for width in (24, 60):
        async with app.run_test(size=(width, 8)) as pilot:
            bars.show(months(2), [Series("N", (1.0, 2.0), "3")], sampled=True)
            await pilot.pause()
            assert "sample 3" in shown(app)
        bars = Bars()
        app = Stage(bars)


async def test_series_without_a_picture_share_a_line() -> None:
    bars = Bars()
    app = Stage(bars)
    async with app.run_test(size=(60, 12)) as pilot:
        flat = [Series("ZERO", (0.0, None), "0"), Series("NONE", (None, None), "-")]
        bars.show(months(2), [Series("N", (1.0, 2.0), "3"), *flat])
        await pilot.pause()
        assert "all 0: ZERO · no values: NONE" in shown(app)
        bars.show(months(2), flat)
        await pilot.pause()
        assert shown(app).split() == ["all", "0:", "ZERO", "·", "no", "values:", "NONE"]


@pytest.mark.parametrize(("number", "text"), [(inf, "inf"), (-inf, "-inf"), (nan, "nan")])
def test_what_is_no_number_has_no_unit(number: float, text: str) -> None:
    assert short(number) == text


def test_months_whose_sums_are_no_numbers_are_told_as_such() -> None:
    assert [figure(value) for value in (nan, inf, None, -2.5)] == ["nan", "inf", "NULL", "-2.5"]
    assert _total([1.0, nan]) == "nan"
    assert _total([1.0, -inf, None]) == "-inf"
    assert _total([None]) == "NULL"


def test_figures_without_noise() -> None:
    values = [0.1 + 0.2, 1234567.8900000001, 1e300, 1e-9, 5.0, 12, Decimal("1234.50"), -0.5]
    texts = ["0.3", "1,234,567.89", "1e+300", "1e-09", "5", "12", "1,234.50", "-0.5"]
    assert [figure(value) for value in values] == texts
    assert [count(n, "row") for n in (0, 1, 2000)] == ["0 rows", "1 row", "2,000 rows"]


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2), st.integers(8, 60))
def test_a_sum_is_never_cut(value: Decimal, cells: int) -> None:
    text = fit_figure(value, cells)
    assert len(text) <= cells
    if text != figure(value):
        assert text[0] == "≈"
        assert abs(Decimal(text[1:]) - value) <= abs(value) / 2


def test_a_name_loses_its_middle() -> None:
    assert fit_name("ORDERS_OF_2024", 9) == "ORDE…2024"
    assert fit_name("ORDERS", 9) == "ORDERS   "


@given(st.text(), st.integers(0, 40))
def test_a_name_takes_exactly_its_cells(text: str, width: int) -> None:
    assert cell_len(fit_name(text, width)) == width


def test_keys_for_which_there_is_no_room_are_left_out() -> None:
    keys = [("month", 8), ("sum", 6), ("run", 7), ("app.jobs", 8), ("zoom", 7), ("help", 8)]
    assert choose_keys(keys, 44) == [0, 1, 2, 3, 4, 5]
    assert choose_keys(keys, 43) == [0, 1, 2, 3, 5]
    assert choose_keys(keys, 36) == [0, 1, 2, 5]
    assert choose_keys(keys, 23) == [0, 2, 5]
    assert choose_keys(keys, 1) == [2, 5]
    assert choose_keys([], 80) == []
