"""Part 5: the transfers of the job file, below the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from tui.format.figures import count
from tui.format.text import fit, fit_name, visible
from tui.widgets.lines import Lines, Piece
from tui.workbench.pane import Pane

if TYPE_CHECKING:
    from core.facade import JobEntry
    from tui.preferences import Memory
    from tui.screens.jobs.files import JobFile, JobPlace

_SIGN_CELLS = 2  # of the mark at the transfer that is on screen
_NAME_CELLS = 8  # of a name, at least


class JobPicked(Message):
    """A transfer of the job file is to be loaded; its entry may be run instead."""

    def __init__(self, file: JobFile, entry: JobEntry, *, run: bool = False) -> None:
        super().__init__()
        self.file, self.entry, self.run = file, entry, run


class JobLines(Lines["JobEntry"]):
    """The transfers, each with its name and its destination.

    Attributes:
        picked: the name of the transfer that is on screen; empty if none is.
    """

    picked: str = ""

    def pieces(self, item: JobEntry, width: int) -> list[Piece]:
        """Return the name, and the destination as far as there is room."""
        request, is_picked = item.transfers[0].request, item.name == self.picked
        room = width - _SIGN_CELLS
        cells = min(max(cell_len(each.name) for each in self.items), max(_NAME_CELLS, room // 2))
        to = request.destination or request.bucket.removeprefix("s3://").rstrip("/")
        return [
            Piece("▌ " if is_picked else "  ", "accent"),
            Piece(fit_name(item.name, cells), "accent" if is_picked else ""),
            Piece(fit(f" → {visible(to)}", room - cells), "dim"),
        ]


class JobsPane(Pane):
    """The transfers of the job file that was used last; hidden while it has no transfer.

    Args:
        memory: where the file that was used last is kept.
    """

    BORDER_TITLE = "5 Jobs"
    HELP = """\
The transfers of the job file that was used last. Enter loads one into the other parts, where \
ctrl+s saves what you change; r runs the one under the cursor in the background, after a question.

F3 shows them with their entries in the file, runs all, renames and removes them, and opens \
another file."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "run_job", "Run job", tooltip="Run the transfer under the cursor"),
    ]

    def __init__(self, memory: Memory) -> None:
        super().__init__(id="jobs")
        self._memory = memory
        self._list = JobLines(id="job-list")
        self._file: JobFile | None = None
        self._read: object = None  # what identifies the content that was read
        self.display = False

    def compose(self) -> ComposeResult:
        """Yield the list."""
        yield self._list

    def go(self) -> None:
        """Take the focus; without a job, show what F3 does."""
        if self.display:
            self.screen.set_focus(self._list)
        else:
            self.app.notify("No job is saved yet: ctrl+s saves the transfer on screen as one.")

    def mark(self, place: JobPlace | None) -> None:
        """Mark the transfer that is on screen; None if it is in no file."""
        self._list.picked = place.name if place else ""
        self._list.refresh()

    def follow(self, place: JobPlace | None) -> None:
        """Read the file again if it has changed.

        Args:
            place: the transfer that is on screen, whose file is shown; None for the one used last.
        """
        from tui.screens.jobs.files import JobFile, find_job_file

        path = place.path if place else find_job_file(self._memory)
        try:
            state = path.stat()
            content: object = (path, state.st_mtime_ns, state.st_size, state.st_ino)
        except (OSError, ValueError):
            content = (path, None)
        if content != self._read:
            self._read = content
            self._file = JobFile.read(path)
            self._show(self._file)

    def _show(self, file: JobFile) -> None:
        bad = len(file.mistakes)
        self._list.set_empty(f"{count(bad, 'mistake')} in the file: F3 shows them" if bad else "")
        self._list.show(file.entries)
        self.set_note(visible(file.path.name))
        shown = bool(file.entries or bad)
        if not shown and self.has_focus_within:
            self.screen.set_focus(None)
        self.display = shown

    @on(Lines.Chosen, "#job-list")
    def _choose(self, event: Lines.Chosen) -> None:
        event.stop()
        self._post(run=False)

    def action_run_job(self) -> None:
        """Run the transfer under the cursor."""
        self._post(run=True)

    def _post(self, *, run: bool) -> None:
        if self._file is not None and self._list.current is not None:
            self.post_message(JobPicked(self._file, self._list.current, run=run))
