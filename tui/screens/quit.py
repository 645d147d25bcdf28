"""Leaving while a transfer runs: asked for once, then stopped for good."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from textual.app import App

from tui.screens.question import Question
from tui.screens.run.screen import RunScreen

_GRACE: Final = 0.5  # seconds for the run to end by itself; the rest of one is for the end
_POLL: Final = 0.02


class QuitDialog(Question):
    """Asks whether to stop a running transfer and leave.

    Args:
        table: the table that is being transferred.
    """

    HELP = "A transfer is running. Leaving stops it, and delivers nothing; staying lets it go on."

    def __init__(self, table: str) -> None:
        super().__init__(
            "Leave while a transfer runs?",
            f"{table} is on its way. Leaving stops the query and the upload; nothing is "
            "delivered, and nothing is left in the bucket.",
            yes="Stop and leave",
            no="Stay",
        )


def request_quit(app: App[Any]) -> None:
    """Leave; while a transfer runs, ask first.

    What runs is told to stop, and gets a moment to abort the query and the upload; whether it
    answers or not, the program leaves within a second.
    """
    run = next((each for each in app.screen_stack if isinstance(each, RunScreen)), None)
    if run is None or not run.running:
        app.exit()
        return
    if isinstance(app.screen, QuitDialog):
        return

    def take_answer(leave: bool | None) -> None:
        if leave:
            run.abandon()
            app.run_worker(_leave(app, run), name="leave")

    app.push_screen(QuitDialog(str(run.plan.source.name)), take_answer)


async def _leave(app: App[Any], run: RunScreen) -> None:
    deadline = time.monotonic() + _GRACE
    while run.running and time.monotonic() < deadline:
        await asyncio.sleep(_POLL)
    if run.running:
        from core.facade import discard_own

        discard_own()
    app.exit()
