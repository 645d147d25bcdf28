"""The view of a transfer that runs: its phases, speed, time left, memory, and retries."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from core import Phase, Progress, Recovered, Retrying
from core.facade import Track, amount, fraction
from tui.format.figures import count
from tui.format.numbers import clock, memory, size, span

PHASES: Final = {
    Phase.CONNECT: "Sign in",
    Phase.PLAN: "Plan",
    Phase.QUERY: "Run query",
    Phase.READ: "Read and sum",
    Phase.WRITE: "Write file",
    Phase.UPLOAD: "Upload",
    Phase.VERIFY: "Verify",
}
STOPPING: Final = {
    Phase.CONNECT: "Stopping: cancelling the sign-in.",
    Phase.PLAN: "Stopping: aborting the query in Snowflake.",
    Phase.QUERY: "Stopping: aborting the query in Snowflake.",
    Phase.READ: "Stopping: discarding the rows read so far.",
    Phase.WRITE: "Stopping: deleting the file.",
    Phase.UPLOAD: "Stopping: aborting the upload; S3 deletes its parts.",
    Phase.VERIFY: "Stopping: cancelling the verification; the file stays delivered.",
}
STOPPED: Final = {
    Phase.CONNECT: "Stopped during the sign-in: no query was started.",
    Phase.PLAN: "Stopped during planning: the query in Snowflake was aborted.",
    Phase.QUERY: "Stopped during the query: it was aborted in Snowflake.",
    Phase.READ: "Stopped while reading: the rows read were discarded.",
    Phase.WRITE: "Stopped while writing the file: it was deleted.",
    Phase.UPLOAD: "Stopped during the upload: it was aborted.",
    Phase.VERIFY: "Stopped during the verification: the file is delivered.",
}
_NONE: Final = "–"  # noqa: RUF001  an en dash, on purpose
_BAR: Final = 22  # cells
_PACE: Final = 0.25  # seconds between two updates
_FIGURES: Final = ("rows/s", "data/s", "left", "memory", "elapsed")


class PhaseList(Widget):
    """The phases of a run, one on each line: done, current, and to come.

    Args:
        phases: the phases.
        expected: the estimated seconds of the run; None if there is no estimate.
    """

    def __init__(self, phases: Sequence[Phase], expected: float | None = None) -> None:
        super().__init__()
        self.styles.height = len(phases)
        self.track = Track()
        self.elapsed = 0.0
        self._expected = expected
        self._all = phases

    def render(self) -> Content:
        """Return the phases in order."""
        return Content("\n").join(self._line(phase) for phase in self._all)

    def _line(self, phase: Phase) -> Content:
        now = self.track.now
        spent = self.track.seconds(phase, self.elapsed)
        name = f"{PHASES[phase]:<14}"
        if spent is None:
            return Content.assemble(("· ", "$foreground-muted"), (name, "$foreground-muted"))
        if now is not None and now.phase is phase:
            return Content.assemble(
                ("▸ ", "bold $text-accent"),
                (name, "bold"),
                *self._under_way(now, spent),
            )
        return Content.assemble(
            ("✓ ", "$text-success"),
            name,
            (f"{span(spent):>8}   ", "$foreground-muted"),
            (_done(self.track.last(phase)), "$foreground-muted"),
        )

    def _under_way(self, now: Progress, spent: float) -> list[tuple[str, str]]:
        """Return a bar and the share done if the total is known, else what is done.

        Snowflake does not say how far a statement is: its time is compared with the expected one.
        """
        part, (done, total) = fraction(now), amount(now)
        shown = size if now.in_bytes else _rows
        bar = max(8, min(_BAR, self.size.width - 56))
        if part is not None:
            text = f" {part:>4.0%}  {shown(done).partition(' row')[0]} of {shown(total or 0)}"
            return [*_draw_bar(part, bar), (text, "")]
        if done:
            return [(shown(done), "")]
        if now.phase is not Phase.QUERY or not self._expected:
            return [(f"{span(spent):>8} …", "$foreground-muted")]
        if self.elapsed > self._expected:
            text = f"{span(spent):>8} …  the run was expected to take {span(self._expected)}"
            return [(text, "$foreground-muted")]
        text = f"  {clock(self.elapsed)} of about {clock(self._expected)}"
        return [*_draw_bar(self.elapsed / self._expected, bar), (text, "$foreground-muted")]


class Figures(Widget):
    """Speed, time left, memory and time elapsed, each above its name."""

    DEFAULT_CSS = "Figures { height: 2; margin-top: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self.values: tuple[str, ...] = (_NONE,) * len(_FIGURES)

    def set(self, track: Track, elapsed: float, expected: float | None = None) -> None:
        """Show the figures of `track`.

        Args:
            track: the progress so far.
            elapsed: the seconds since the start of the run.
            expected: the estimated seconds of the whole run; None if there is no estimate.
        """
        left = track.seconds_left
        self.values = (
            f"{track.rows_per_second:,.0f}" if track.rows_per_second else _NONE,
            size(track.bytes_per_second) if track.bytes_per_second else _NONE,
            clock(left) if left is not None else _estimate(expected, elapsed),
            size(held) if (held := memory()) else _NONE,
            clock(elapsed),
        )
        self.refresh()

    def render(self) -> Content:
        """Return two lines of cells of equal width."""
        cell = max(10, self.size.width // len(_FIGURES))
        above = "".join(f"{value:<{cell - 1}} " for value in self.values)
        below = "".join(name.ljust(cell) for name in _FIGURES)
        return Content.assemble((above, "bold"), "\n", (below, "$foreground-muted"))


class Running(Vertical):
    """The view of a transfer that runs.

    Args:
        route: table and bucket, on one line.
        verify: whether the delivery is verified at the end.
        expected: the estimated seconds of the run; None if there is no estimate.
    """

    DEFAULT_CSS = """
    Running {
        height: auto;
        & .route { text-style: bold; margin-bottom: 1; }
        & .note { margin-top: 1; color: $text-warning; display: none; }
        & .note.-some { display: block; }
    }
    """

    def __init__(self, route: str, *, verify: bool = False, expected: float | None = None) -> None:
        super().__init__()
        self._route, self._expected = route, expected
        phases = [each for each in Phase if verify or each is not Phase.VERIFY]
        self._phases = PhaseList(phases, expected)
        self._figures = Figures()
        self._retrying: dict[str, str] = {}
        self._began = time.monotonic()

    def compose(self) -> ComposeResult:
        """Yield the route, the phases, the figures, and a line for messages."""
        yield Static(Content(self._route), classes="route")
        yield self._phases
        yield self._figures
        yield Static(classes="note", markup=False)

    def on_mount(self) -> None:
        """Start the timer of updates."""
        self.set_interval(_PACE, self.tick)

    def begin(self, began: float, track: Track | None = None) -> None:
        """Reset the view for another run.

        Args:
            began: `time.monotonic()` at its start.
            track: its progress so far; None at its start.
        """
        self._began = began
        self._phases.track = track or Track()
        self._retrying.clear()
        self.say("")
        self.tick()

    def move(self, progress: Progress) -> None:
        """Record the progress of the run."""
        entered = self._phases.track.now is None or self.phase is not progress.phase
        self._phases.track.note(progress)
        if entered:
            self.tick()

    def tick(self) -> None:
        """Update the times and the figures."""
        self._phases.elapsed = elapsed = time.monotonic() - self._began
        self._phases.refresh()
        self._figures.set(self._phases.track, elapsed, self._expected)

    @property
    def phase(self) -> Phase:
        """The current phase."""
        now = self._phases.track.now
        return Phase.CONNECT if now is None else now.phase

    def retry(self, event: Retrying | Recovered) -> None:
        """Show which request is being retried, until it succeeds."""
        self._retrying.pop(event.what, None)
        if isinstance(event, Retrying):
            self._retrying[event.what] = str(event)
        self.say(next(reversed(self._retrying.values()), ""))

    def say(self, text: str) -> None:
        """Show a message below the figures; an empty text removes it."""
        note = self.query_one(".note", Static)
        note.update(Content(text))
        note.set_class(bool(text), "-some")


def _estimate(expected: float | None, elapsed: float) -> str:
    """Return the estimated time left while it cannot be measured, as during the query."""
    left = -1.0 if expected is None else expected - elapsed
    return f"about {clock(left)}" if left >= 1 else _NONE


def _draw_bar(part: float, cells: int) -> list[tuple[str, str]]:
    filled = round(part * cells)
    return [("━" * filled, "$accent"), ("━" * (cells - filled), "$surface-lighten-3")]


def _done(last: Progress | None) -> str:
    if last is None or not amount(last)[0]:
        return ""
    if last.in_bytes:
        return size(last.bytes)
    return _rows(last.rows) + (f" · {size(last.bytes)}" if last.bytes else "")


def _rows(number: int) -> str:
    return count(number, "row")
