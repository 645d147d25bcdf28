"""Errors and help, as they are told."""

from __future__ import annotations

import pytest
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Input, Static

from core import errors
from core.errors import TransferError
from tests.tui.app_hosts import Host, shown, until, whole
from tui.screens.error import ErrorDialog, show_error
from tui.screens.failure import Failure
from tui.screens.help import HelpScreen

CLASSES = [TransferError, *TransferError.__subclasses__()]
HOSTILE = [
    "[/b]",
    "x [/foo] y",
    "]",
    "[type=x, v={'a[0]'}]",
    "[/",
    "😀 naïve",
    "\x1b[31m",
    "x" * 255,
]


def failed_because_of(secret: str) -> Exception:
    """An error with a traceback whose locals, texts and causes hold a secret."""
    try:
        password = secret
        try:
            raise KeyError(password)
        except KeyError as cause:
            raise ValueError(f"no {password}") from cause
    except ValueError as error:
        return error


class TestErrors:
    @pytest.mark.parametrize("size", [(80, 24), (200, 60)])
    @pytest.mark.parametrize("kind", CLASSES)
    async def test_each_class(self, kind: type[TransferError], size: tuple[int, int]) -> None:
        app = Host(ErrorDialog(kind("Something about SALES.ORDERS.", "Do that next.")))
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: kind.label in shown(app))
            text = whole(app)
            assert f"{kind.label} · exit code {kind.exit_code}" in text
            assert "Something about SALES.ORDERS." in text
            assert "Do that next." in text
            assert f"core.errors.{kind.__name__}" not in text
            await pilot.press("d")
            await until(pilot, lambda: f"core.errors.{kind.__name__}" in whole(app))
            await pilot.press("c", "escape")
        assert app.answers == [None]
        assert "Do that next." in app.copied[0]

    @pytest.mark.parametrize("in_browser", [False, True])
    async def test_what_is_said_of_a_copy_is_of_where_it_was_made(
        self, in_browser: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        app = Host(ErrorDialog(TransferError("m")))
        async with app.run_test() as pilot:
            assert app._driver is not None
            monkeypatch.setattr(type(app._driver), "is_web", in_browser)
            await pilot.press("c")
            (told,) = (each.message for each in app._notifications)
        assert ("browser" in told) == ("serves this page" in told) == in_browser
        assert ("terminal" in told) == ("tmux" in told) == (not in_browser)

    def test_every_class_has_a_heading_of_its_own(self) -> None:
        headings = {Failure.of(kind("m") if kind is not errors.CancelledError else kind()).heading
                    for kind in CLASSES}  # fmt: skip
        assert len(headings) == len(CLASSES)

    @pytest.mark.parametrize("text", HOSTILE)
    async def test_hostile_messages(self, text: str) -> None:
        app = Host(ErrorDialog(TransferError(text, text)))
        async with app.run_test(size=(120, 40), notifications=True) as pilot:
            await until(pilot, lambda: "unexpected" in shown(app))
            if len(text) < 40 and text.isprintable():
                assert text in whole(app)
            assert "\x1b" not in shown(app)

    async def test_no_secret_of_a_crash(self) -> None:
        app = Host(ErrorDialog(failed_because_of("hunter2")))
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.press("d", "c")
            await until(pilot, lambda: "failed_because_of" in whole(app))
            assert "ValueError" in whole(app)
            assert "hunter2" not in whole(app) + app.copied[0]

    async def test_help_from_within_a_dialog(self) -> None:
        app = Host(ErrorDialog(TransferError("m")))
        async with app.run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: isinstance(app.screen, ErrorDialog))
            await pilot.press("f1")
            await until(pilot, lambda: "paste them into a report" in whole(app))
            await pilot.press("f1")
            await until(pilot, lambda: isinstance(app.screen, ErrorDialog))

    async def test_one_dialog_at_a_time(self) -> None:
        app = Host(ErrorDialog(TransferError("the first")))
        async with app.run_test() as pilot:
            await until(pilot, lambda: isinstance(app.screen, ErrorDialog))
            assert show_error(app, TransferError("the second")) is None
            assert "the first" in whole(app)

    async def test_a_long_one_still_has_its_buttons(self) -> None:
        app = Host(ErrorDialog(TransferError("long " * 400, "advice " * 100 + "the end")))
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: "Close  esc" in shown(app))
            assert "the end" not in whole(app)
            await pilot.press(*["pagedown"] * 12)
            await until(pilot, lambda: "the end" in whole(app))


class Part(Static, can_focus=True):
    """A part of a screen with a help of its own."""

    HELP = "What this part is for: [/b] brackets stay."
    BINDINGS = [Binding("k", "app.bell", "Ring", tooltip="Ring the bell [/")]  # noqa: RUF012


class Parts(Screen[None]):
    HELP = "What the whole is for."

    def compose(self) -> ComposeResult:
        yield Part()
        yield Input()


class TestHelp:
    async def test_it_tells_of_the_focused_part_and_its_keys(self) -> None:
        app = Host(Parts())
        async with app.run_test(size=(120, 40)) as pilot:
            app.screen.query_one(Part).focus()
            await pilot.pause()
            await app.push_screen(HelpScreen(app.screen))
            await until(pilot, lambda: "─ Help ─" in shown(app))
            text = whole(app)
            assert text.index("What this part is for: [/b]") < text.index("What the whole is for.")
            assert "k Ring the bell [/" in text
            await pilot.press("escape")
            assert isinstance(app.screen, Parts)
            app.screen.query_one(Input).focus()
            await pilot.pause()
            await app.push_screen(HelpScreen(app.screen))
            await until(pilot, lambda: "What the whole is for." in whole(app))
            assert "What this part is for" not in whole(app)
