"""The runs of this session of the app: those that run, wait, and have ended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Final

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import DataTable, Static

from core import Phase
from tui.format.figures import count
from tui.format.numbers import span
from tui.format.text import fit, visible
from tui.screens.run.line import describe_progress
from tui.screens.run.queue import QueuedRun, Standing, describe_end, queue_of, seconds_of
from tui.screens.run.screen import RunScreen
from tui.screens.run.stop import StopDialog
from tui.widgets.keys_line import KeysLine

_STYLES: Final = Path(__file__).parents[2] / "styles"
_HEAD: Final = ("Transfer", "State", "Took", "To")
_PACE: Final = 0.5  # seconds between two updates
_LONGEST: Final = 28  # cells of a name
_NONE: Final = "No run yet: F5 in the workbench starts one, r on a transfer of F3 too."


class RunsScreen(Screen[None]):
    """Lists the runs in their order, and opens or cancels one."""

    CSS_PATH = _STYLES / "jobs.tcss"
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
        self._cells: list[list[str]] = []

    def compose(self) -> ComposeResult:
        """Yield the list and the keys."""
        table: DataTable[Text] = DataTable(cursor_type="row", id="entries", cell_padding=1)
        table.border_title = "Runs"
        yield table
        yield Static(_NONE, id="none", markup=False)
        yield KeysLine()

    def on_mount(self) -> None:
        """Fill the list, and follow the runs."""
        table = self.query_one("#entries", DataTable)
        for head in _HEAD:
            table.add_column(head, key=head)
        self.follow()
        active = [n for n, run in enumerate(self._listed) if run.active]
        if active:
            table.move_cursor(row=active[0])
        self.set_interval(_PACE, self.follow)
        table.focus()

    def follow(self) -> None:
        """Show the runs as they are now; cells that did not change are not drawn again."""
        queue = queue_of(self.app)
        table = self.query_one("#entries", DataTable)
        cells = [list(_make_cells(run)) for run in queue.runs]
        if queue.runs != self._listed:
            row = table.cursor_row
            table.clear()
            for n, each in enumerate(cells):
                table.add_row(*map(Text, each), key=str(n))
            table.move_cursor(row=row)
            self._listed = list(queue.runs)
        else:
            changed = (
                (n, head, text)
                for n, (new, old) in enumerate(zip(cells, self._cells, strict=True))
                for head, text, before in zip(_HEAD, new, old, strict=True)
                if text != before
            )
            for n, head, text in changed:
                table.update_cell(str(n), head, Text(text), update_width=True)
        if cells != self._cells:
            self.refresh_bindings()
        self._cells = cells
        active = len(queue.active)
        ended = f"{count(len(cells), 'run')}"
        table.border_subtitle = f"{ended}, {active} to do" if active else ended
        self.query_one("#none").display = not cells

    @property
    def run_shown(self) -> QueuedRun | None:
        """The run under the cursor."""
        row = self.query_one("#entries", DataTable).cursor_row
        return self._listed[row] if 0 <= row < len(self._listed) else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable the actions that are not possible for this run."""
        run = self.run_shown if self.is_mounted else None
        if action == "cancel":
            return bool(run and run.active and not run.stopping) or None
        if action == "open":
            return bool(run) or None
        return True

    @on(DataTable.RowHighlighted)
    def _refresh_keys(self) -> None:
        self.refresh_bindings()

    @on(DataTable.RowSelected)
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


def _make_cells(run: QueuedRun) -> Iterator[str]:
    yield fit(visible(run.name), _LONGEST).rstrip()
    yield describe_end(run) or describe_progress(run)
    yield "" if run.unstarted else span(seconds_of(run))
    yield fit(visible(run.request.destination or run.request.bucket), _LONGEST).rstrip()
