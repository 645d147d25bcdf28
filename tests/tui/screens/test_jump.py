"""Jump mode over a screen of its own."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import Screen
from textual.widgets import Button, Input

from tests.tui.app_hosts import Host, until
from tui.screens.jump import JumpScreen, find_targets, go


class Form(Screen[None]):
    pressed = False

    def action_note(self) -> None:
        self.pressed = True

    def compose(self) -> ComposeResult:
        yield Input(id="one")
        yield Input(id="two", disabled=True)
        with VerticalScroll(id="below", can_focus=False):
            yield Button("press", id="three", action="screen.note")
            yield Input(id="four")


async def test_a_letter_goes_to_a_place() -> None:
    form = Form()
    app = Host(form)
    async with app.run_test(size=(80, 24)) as pilot:
        assert [each.id for each in find_targets(form)] == ["one", "three", "four"]
        for key, focused in (("d", "four"), ("escape", "four"), ("x", "four"), ("a", "one")):
            if not isinstance(app.screen, JumpScreen):
                app.push_screen(JumpScreen(form), go)
                await until(pilot, lambda: app.screen.is_mounted and app.screen is not form)
            await pilot.press(key)
            await pilot.pause()
            assert form.focused is not None
            assert form.focused.id == focused
        assert app.screen is form


async def test_a_letter_presses_a_button() -> None:
    form = Form()
    app = Host(form)
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(JumpScreen(form), go)
        await until(pilot, lambda: isinstance(app.screen, JumpScreen))
        await pilot.press("s")
        await until(pilot, lambda: form.pressed)


class Beside(Screen[None]):
    """A framed box of one line, with two buttons, and a third below that is cut off."""

    CSS = """
    #box { border: round red; height: 3; Button { width: 5; min-width: 5; } }
    Horizontal { height: 1; }
    """

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            with Horizontal():
                yield Button("a", id="first", compact=True)
                yield Button("b", id="second", compact=True)
            yield Button("c", id="hidden", compact=True)


async def test_each_place_in_view_has_a_letter_of_its_own() -> None:
    form = Beside()
    app = Host(form)
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(JumpScreen(form), go)
        await until(pilot, lambda: isinstance(app.screen, JumpScreen) and app.screen.is_mounted)
        assert [each.id for each in find_targets(form)] == ["first", "second"]
        letters = list(app.screen.query(".target"))
        assert len(letters) == len({each.region for each in letters}) == 2
