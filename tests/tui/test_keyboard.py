"""Keys reach the widget that has the focus once the keys before them have had their effect."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual._xterm_parser import XTermParser
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input

from tests.tui.app_driver import Driver, workbench
from tests.tui.app_hosts import until
from tui.keyboard import PATIENCE, OrderedKeys, read_alt_digits
from tui.screens.run.screen import RunScreen

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox


def burst(drive: Driver, *keys: str) -> None:
    """Send keys at once, as a terminal does that was blocked."""
    named = {"/": "slash", "_": "underscore"}
    for key in keys:
        character = key if len(key) == 1 else None
        drive.app.post_message(events.Key(named.get(key, key), character))


async def test_a_filter_and_a_table_in_one_burst(sandbox: Sandbox) -> None:
    async with workbench(sandbox, {"table": "ORDERS_100K"}) as drive:
        await drive.tables()
        await drive.planned("ORDERS_100K")
        await drive.press("2")
        burst(drive, "/", *"ions_595")  # "i" and "s" are commands of the columns
        await until(drive.pilot, lambda: drive.matching == ["LOCATIONS_595"])
        assert not drive.bench.draft.request.drop_identifiers
        burst(drive, "enter", "z")  # zooms the columns, to which "enter" moves the focus
        await until(drive.pilot, lambda: not drive.bench.tables.display)
        assert drive.bench.columns.has_focus_within


async def test_a_destination_and_its_run_in_one_burst(sandbox: Sandbox) -> None:
    async with workbench(sandbox, {"table": "LOCATIONS_595", "date_column": "DOB"}) as drive:
        await drive.planned("LOCATIONS_595")
        await drive.previewed()
        burst(drive, "4", *"b-1234", "f5")
        await until(drive.pilot, lambda: isinstance(drive.app.screen, RunScreen))
        assert drive.bench.draft.request.bucket == "b-1234"


async def test_a_widget_that_goes_away_holds_up_no_key(sandbox: Sandbox) -> None:
    async with workbench(sandbox) as drive:
        await drive.tables()
        drive.app.post_message(events.Key("slash", "/"))
        await until(drive.pilot, lambda: isinstance(drive.app.focused, Input))
        field = drive.bench.query_one("#filter", Input)
        burst(drive, "a", "b")
        drive.app.call_later(field.remove)
        burst(drive, "f1")
        await until(drive.pilot, lambda: drive.app.screen is not drive.bench)


def test_escape_and_a_digit_is_alt() -> None:
    read_alt_digits()
    for digit in "12345":
        parser = XTermParser()
        told = [*parser.feed(f"\x1b{digit}"), *parser.feed("")]
        assert [event.key for event in told if isinstance(event, events.Key)] == [f"alt+{digit}"]


class SlowPart(Widget, can_focus=True):
    """Moves the focus to the field beside it after longer than a key waits for a dead widget."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("slash", "slow"), Binding("x", "count")]
    commands = 0

    async def action_slow(self) -> None:
        await asyncio.sleep(2.5 * PATIENCE)
        self.screen.query_one(Input).focus()

    def action_count(self) -> None:
        self.commands += 1


async def test_a_key_waits_for_a_widget_that_is_slow() -> None:
    """As on a busy machine: typed text would be commands of the part that had the focus."""

    class App(OrderedKeys):
        def compose(self) -> ComposeResult:
            yield SlowPart()
            yield Input()

    app = App()
    async with app.run_test() as pilot:
        part, field = app.query_one(SlowPart), app.query_one(Input)
        part.focus()
        await pilot.pause()
        for key in ("slash", "x", "y"):
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: field.value == "xy")
        assert part.commands == 0
