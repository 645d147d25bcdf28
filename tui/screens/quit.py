"""Exiting while a transfer runs: asks once, then stops the transfer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final

from textual.app import App

from tui.format.figures import count
from tui.screens.question import Question
from tui.screens.run.queue import QueuedRun, queue_of

_GRACE: Final = 0.5  # seconds to wait for the run; exiting takes the rest of one second
_POLL: Final = 0.02  # seconds


class QuitDialog(Question):
    """Asks whether to stop a running transfer and exit.

    Args:
        table: the table that is being transferred.
        others: how many other transfers run or wait.
    """

    HELP = "A transfer is running. Leaving stops it, and nothing is delivered."

    def __init__(self, table: str, others: int = 0) -> None:
        more = f", and {count(others, 'other')} would follow" if others else ""
        super().__init__(
            "Leave while a transfer runs?",
            f"{table} is being transferred{more}. Leaving stops the query and the upload; nothing "
            "is delivered, and nothing is left in the bucket.",
            yes="Stop and leave",
            no="Stay",
        )


def request_quit(app: App[Any]) -> None:
    """Exit the app; while a transfer runs or waits, ask first.

    The transfer is cancelled, and has half a second to abort the query and the upload. The app
    exits within a second, even if the transfer has not ended by then.
    """
    queue = queue_of(app)
    active = queue.active
    if not active:
        app.exit()
        return
    if isinstance(app.screen, QuitDialog):
        return

    def take_answer(leave: bool | None) -> None:
        if leave:
            queue.abandon()
            app.run_worker(_leave(app, active), name="leave")

    app.push_screen(QuitDialog(active[0].name, len(active) - 1), take_answer)


async def _leave(app: App[Any], runs: Sequence[QueuedRun]) -> None:
    deadline = time.monotonic() + _GRACE
    while any(run.running for run in runs) and time.monotonic() < deadline:
        await asyncio.sleep(_POLL)
    if any(run.running for run in runs):
        from core.facade import discard_own

        discard_own()
    app.exit()
