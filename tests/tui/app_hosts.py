"""A bare app in which one screen is tried on its own, and what tests ask of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen

from tui.screens.help import HelpScreen
from tui.screens.run.screen import RunScreen

SECONDS = 90  # more than anything takes; what hangs fails its test


class Host(App[None]):
    """Shows one screen and keeps what it was dismissed with.

    Attributes:
        answers: what screens were dismissed with, in turn.
        copied: what was put on the clipboard, in turn.
    """

    def __init__(self, screen: Screen[Any]) -> None:
        super().__init__()
        self.first = screen
        self.answers: list[Any] = []
        self.copied: list[str] = []

    def on_mount(self) -> None:
        self.push_screen(self.first, self.answers.append)

    def action_help(self) -> None:
        """What F1 in a dialog calls; every app has it."""
        self.push_screen(HelpScreen(self.screen))

    def copy_to_clipboard(self, text: str) -> None:
        self.copied.append(text)
        super().copy_to_clipboard(text)


async def until(pilot: Pilot[Any], met: Callable[[], object], *, at_once: bool = False) -> None:
    """Let the app work until `met` is true, and what it has to show is shown.

    `Pilot.pause` waits for an idle process, up to a second, so it comes last.

    Raises:
        Exception: what the app crashed with, at once: nothing that it was to do will be done.
        AssertionError: it never came true; with the screen.
    """
    try:
        async with asyncio.timeout(SECONDS):
            while not met():
                if (crash := pilot.app._exception) is not None:
                    raise crash
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"it never came; the screen is\n{shown(pilot.app)}") from None
    if not at_once:
        await pilot.pause()


def shown(app: App[Any]) -> str:
    """The text on the screen, a line a row."""
    return "\n".join(
        "".join(segment.text for segment in strip)
        for strip in app.screen._compositor.render_strips()
    )


def whole(app: App[Any]) -> str:
    """The words of the screen on one line, for texts that wrap."""
    return " ".join(shown(app).replace("│", " ").replace("█", " ").replace("▊", " ").split())


def send_key(screen: RunScreen) -> str:
    """The key that starts a run: Enter, unless its plan has most rows remain."""
    return "a" if screen.plan and screen.plan.grain else "enter"
