"""The jobs: the transfers of a job file, each of which can be edited."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, Static

from core import Request, TransferError
from core.facade import JobEntry, remove_transfer
from tui.format.figures import count
from tui.format.text import visible
from tui.preferences import Memory
from tui.screens.error import short_path, show_error
from tui.screens.jobs.files import JobFile, JobPlace, find_job_file, parse_path
from tui.screens.jobs.rename import RenameDialog
from tui.screens.jobs.run import Run, ask_to_run
from tui.screens.jobs.save import SaveDialog
from tui.screens.question import Question
from tui.widgets.keys_line import KeysLine
from tui.widgets.lines import Piece
from tui.widgets.table import Column, Row, Table
from tui.widgets.text_input import TextInput

_STYLES: Final = Path(__file__).parents[2] / "styles"
_COLUMNS: Final = (
    Column("Name", is_name=True),
    Column("Table", is_name=True),
    Column("To", is_name=True),
    Column("Months"),
    Column("File"),
)
_MISSING: Final = (
    "There is no such file yet. s saves the transfer on screen into it; o opens another file."
)
_EMPTY: Final = "The file has no transfer. s saves the one on screen into it; o opens another file."


class JobsScreen(Screen["tuple[JobPlace, Request] | None"]):
    """Lists the transfers of a job file; dismisses with the one to edit and its request, or None.

    Args:
        memory: where the file that was used last is kept.
        shown: the transfer on screen, which can be saved; None if it is not complete.
        place: the entry that it was loaded from.
        demo: whether the app uses the embedded warehouse and bucket.
        on_run: is called with the file and the names of transfers that the user wants to run.
        on_move: is called with the new place of the transfer on screen; None if it was removed.
    """

    CSS_PATH = _STYLES / "lists.tcss"
    HELP = """\
The transfers of a job file, which amplify-transfer --batch --job FILE runs every month. Below the \
list is the entry under the cursor as it stands in the file; a mistake in the file is shown with \
its line, and nothing is listed until it is corrected.

enter loads a transfer into the workbench, on the present connection; s saves the transfer of the \
workbench, into the entry that it was loaded from or as a new one. Comments in the file are kept. \
n gives a transfer another name, x removes it after a question. o opens another file.

