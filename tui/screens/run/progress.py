"""A run under way: its phases, the figures of the one it is in, and its warnings."""

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
from tui.format.numbers import clock, memory, size, span

PHASES: Final = {
    Phase.CONNECT: "Sign in",
    Phase.PLAN: "Look at table",
    Phase.QUERY: "Run query",
    Phase.READ: "Read and sum",
    Phase.WRITE: "Write file",
    Phase.UPLOAD: "Upload",
    Phase.VERIFY: "Verify",
}
STOPPING: Final = {
    Phase.CONNECT: "Stopping: the sign-in is given up.",
    Phase.PLAN: "Stopping: Snowflake is told to abort the query.",
    Phase.QUERY: "Stopping: Snowflake is told to abort the query.",
    Phase.READ: "Stopping: the result is no longer read, and what was read is discarded.",
    Phase.WRITE: "Stopping: the file is discarded.",
    Phase.UPLOAD: "Stopping: the upload is aborted; S3 drops its parts.",
    Phase.VERIFY: "Stopping: the verification is given up; the delivery stands.",
}
STOPPED: Final = {
    Phase.CONNECT: "It was signing in: no query was started.",
    Phase.PLAN: "It was looking at the table: Snowflake was told to abort the query.",
    Phase.QUERY: "The query was running: Snowflake was told to abort it.",
    Phase.READ: "Rows were being read: what had come is discarded.",
    Phase.WRITE: "The file was being written: it is deleted.",
    Phase.UPLOAD: "The file was on its way: the upload was aborted.",
    Phase.VERIFY: "The file is delivered; it was being verified.",
}
_NONE: Final = "–"  # noqa: RUF001  an en dash, on purpose
_BAR: Final = 22  # cells
_PACE: Final = 0.25  # seconds
_FIGURES: Final = ("rows/s", "data/s", "left", "memory", "elapsed")


class PhaseList(Widget):
    """The phases of a run, done, under way and to come, one a line."""

    def __init__(self, phases: Sequence[Phase]) -> None:
        super().__init__()
        self.styles.height = len(phases)
        self.track = Track()
        self.elapsed = 0.0
        self._all = phases

    def render(self) -> Content:
        """All of them, in their order."""
        return Content("\n").join(self._line(phase) for phase in self._all)

    def _line(self, phase: Phase) -> Content:
        now = self.track.now
        spent = self.track.seconds(phase, self.elapsed)
        name = f"{PHASES[phase]:<14}"
        if spent is None:
            return Content.assemble(("· ", "dim"), (name, "dim"))
        if now is not None and now.phase is phase:
            return Content.assemble(
                ("▸ ", "bold $text-accent"),
                (name, "bold"),
                *_under_way(now, spent, self.size.width),
            )
        return Content.assemble(
            ("✓ ", "$text-success"),
            name,
            (f"{span(spent):>8}   ", "dim"),
            (_done(self.track.last(phase)), "dim"),
        )


class Figures(Widget):
    """Speed, time left, memory, time passed: a figure above its name."""

    DEFAULT_CSS = "Figures { height: 2; margin-top: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self.values: tuple[str, ...] = (_NONE,) * len(_FIGURES)

    def set(self, track: Track, elapsed: float) -> None:
        """Show the figures of `track`, `elapsed` seconds after its start."""
        left = track.seconds_left
        self.values = (
            f"{track.rows_per_second:,.0f}" if track.rows_per_second else _NONE,
            size(track.bytes_per_second) if track.bytes_per_second else _NONE,
            clock(left) if left is not None else _NONE,
            size(memory()),
            clock(elapsed),
        )
        self.refresh()

    def render(self) -> Content:
        """Two lines of equal cells."""
        cell = max(10, self.size.width // len(_FIGURES))
        above = "".join(value.ljust(cell) for value in self.values)
        below = "".join(name.ljust(cell) for name in _FIGURES)
        return Content.assemble((above, "bold"), "\n", (below, "dim"))


class Running(Vertical):
    """Everything about a run under way.

    Args:
        route: from where to where, in a line.
        verify: whether the delivery is verified at the end.
    """

    DEFAULT_CSS = """
    Running {
        height: auto;
        & .route { text-style: bold; margin-bottom: 1; }
        & .note { margin-top: 1; color: $text-warning; display: none; }
        & .note.-some { display: block; }
    }
    """

    def __init__(self, route: str, *, verify: bool = False) -> None:
        super().__init__()
        self._route = route
        self._phases = PhaseList([each for each in Phase if verify or each is not Phase.VERIFY])
        self._figures = Figures()
        self._retrying: dict[str, str] = {}
        self._began = time.monotonic()

    def compose(self) -> ComposeResult:
        """Route, phases, figures, one line for what the user should know."""
        yield Static(Content(self._route), classes="route")
        yield self._phases
        yield self._figures
        yield Static(classes="note", markup=False)

    def on_mount(self) -> None:
        """Show at a pace that eyes follow, and that leaves keys their time."""
        self.set_interval(_PACE, self.tick)

    def begin(self, began: float) -> None:
        """Start anew, for a run that began at `time.monotonic()` `began`."""
        self._began = began
        self._phases.track = Track()
        self._retrying.clear()
        self.say("")
        self.tick()

    def move(self, progress: Progress) -> None:
        """Take in how far the run has come."""
        entered = self._phases.track.now is None or self.phase is not progress.phase
        self._phases.track.note(progress)
        if entered:
            self.tick()

    def tick(self) -> None:
        """Show the time that has passed."""
        self._phases.elapsed = elapsed = time.monotonic() - self._began
        self._phases.refresh()
        self._figures.set(self._phases.track, elapsed)

    @property
    def phase(self) -> Phase:
        """Where the run is."""
        now = self._phases.track.now
        return Phase.CONNECT if now is None else now.phase

    def retry(self, event: Retrying | Recovered) -> None:
        """Tell which request is tried again, as long as it has not succeeded."""
        self._retrying.pop(event.what, None)
        if isinstance(event, Retrying):
            self._retrying[event.what] = str(event)
        self.say(next(reversed(self._retrying.values()), ""))

    def say(self, text: str) -> None:
        """Show one line below the figures; an empty one takes it away."""
        note = self.query_one(".note", Static)
        note.update(Content(text))
        note.set_class(bool(text), "-some")


def _under_way(now: Progress, spent: float, width: int) -> list[Content | tuple[str, str]]:
    """A bar where the end is known, and what there is of what."""
    part, (done, total) = fraction(now), amount(now)
    shown = size if now.in_bytes else _rows
    if part is None:
        return [(shown(done), "")] if done else [(f"{span(spent):>8} …", "dim")]
    bar = max(8, min(_BAR, width - 56))
    filled = round(part * bar)
    text = f" {part:>4.0%}  {shown(done).removesuffix(' rows')} of {shown(total or 0)}"
    return [("━" * filled, "$accent"), ("━" * (bar - filled), "$surface-lighten-3"), (text, "")]


def _done(last: Progress | None) -> str:
    if last is None or not amount(last)[0]:
        return ""
    if last.in_bytes:
        return size(last.bytes)
    return _rows(last.rows) + (f" · {size(last.bytes)}" if last.bytes else "")


def _rows(count: int) -> str:
    return f"{count:,} rows"
