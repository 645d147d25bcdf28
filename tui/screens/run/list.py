"""The runs of this session of the app: those that run, wait, and have ended."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Static

from core import Phase
from tui.format.figures import count
from tui.format.numbers import span
from tui.screens.run.line import describe_progress
from tui.screens.run.queue import QueuedRun, Standing, describe_end, queue_of, seconds_of
from tui.screens.run.screen import RunScreen
from tui.screens.run.stop import StopDialog
from tui.widgets.keys_line import KeysLine
from tui.widgets.lines import Piece
from tui.widgets.table import Column, Row, Table

_STYLES: Final = Path(__file__).parents[2] / "styles"
_COLUMNS: Final = (
    Column("Transfer", is_name=True),
    Column("State"),
    Column("Took", "right"),
    Column("To", is_name=True),
)
_PACE: Final = 0.5  # seconds between two updates
_NONE: Final = "No run yet: F5 in the workbench starts one, r on a transfer of F3 too."


class RunsScreen(Screen[None]):
    """Lists the runs in their order, and opens or cancels one."""

    CSS_PATH = _STYLES / "lists.tcss"
    HELP = """\
The runs since the app was started. One runs at a time, so that each has the whole memory limit; \
the others wait in this order. The bell rings at the end of each, and the terminal shows a \
notification if it can.

enter opens a run, with its progress or its result; c cancels it, after a question if it runs. You \
can go on working meanwhile. All runs of this machine, those of --batch too, are in the history."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,o", "open", "Open", key_display="enter", tooltip="Open the run"),
        Binding("c,delete", "cancel", "Cancel", key_display="c", tooltip="Cancel the run"),
        Binding("escape,q,f12", "close", "Back", key_display="esc"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._listed: list[QueuedRun] = []
        self._rows: list[Row] = []

    def compose(self) -> ComposeResult:
        """Yield the list and the keys."""
        table = Table(*_COLUMNS, id="entries")
        table.border_title = "Runs"
        yield table
        yield Static(_NONE, id="none", markup=False)
        yield KeysLine()

    def on_mount(self) -> None:
        """Fill the list, and follow the runs."""
        self.follow()
        table = self.query_one(Table)
        table.cursor = next((n for n, run in enumerate(self._listed) if run.active), table.cursor)
        self.set_interval(_PACE, self.follow)
        table.focus()
        self.call_after_refresh(self.refresh_bindings)  # now that it is mounted

    def follow(self) -> None:
        """Show the runs as they are now."""
        queue = queue_of(self.app)
        table = self.query_one(Table)
        rows = [_make_row(run) for run in queue.runs]
        if rows != self._rows:
            self._listed, self._rows = list(queue.runs), rows
            table.fill(rows)
            self.refresh_bindings()
        active = len(queue.active)
        ended = count(len(rows), "run")
        table.border_subtitle = f"{ended}, {active} to do" if active else ended
        self.query_one("#none").display = not rows

    @property
    def run_shown(self) -> QueuedRun | None:
        """The run under the cursor."""
        row = self.query_one(Table).cursor
        return self._listed[row] if 0 <= row < len(self._listed) else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable the actions that are not possible for this run."""
        run = self.run_shown if self.is_mounted else None
        if action == "cancel":
            return bool(run and run.active and not run.stopping) or None
        if action == "open":
            return bool(run) or None
        return True

    @on(Table.Moved)
    def _refresh_keys(self) -> None:
        self.refresh_bindings()

    @on(Table.Chosen)
    def action_open(self) -> None:
        """Open the run under the cursor."""
        run = self.run_shown
        if run is not None and run.watcher is None and not run.left:
            self.app.push_screen(RunScreen.of(run))

    def action_cancel(self) -> None:
        """Cancel the run under the cursor: at once if it waits, else after a question."""
        run = self.run_shown
        if run is None or not run.active:
            return
        if run.standing is Standing.WAITING:
            queue_of(self.app).cancel(run)
            self.follow()
            return

        def take_answer(yes: bool | None) -> None:
            if yes and run.active:
                queue_of(self.app).cancel(run)
                self.follow()

        delivered = run.track.now is not None and run.track.now.phase is Phase.VERIFY
        question = StopDialog(run.name, delivered=delivered, by_letter=True)
        self.app.push_screen(question, take_answer)

    def action_close(self) -> None:
        """Close the list."""
        self.dismiss(None)


def _make_row(run: QueuedRun) -> Row:
    return (
        Piece(run.name, "strong"),
        Piece(describe_end(run) or describe_progress(run)),
        Piece("" if run.unstarted else span(seconds_of(run))),
        Piece(run.request.destination or run.request.bucket),
    )
