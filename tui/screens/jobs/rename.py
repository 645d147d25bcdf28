"""The dialog that gives a transfer of a job file another name."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, Static

from core import TransferError
from core.facade import rename_transfer
from tui.format.remedies import in_app
from tui.format.text import visible
from tui.screens.actions import Action, ActionBar
from tui.screens.dialog import Dialog, DialogScreen
from tui.screens.field import Field
from tui.screens.jobs.files import JobPlace
from tui.widgets.text_input import TextInput


class RenameDialog(DialogScreen["JobPlace | None"]):
    """Renames a transfer in its file; dismisses with its new place, or None.

    Args:
        place: the transfer.
    """

    HELP = """\
The name stands in the job file, in result lines and in the history, and is what --only selects. \
It has letters, digits, dots, - and _."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "use", "Rename", show=False),
        Binding("escape", "close", "Back"),
    ]

    def __init__(self, place: JobPlace) -> None:
        super().__init__()
        self._place = place
        self._name_field = TextInput(place.name, compact=True, id="new-name")

    def compose(self) -> ComposeResult:
        """Yield the name, what is wrong with it, and the buttons."""
        with Dialog(f"Rename {self._place.name}", "-small"):
            yield Field("Name", self._name_field)
            yield Static(id="name-check", markup=False)
            yield ActionBar(
                Action("Rename", "enter", "use", "primary"), Action("Back", "esc", "close")
            )

    def on_mount(self) -> None:
        """Put the cursor at the end of the name."""
        self._name_field.cursor_position = len(self._place.name)
        self._name_field.focus()

    @on(Input.Submitted)
    def action_use(self) -> None:
        """Rename it, or show why it cannot have the name."""
        new = self._name_field.value.strip()
        try:
            if new != self._place.name:
                rename_transfer(self._place.path, self._place.name, new)
        except TransferError as error:
            said = f"✗ {visible(in_app(str(error)))}"
            self.query_one("#name-check", Static).update(Content.styled(said, "$text-error"))
            return
        self.dismiss(JobPlace(self._place.path, new))

    def action_close(self) -> None:
        """Close without a change."""
        self.dismiss(None)
