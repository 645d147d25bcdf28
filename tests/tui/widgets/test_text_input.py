"""The input of the app's forms: no selection by the focus, undo, and keys that are no text."""

from __future__ import annotations

import pytest
from textual import events
from textual.app import App, ComposeResult

from tui.screens.connect.secret import SecretInput
from tui.widgets.text_input import TextInput


class Form(App[None]):
    def __init__(self, kind: type[TextInput] = TextInput) -> None:
        super().__init__()
        self.kind = kind

    def compose(self) -> ComposeResult:
        field = self.kind(id="one")
        field.value = "first"
        yield field
        yield TextInput("other", id="two")

    @property
    def field(self) -> TextInput:
        return self.query_one("#one", TextInput)


@pytest.mark.parametrize("kind", [TextInput, SecretInput])
async def test_every_change_is_undone_and_redone(kind: type[TextInput]) -> None:
    app = Form(kind)
    async with app.run_test() as pilot:
        await pilot.press("end", *"abc")
        app.field.post_message(events.Paste("-pasted"))
        await pilot.press("ctrl+u")
        before = ["", "firstabc-pasted", "firstabc", "first", "first"]
        for text in before:
            assert app.field.value == text
            await pilot.press("ctrl+z")
        for text in reversed(before[:3]):
            await pilot.press("ctrl+y")
            assert app.field.value == text
        await pilot.press("ctrl+z", "x", "ctrl+y")
        assert app.field.value == "firstabc-pastedx"


async def test_the_focus_selects_nothing() -> None:
    app = Form()
    async with app.run_test() as pilot:
        await pilot.press("tab", "2", "tab", "tab", "3")
        assert app.query_one("#two", TextInput).value == "other23"


async def test_a_key_with_alt_is_no_text() -> None:
    app = Form()
    async with app.run_test() as pilot:
        await pilot.pause()
        app.post_message(events.Key("alt+1", "1"))  # as Textual reads ESC and 1
        await pilot.press("x")
        assert app.field.value == "firstx"