r runs the transfer under the cursor, a all of them, after a question: one after the other, in the \
background. A transfer without a connection in the file uses the present one. One that fails does \
not stop the others."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,e", "edit", "Edit", key_display="enter", tooltip="Load into the workbench"),
        Binding("r", "run", "Run", tooltip="Run this transfer"),
        Binding("a", "run_all", "Run all", tooltip="Run all transfers of the file"),
        Binding("n", "rename", "Name", tooltip="Give this transfer another name"),
        Binding("x,delete", "remove", "Remove", tooltip="Remove this transfer from the file"),
        Binding("s", "save", "Save", tooltip="Save the transfer of the workbench"),
        Binding("o", "open", "Open file", tooltip="Open another job file"),
        Binding("f8", "reload", "Read again", show=False, tooltip="Read the file again"),
        Binding("escape,q", "close", "Back", key_display="esc"),
    ]

    def __init__(
        self,
        memory: Memory,
        shown: Request | None = None,
        place: JobPlace | None = None,
        *,
        demo: bool = False,
        on_run: Run | None = None,
        on_move: Callable[[JobPlace | None], object] | None = None,
    ) -> None:
        super().__init__()
        self._on_run, self._on_move = on_run, on_move
        self._memory, self._shown, self._place, self._demo = memory, shown, place, demo
        self._file = JobFile.read(place.path if place else find_job_file(memory))
        self._path = TextInput(placeholder="path of a job file", compact=True, id="file")

    def compose(self) -> ComposeResult:
        """Yield the path, the list, the entry under the cursor, and the keys."""
        table = Table(*_COLUMNS, id="entries")
        table.border_title = "Jobs"
        yield self._path
        yield table
        yield VerticalScroll(id="entry")
        yield KeysLine()

    async def on_mount(self) -> None:
        """Fill the list."""
        self._path.value = short_path(self._file.path)
        await self._fill(self._place.name if self._place else "")
        self.query_one(Table).focus()
        self.call_after_refresh(self.refresh_bindings)  # now that it is mounted

    async def _fill(self, name: str = "") -> None:
        """Show the file, with the cursor on the entry `name`."""
        table = self.query_one(Table)
        names = [entry.name for entry in self._file.entries]
        table.fill(map(_make_row, self._file.entries), names.index(name) if name in names else 0)
        bad = len(self._file.mistakes)
        table.border_subtitle = count(bad, "mistake") if bad else count(len(names), "transfer")
        table.set_class(bool(bad), "-wrong")
        await self._show_entry()

    @property
    def entry(self) -> JobEntry | None:
        """The entry under the cursor."""
        row = self.query_one(Table).cursor
        return self._file.entries[row] if 0 <= row < len(self._file.entries) else None

    @on(Table.Moved)
    async def _show_entry(self) -> None:
        about = self.query_one("#entry", VerticalScroll)
        about.border_title = Content(visible(self.entry.name)) if self.entry else ""
        async with about.batch():
            await about.remove_children()
            await about.mount_all(self._describe())
        self.refresh_bindings()

    def _describe(self) -> Iterator[Widget]:
        for mistake in self._file.mistakes:
            yield Static(Content(mistake), classes="mistake")
        if self._file.mistakes:
            return
        if (entry := self.entry) is not None:
            lines = enumerate(entry.text.splitlines(), entry.line)
            numbered = (
                Content.assemble((f"{n:>4}  ", "$foreground-muted"), visible(line))
                for n, line in lines
            )
            yield Static(Content("\n").join(numbered))
        elif not self._file.entries:
            yield Static(_EMPTY if self._file.exists else _MISSING, markup=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable the actions that have nothing to act on."""
        if action in ("edit", "run", "run_all", "rename", "remove"):
            return bool(self.is_mounted and self.entry) or None
        return True

    # -------------------------------------------------------------------------------- actions

    def action_open(self) -> None:
        """Move the focus to the path."""
        self._path.focus()
        self._path.action_select_all()

    @on(Input.Submitted, "#file")
    async def _open(self) -> None:
        await self._read(parse_path(self._path.value))
        if self._file.exists and not self._file.mistakes:
            self._memory.job_file = str(self._file.path.absolute())
        self.query_one(Table).focus()

    async def action_reload(self) -> None:
        """Read the file again."""
        await self._read(self._file.path, self.entry.name if self.entry else "")

    async def _read(self, path: Path, name: str = "") -> None:
        self._file = JobFile.read(path)
        self._path.value = short_path(path)
        await self._fill(name)

    def action_save(self) -> None:
        """Save the transfer of the workbench."""
        if self._shown is None:
            text = "The workbench has no transfer yet: select a table and enter a destination."
            self.app.notify(text, severity="warning", markup=False)
            return
        dialog = SaveDialog(self._shown, self._memory, self._place, demo=self._demo)
        self.app.push_screen(dialog, self._show_saved)

    async def _show_saved(self, place: JobPlace | None) -> None:
        if place is not None:
            self._move(place)
            await self._read(place.path, place.name)

    def _move(self, place: JobPlace | None) -> None:
        """Note where the transfer of the workbench is in a file now."""
        self._place = place
        if self._on_move is not None:
            self._on_move(place)

    def action_rename(self) -> None:
        """Ask for another name of the transfer under the cursor."""
        if (entry := self.entry) is None:
            return
        former = JobPlace(self._file.path, entry.name)

        async def take_answer(place: JobPlace | None) -> None:
            if place is not None:
                if self._place == former:
                    self._move(place)
                await self._read(place.path, place.name)

        self.app.push_screen(RenameDialog(former), take_answer)

    def action_remove(self) -> None:
        """Ask, then remove the transfer under the cursor."""
        if (entry := self.entry) is None:
            return
        place = JobPlace(self._file.path, entry.name)

        async def take_answer(yes: bool | None) -> None:
            if yes:
                await self._remove(place)

        where = short_path(place.path)
        text = f"{entry.name} is removed from {where}. What it has delivered stays."
        question = Question("Remove this transfer?", text, yes="Remove", no="Keep")
        self.app.push_screen(question, take_answer)

    async def _remove(self, place: JobPlace) -> None:
        row = self.query_one(Table).cursor
        try:
            remove_transfer(place.path, place.name)
        except TransferError as error:
            show_error(self.app, error)
            return
        if self._place == place:
            self._move(None)
        names = [entry.name for entry in JobFile.read(place.path).entries]
        await self._read(place.path, names[min(row, len(names) - 1)] if names else "")

    @on(Table.Chosen)
    def action_edit(self) -> None:
        """Dismiss with the entry under the cursor."""
        if (entry := self.entry) is not None:
            self.dismiss((JobPlace(self._file.path, entry.name), entry.transfers[0].request))

    def action_run(self) -> None:
        """Run the transfer under the cursor."""
        if (entry := self.entry) is not None:
            self._ask_to_run([entry])

    def action_run_all(self) -> None:
        """Run all transfers of the file."""
        if self._file.entries:
            self._ask_to_run(self._file.entries)

    def _ask_to_run(self, entries: Sequence[JobEntry]) -> None:
        if self._on_run is not None:
            ask_to_run(self.app, self._file.path, entries, self._on_run)

    def action_close(self) -> None:
        """Leave the path, or close the jobs."""
        if self._path.has_focus:
            self._path.value = short_path(self._file.path)
            self.query_one(Table).focus()
        else:
            self.dismiss(None)


def _make_row(entry: JobEntry) -> Row:
    request, frozen = entry.transfers[0].request, entry.transfers[0].frozen
    return (
        Piece(entry.name, "strong"),
        Piece(request.table.rpartition(".")[2]),
        Piece(request.destination or request.bucket.removeprefix("s3://")),
        Piece(_describe_window(entry)),
        Piece(request.format + (", frozen" if frozen else "")),
    )


def _describe_window(entry: JobEntry) -> str:
    request = entry.transfers[0].request
    if entry.is_backfill:
        return f"{len(entry.transfers)} one by one"
    if request.last_months is not None:
        return "last month" if request.last_months == 1 else f"last {request.last_months}"
    if request.since or request.until:
        return f"{request.since or ''}..{request.until or ''}"
    return "all"
