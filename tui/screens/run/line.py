"""The runs that go on in the background, in a few words at the end of the line at the top."""

from __future__ import annotations

from typing import Final

from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui.format.numbers import clock
from tui.format.text import shorten
from tui.screens.run.progress import PHASES
from tui.screens.run.queue import QueuedRun, Standing, queue_of, seconds_of, share_done

_PACE: Final = 0.5  # seconds between two updates
_LONGEST: Final = 20  # cells of a name


class RunsLine(Static):
    """The run in the background, and how many wait; a click lists all runs."""

    class Ended(Message):
        """A run has ended."""

    def __init__(self) -> None:
        super().__init__("", markup=False, id="runs-line")
        self._shown = ""
        self._ended = 0

    def on_mount(self) -> None:
        """Follow the runs."""
        self.set_interval(_PACE, self.follow)

    def follow(self) -> None:
        """Show the runs as they are now."""
        queue = queue_of(self.app)
        shown = describe_runs(queue.unwatched)
        if shown != self._shown:
            self._shown = shown
            self.update(Content(shown))
        ended = sum(run.standing is Standing.ENDED for run in queue.runs)
        if ended != self._ended:
            self._ended = ended
            self.post_message(self.Ended())

    async def on_click(self) -> None:
        """List the runs."""
        await self.run_action("app.runs")


def describe_runs(runs: list[QueuedRun]) -> str:
    """Return the first of the active runs with its progress, and how many follow it."""
    if not runs:
        return ""
    name = shorten(runs[0].name.rpartition(".")[2], _LONGEST)
    more = f" +{len(runs) - 1}" if len(runs) > 1 else ""
    return f" ▸ {name} {describe_progress(runs[0])}{more}  F12 "


def describe_progress(run: QueuedRun) -> str:
    """Return the phase of a run with the share done or the seconds elapsed."""
    if run.standing is Standing.WAITING:
        return "waits"
    if run.stopping:
        return "stopping"
    now = run.track.now
    phase = PHASES[now.phase].lower() if now else "sign in"
    if (share := share_done(run)) is not None:
        return f"{phase} {share:.0%}"
    seconds, expected = seconds_of(run), run.expected or 0
    return f"{phase} {clock(seconds)}" + (f" of {clock(expected)}" if seconds < expected else "")
