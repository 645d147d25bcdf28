"""Exiting while a transfer runs: asks once, then stops the transfer."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from textual.app import App

from tui.screens.question import Question
from tui.screens.run.screen import RunScreen

_GRACE: Final = 0.5  # seconds to wait for the run; exiting takes the rest of one second
_POLL: Final = 0.02  # seconds


class QuitDialog(Question):
    """Asks whether to stop a running transfer and exit.

    Args:
        table: the table that is being transferred.
    """

    HELP = "A transfer is running. Leaving stops it, and nothing is delivered."

    def __init__(self, table: str) -> None:
        super().__init__(
            "Leave while a transfer runs?",
            f"{table} is being transferred. Leaving stops the query and the upload; nothing is "
            "delivered, and nothing is left in the bucket.",
            yes="Stop and leave",
            no="Stay",
        )


def request_quit(app: App[Any]) -> None:
    """Exit the app; while a transfer runs, ask first.

    The transfer is cancelled, and has half a second to abort the query and the upload. The app
    exits within a second, even if the transfer has not ended by then.
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
