"""The dialog of the options that the form of the destination has no room for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from core import UsageError
from core.facade import DEFAULT_TEMPLATE
from tui.format.remedies import in_dialog
from tui.format.text import visible
from tui.screens.actions import Action, ActionBar
from tui.screens.dialog import Dialog, DialogScreen
from tui.screens.field import Field
from tui.widgets.choice import Choice
from tui.widgets.text_input import TextInput
from tui.workbench.draft import with_options

if TYPE_CHECKING:
    from core import Request


@dataclass(frozen=True)
class _Asked:
    """A field of the dialog.

    Attributes:
        label: its label.
        empty: the text of an empty field.
        values: the values of a choice by their words; empty for a text.
        many: whether the text is a list, separated by commas.
    """

    label: str
    empty: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    many: bool = False

    def make_widget(self, name: str) -> Choice | TextInput:
        """Return the widget of the field for the option `name`."""
        if self.values:
            return Choice(tuple(self.values), id=f"further-{name}")
        return TextInput(placeholder=self.empty, compact=True, id=f"further-{name}")

    def read(self, text: str) -> Any:
        """Return the value of the option that the widget shows as `text`."""
        if self.values:
            return self.values[text]
        return text.strip() or (() if self.many else None)

    def show(self, value: Any) -> str:
        """Return the text with which the widget shows a value."""
        if self.values:
            return next(word for word, each in self.values.items() if each == value)
        if self.many:
            return ",".join(value)
        return "" if value is None else str(value)


_NO_OR_YES: Final = {"no": False, "yes": True}
_ASKED: Final[Mapping[str, _Asked]] = {
    "split_by": _Asked("Files", values={"one": None, "one a month": "month"}),
    "restate_months": _Asked("Restate months", "none; or 3: those of them that have changed"),
    "file_name": _Asked("Name", DEFAULT_TEMPLATE),
    "last_months": _Asked("Last months", "all; or their number, such as 1"),
    "encrypt_to": _Asked("Encrypt to", "nobody; or files of OpenPGP public keys", many=True),
    "manifest": _Asked("Manifest", values=_NO_OR_YES),
    "success_file": _Asked("_SUCCESS", values=_NO_OR_YES),
    "min_rows": _Asked("Rows at least", "any number"),
    "max_rows": _Asked("Rows at most", "any number"),
    "max_change": _Asked("Change at most", "any; or 20%, against the last delivery"),
    "require_months": _Asked("Every month", values={"may be missing": False, "required": True}),
}


class FurtherDialog(DialogScreen["dict[str, Any] | None"]):
    """Asks for further options of the delivery; dismisses with them, or None.

    Args:
        request: the request that they are options of.
    """

    HELP = """\
What is delivered, and what must be true of it. A condition that does not hold stops the run \
before anything is visible in the bucket.

Files: one, or one for each month; then Name must have {month}, or be empty. Restate months looks \
at this many last months again, and delivers those whose figures have changed since: it sets Files \
and Last months too.

Encrypt to: files or directories of public keys, separated by commas; each key can open the file, \
whose name then ends in .gpg. The manifest is a JSON file beside the delivery with the rows, the \
size and the SHA-256 of each file; _SUCCESS is an empty file, written last.

Change at most compares the number of rows with that of the last delivery. Every month needs Last \
months, or a first and a last month (w in Columns)."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "use", "Apply", show=False),
        Binding("escape", "close", "Back"),
    ]

    def __init__(self, request: Request) -> None:
        super().__init__()
        self._request = request
        self._widgets = {name: asked.make_widget(name) for name, asked in _ASKED.items()}

    def compose(self) -> ComposeResult:
        """Yield the fields, what is wrong with them, and the buttons."""
        with Dialog("More options of the delivery"):
            with VerticalScroll(classes="body", can_focus=False):
                for name, asked in _ASKED.items():
                    yield Field(asked.label, self._widgets[name])
            yield Static(id="further-check", markup=False)
            yield ActionBar(
                Action("Apply", "enter", "use", "primary"), Action("Cancel", "esc", "close")
            )

    def on_mount(self) -> None:
        """Show the present options."""
        for name, widget in self._widgets.items():
            widget.value = _ASKED[name].show(getattr(self._request, name))
        first: Widget = self._widgets["split_by"]
        first.focus()

    @property
    def options(self) -> dict[str, Any]:
        """The options as they are in the fields."""
        return {name: _ASKED[name].read(each.value) for name, each in self._widgets.items()}

    @on(Input.Changed, "#further-restate_months")
    def _set_what_restating_needs(self, event: Input.Changed) -> None:
        """Choose a file for each month, and one month to deliver for the first time."""
        if event.value:
            self._widgets["split_by"].value = _ASKED["split_by"].show("month")
            last = self._widgets["last_months"]
            last.value = last.value or "1"

    @on(Input.Changed)
    @on(Choice.Changed)
    def _check(self) -> bool:
        """Show what is wrong; return whether nothing is."""
        said = ""
        try:
            with_options(self._request, **self.options)
        except UsageError as error:
            said = f"✗ {visible(in_dialog(error.message))}"
        self.query_one("#further-check", Static).update(Content(said))
        return not said

    @on(Input.Submitted)
    def action_use(self) -> None:
        """Dismiss with the options, if they are valid."""
        if self._check():
            self.dismiss(self.options)

    def action_close(self) -> None:
        """Close without a change."""
        self.dismiss(None)
