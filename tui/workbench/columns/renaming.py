"""Gives columns other names in the delivery."""

from __future__ import annotations

from typing import Final

from textual import on
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Input, Static

from core import UsageError
from core.facade import Plan, Role, edits
from tui.format.remedies import in_app
from tui.format.text import visible
from tui.widgets.text_input import TextInput
from tui.workbench.columns.finder import ColumnFinder
from tui.workbench.messages import RenameAsked

NAMES: Final = (
    Binding(
        "n",
        "rename",
        "Name",
        show=False,
        tooltip="Give the column another name in the file",
        id="columns.rename",
    ),
    Binding(
        "ctrl+z",
        "screen.undo",
        "Undo",
        show=False,
        tooltip="Undo the last change of columns",
        id="columns.undo",
    ),
)


class ColumnRenamer(ColumnFinder):
    """A list of columns with a field for the new name of the one under the cursor."""

    def __init__(self, *, id: str) -> None:  # noqa: A002  Textual's
        super().__init__(id=id)
        self._new_name = TextInput(compact=True, id="column-name")
        self._note = Static("", id="column-note", markup=False)
        self._plan: Plan | None = None
        self._renamed = ""

    @property
    def can_rename(self) -> bool:
        """Whether the column under the cursor is delivered."""
        row = self._list.current
        return bool(row and row.planned and row.planned.role is not Role.DROP)

    def action_rename(self) -> None:
        """Open the field with the present name of the column."""
        row = self._list.current
        if row is None or row.planned is None or not self.can_rename:
            return
        self._renamed = row.column.name
        self._new_name.placeholder = f"{visible(row.column.name)}, its own name"
        self._new_name.value = row.planned.delivered_name
        self._new_name.action_end()
        self._new_name.add_class("-open")
        self.show_matching()
        self.screen.set_focus(self._new_name)
        self._explain_name("")

    def action_clear(self) -> None:
        """Close the field of the new name; else clear selection or filter."""
        if self._new_name.has_focus:
            self._close_name()
        else:
            super().action_clear()

    def _close_name(self) -> None:
        self._new_name.remove_class("-open")
        self.show_matching()
        self.go()
        self.explain()

    def _find_fault(self, new: str) -> str:
        """Return why the column cannot have a name; empty if it can."""
        if self._plan is None:
            return "there is no plan"
        try:
            edits.rename_column(self._plan, self._renamed, new)
        except UsageError as error:
            return in_app(error.message)
        return ""

    def _explain_name(self, fault: str) -> None:
        if fault:
            self._note.update(Content.styled(f"✗ {visible(fault)}", "$text-error"))
            return
        text = f"name of {self._renamed} in the file: enter applies, esc leaves it"
        self._note.update(Content.styled(visible(text), "$text-primary"))

    @on(Input.Changed, "#column-name")
    def _check_name(self, event: Input.Changed) -> None:
        event.stop()
        if self._new_name.has_class("-open"):
            self._explain_name(self._find_fault(event.value.strip()))

    @on(Input.Submitted, "#column-name")
    def _rename(self, event: Input.Submitted) -> None:
        event.stop()
        new = event.value.strip()
        if self._find_fault(new):
            return
        self.post_message(RenameAsked(self._renamed, new))
        self._close_name()
