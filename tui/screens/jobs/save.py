"""The dialog that saves a transfer into a job file, as a new entry or in place of one."""

from __future__ import annotations

from contextlib import suppress
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, Static

from core import Request, TransferError, UsageError
from core.facade import (
    change_transfer,
    choose_name,
    is_job_name,
    list_job_options,
    save_transfer,
)
from tui.format.figures import count
from tui.format.remedies import in_app
from tui.format.text import visible
from tui.preferences import Memory
from tui.screens.actions import Action, ActionBar
from tui.screens.dialog import Dialog, DialogScreen
from tui.screens.error import short_path
from tui.screens.field import Field
from tui.screens.jobs.files import JobFile, JobPlace, find_job_file, parse_path
from tui.widgets.text_input import TextInput

_MOST: Final = 4  # mistakes of a file that are shown


class SaveDialog(DialogScreen["JobPlace | None"]):
    """Saves a transfer into a job file; dismisses with its place there, or None.

    Args:
        request: the transfer.
        memory: where the file that was used last is kept.
        place: the entry that the transfer was loaded from; None for a new one.
        demo: whether the transfer uses the embedded warehouse and bucket.
    """

    HELP = """\
A job file has the transfers of every month. It is TOML: a person can read it, version it, and run \
it with amplify-transfer --batch --job FILE.

A name that the file has already changes that transfer: only the values that differ are written, \
and comments, variables such as ${MONTH} and the connection stay as they are. Another name adds a \
transfer. A file that is missing is made. Secrets are never written."""
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "Back")]

    def __init__(
        self, request: Request, memory: Memory, place: JobPlace | None = None, *, demo: bool = False
    ) -> None:
        super().__init__()
        self._request, self._memory, self._place, self._demo = request, memory, place, demo
        path = place.path if place else find_job_file(memory)
        self._file = JobFile.read(path)
        self._name_field = TextInput(id="job-name", compact=True)
        self._path_field = TextInput(id="job-path", compact=True)

    def _suggest_name(self) -> str:
        with suppress(UsageError):
            return choose_name(self._request.table, [each.name for each in self._file.entries])
        return ""

    def compose(self) -> ComposeResult:
        """Yield the transfer, the fields, what saving does, and the buttons."""
        with Dialog("Save as a job"):
            about = f"{visible(self._request.table)} → {visible(self._request.bucket)}"
            yield Static(Content(about), classes="text")
            yield Field("Name", self._name_field)
            yield Field("File", self._path_field)
            yield Static(id="status", markup=False)
            yield ActionBar(
                Action("Save", "enter", "save", "primary"), Action("Back", "esc", "close")
            )

    def on_mount(self) -> None:
        """Fill the fields, and focus the name."""
        with self.prevent(Input.Changed):
            self._name_field.value = self._place.name if self._place else self._suggest_name()
            self._path_field.value = short_path(self._file.path)
        self._show_plan()
        self._name_field.focus()

    @on(Input.Changed, "#job-path")
    def _read_file(self) -> None:
        path = parse_path(self._path_field.value)
        if path != self._file.path:
            self._file = JobFile.read(path)
            self._show_plan()

    @on(Input.Changed, "#job-name")
    def _show_plan(self) -> None:
        """Show what saving does, or why it cannot."""
        if problem := self._find_problem():
            self._show(f"✗ {problem}", "-bad")
            return
        name = self._name_field.value.strip()
        if (entry := self._file.find(name)) is not None:
            self._show(f"! changes {name}, line {entry.line} of the file", "-warning")
        elif self._file.exists:
            there = count(len(self._file.entries), "transfer")
            self._show(f"adds {name} to the {there} of the file", "-good")
        else:
            self._show(f"makes the file, with {name}", "-good")

    def _find_problem(self) -> str:
        mistakes = self._file.mistakes
        if mistakes:
            shown = "\n  ".join(mistakes[:_MOST])
            more = f"\n  and {len(mistakes) - _MOST} more" if len(mistakes) > _MOST else ""
            return f"{shown}{more}"
        if not self._path_field.value.strip():
            return "Name a file."
        if not is_job_name(self._name_field.value.strip()):
            return "The name must have letters, digits and . _ - only."
        return ""

    def _show(self, text: str, look: str) -> None:
        status = self.query_one("#status", Static)
        status.update(Content(text))
        status.set_classes(look)

    @on(Input.Submitted)
    def action_save(self) -> None:
        """Save the transfer, and dismiss with its place."""
        # Read it again: another program may have changed it.
        self._file = JobFile.read(parse_path(self._path_field.value))
        self._show_plan()
        if self._find_problem():
            return
        place = JobPlace(self._file.path, self._name_field.value.strip())
        entry = self._file.find(place.name)
        try:
            if entry is not None:
                change_transfer(place.path, place.name, self._request)
            else:
                options = list_job_options(self._request, demo=self._demo)
                save_transfer(place.path, options, name=place.name)
        except TransferError as error:
            self._show(f"✗ {visible(in_app(str(error)))}", "-bad")
            return
        self._memory.job_file = str(place.path.absolute())
        self._notify(place, entry is None)
        self.dismiss(place)

    def _notify(self, place: JobPlace, is_new: bool) -> None:
        done = "Added to" if is_new else "Changed in"
        text = f"{done} {short_path(place.path)}: {place.name}."
        unnamed = not isinstance(self._request.connection, str | None)
        if is_new and unnamed and not self._demo:
            text += " Its connection has no name, so the file has none: the default one is used."
        self.app.notify(text, markup=False)

    def action_close(self) -> None:
        """Close without saving."""
        self.dismiss(None)
