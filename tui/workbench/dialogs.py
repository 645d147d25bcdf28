"""The dialogs of the workbench: the format of the dates, and the SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from core import UsageError
from core.facade import (
    SourceColumn,
    Statement,
    check_format,
    fit_values,
    parse_format,
    suggest_formats,
)
from tui.format.remedies import in_app
from tui.format.text import visible
from tui.screens.actions import Action, ActionBar
from tui.screens.dialog import Dialog, DialogScreen
from tui.screens.error import copy
from tui.widgets.choice import Choice
from tui.widgets.text_input import TextInput

_BAD_DATES = {"stop the run": "fail", "NULL month": "null"}  # label: value of `on_bad_date`


class FormatDialog(DialogScreen["dict[str, str | None] | None"]):
    """Asks for the date format of a column; dismisses with the options of a request, or None.

    Args:
        column: the column.
        values: sampled values of it.
        current: the current format; None if it is detected.
        on_bad_date: the current value of that option: what to do with dates that do not parse.
    """

    DEFAULT_CSS = """
    FormatDialog #formats { height: auto; max-height: 6; margin-top: 1; border: none; }
    FormatDialog #format-check { height: auto; }
    FormatDialog .bad-dates { height: 1; margin-top: 1; }
    FormatDialog .bad-dates Label { margin-right: 2; color: $text-muted; }
    """
    HELP = """\
Formats are those of strptime: %d day, %m month as a number, %b or %B month as a word, %Y year, \
%H %M %S time. Dates and times of ISO 8601, mixed: iso. For numbers: %Y%m%d or %Y%m, or epoch_s, \
epoch_ms, epoch_us or epoch_ns since 1970.

The format is checked against the sample while you type. If the field is empty, it is detected.

Dates that cannot be parsed stop the run before anything is delivered, unless you choose to put \
them in the NULL month."""
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "Back")]

    def __init__(
        self,
        column: SourceColumn,
        values: Sequence[object],
        current: str | None,
        on_bad_date: str,
    ) -> None:
        super().__init__()
        self._on_bad_date = on_bad_date
        self._column, self._current = column, current
        given = (value.strip() if isinstance(value, str) else value for value in values)
        self._values = [value for value in given if value not in (None, "")]

    def compose(self) -> ComposeResult:
        """Yield the column with samples, the format, its check, suggestions, and buttons."""
        shown = ", ".join(dict.fromkeys(visible(str(value)) for value in self._values[:3]))
        with Dialog("Date format", "-small"):
            about = f"{visible(self._column.name)}   {shown}"
            yield Static(Content(about), classes="text")
            yield TextInput(self._current or "", placeholder="detected", id="format-input")
            yield Static("", id="format-check", markup=False)
            formats = suggest_formats(self._column, self._values)
            options = [Option(Content(each), id=each) for each in formats]
            yield OptionList(*options, id="formats", markup=False, compact=True)
            with Horizontal(classes="bad-dates"):
                yield Label("Unreadable dates")
                yield Choice(tuple(_BAD_DATES), id="bad-dates")
            yield ActionBar(
                Action("Apply", "enter", "use", "primary"), Action("Cancel", "esc", "close")
            )

    def on_mount(self) -> None:
        """Show the current choice for bad dates."""
        shown = next(word for word, value in _BAD_DATES.items() if value == self._on_bad_date)
        self.query_one(Choice).value = shown

    @on(Input.Changed)
    def _show_check(self, event: Input.Changed) -> None:
        self.query_one("#format-check", Static).update(self._check(event.value.strip()))

    def _check(self, text: str) -> Content:
        if not text:
            return Content.styled("will be detected", "$foreground-muted")
        try:
            known = parse_format(text)
            check_format(self._column, known)
        except UsageError as error:
            return Content.styled(f"✗ {visible(in_app(error.message))}", "$text-error")
        if not self._values:
            return Content.styled("✓ valid format", "$text-success")
        fit = fit_values(known, self._values)
        matches = f"fits {fit.fitting:,} of {fit.total:,} sampled values"
        if fit.fitting < fit.total:
            return Content.styled(f"! {matches}", "$text-warning")
        first = known.read(self._values[0])
        example = f" · {visible(str(self._values[0]))} is {first:%d %B %Y}" if first else ""
        return Content.styled(f"✓ {matches}{example}", "$text-success")

    @on(OptionList.OptionSelected)
    def _offer_taken(self, event: OptionList.OptionSelected) -> None:
        field = self.query_one(Input)
        field.value = event.option.id or ""
        field.focus()

    @on(Input.Submitted)
    def action_use(self) -> None:
        """Dismiss with the format, if it is valid."""
        text = self.query_one(Input).value.strip()
        try:
            if text:
                check_format(self._column, parse_format(text))
        except UsageError:
            return
        chosen = _BAD_DATES[self.query_one(Choice).value]
        self.dismiss({"date_format": text or None, "on_bad_date": chosen})

    def action_close(self) -> None:
        """Close without a change."""
        self.dismiss(None)


class SqlDialog(DialogScreen[None]):
    """Shows the statement that reads the table.

    Args:
        statement: the statement of the transfer.
    """

    HELP = "The statement that the transfer runs in Snowflake; :1, :2, ... are bound values."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", "Close"),
        Binding("c", "copy", "Copy"),
    ]

    def __init__(self, statement: Statement) -> None:
        super().__init__()
        bound = [f"-- :{n} = {value!r}" for n, value in enumerate(statement.binds, 1)]
        self._lines = (*statement.lines, *bound)

    def compose(self) -> ComposeResult:
        """Yield the statement and the buttons."""
        shown = "\n".join(map(visible, self._lines))
        with Dialog("SQL of the transfer", "-wide"):
            with VerticalScroll(classes="body"):
                yield Static(Content(shown))
            yield ActionBar(Action("Close", "esc", "close", "primary"), Action("Copy", "c", "copy"))

    def action_close(self) -> None:
        """Close the dialog."""
        self.dismiss(None)

    def action_copy(self) -> None:
        """Copy the statement."""
        copy(self.app, "\n".join(self._lines), "The SQL")
