"""The dialog that asks which months are read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Label, Static

from core import Request, UsageError
from core.facade import find_window
from tui.format.remedies import in_dialog
from tui.format.text import visible
from tui.screens.actions import Action, ActionBar
from tui.screens.dialog import Dialog, DialogScreen
from tui.widgets.choice import Choice
from tui.widgets.text_input import TextInput
from tui.workbench.draft import with_options

# The fields by their option, with their label and the text of the empty field.
_FIELDS = {
    "since": ("First month", "such as 2024-01; empty: from the start"),
    "until": ("Last month", "such as 2024-03; empty: to the end"),
    "last_months": ("Last months", "or their number, such as 1"),
}
_CURRENT = {"without": False, "with": True}  # label: value of `include_current`
_UNDATED = {"leave out": "drop", "month NULL": "keep"}  # label: value of `undated`


class WindowDialog(DialogScreen["dict[str, Any] | None"]):
    """Asks which months are read; dismisses with the options of a request, or None.

    Args:
        request: the request, whose options are shown.
        today: the date at Snowflake, from which the last months are counted.
    """

    DEFAULT_CSS = """
    WindowDialog .field { height: 1; }
    WindowDialog .field Label { width: 16; color: $text-muted; }
    WindowDialog .field Input { width: 1fr; background: $foreground 8%; }
    WindowDialog .field Input:focus { background: $foreground 16%; }
    WindowDialog #window-check { height: auto; margin-top: 1; }
    """
    HELP = """\
Only rows of these months are read and delivered; the condition is part of the SQL, so Snowflake \
reads only the parts of the table that can hold such rows.

Give the first and the last month, both included, or a number of last months: whole months before \
the current one, or with it. With all fields empty, all months are read.

Rows without a date belong to no month: they are left out, or delivered in the month NULL. If all \
months are read, they are always delivered."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "use", "Apply", show=False),
        Binding("escape", "close", "Back"),
    ]

    def __init__(self, request: Request, today: date | None) -> None:
        super().__init__()
        self._request, self._today = request, today

    def compose(self) -> ComposeResult:
        """Yield the fields, the months that they mean, and the buttons."""
        with Dialog("Months to read", "-small"):
            for name, (label, placeholder) in _FIELDS.items():
                value = getattr(self._request, name)
                shown = "" if value is None else str(value)
                with Horizontal(classes="field"):
                    yield Label(label)
                    yield TextInput(
                        shown, placeholder=placeholder, compact=True, id=f"window-{name}"
                    )
            for label, name, options in (
                ("Current month", "include_current", _CURRENT),
                ("Without a date", "undated", _UNDATED),
            ):
                with Horizontal(classes="field"):
                    yield Label(label)
                    yield Choice(tuple(options), id=f"window-{name}")
            yield Static("", id="window-check", markup=False)
            yield ActionBar(
                Action("Apply", "enter", "use", "primary"), Action("Cancel", "esc", "close")
            )

    def on_mount(self) -> None:
        """Show the current choices, and the months that they mean."""
        for name, options in (("include_current", _CURRENT), ("undated", _UNDATED)):
            value = getattr(self._request, name)
            choice = self.query_one(f"#window-{name}", Choice)
            choice.value = next(label for label, each in options.items() if each == value)
        self._show_check()

    def _read(self) -> Mapping[str, Any]:
        """Return the options in the fields."""
        texts = {n: self.query_one(f"#window-{n}", Input).value.strip() or None for n in _FIELDS}
        current, undated = (
            self.query_one(f"#window-{name}", Choice).value
            for name in ("include_current", "undated")
        )
        return {
            **texts,
            # Without a number of months it has no meaning.
            "include_current": _CURRENT[current] and texts["last_months"] is not None,
            "undated": _UNDATED[undated],
        }

    @on(Input.Changed)
    @on(Choice.Changed)
    def _show_check(self) -> None:
        self.query_one("#window-check", Static).update(self._check())

    def _check(self) -> Content:
        try:
            window = find_window(with_options(self._request, **self._read()), self._today)
        except UsageError as error:
            return Content.styled(f"✗ {visible(in_dialog(error.message))}", "$text-error")
        return Content.styled(f"✓ reads {window or 'all months'}", "$text-success")

    @on(Input.Submitted)
    def action_use(self) -> None:
        """Dismiss with the options, if they are valid."""
        options = self._read()
        try:
            with_options(self._request, **options)
        except UsageError:
            return
        self.dismiss(dict(options))

    def action_close(self) -> None:
        """Close without a change."""
        self.dismiss(None)
