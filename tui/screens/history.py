"""The history: every run of the app and of --batch; a run can be repeated."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Key
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input, Static

from core import Request
from core.facade import DELIVERED, HistoryEntry, read_history
from tui.format.figures import count, figure
from tui.format.numbers import size, span
from tui.format.remedies import in_app
from tui.format.text import visible
from tui.preferences import Memory
from tui.screens import export
from tui.screens.fact import Fact
from tui.screens.jobs.save import SaveDialog
from tui.widgets.keys_line import KeysLine
from tui.widgets.lines import Piece
from tui.widgets.table import Column, Row, Table
from tui.widgets.text_input import TextInput

_STYLES: Final = Path(__file__).parents[1] / "styles"
_COLUMNS: Final = (
    Column("When"),
    Column("Table", is_name=True),
    Column("Rows", "right"),
    Column("Outcome"),
    Column("Where", is_name=True),
    Column("Took", "right"),
    Column("By"),
)
_TYPING: Final = 0.15  # seconds after a key until the history is searched


class HistoryScreen(Screen[Request | None]):
    """Lists the runs, most recent first; dismisses with the request to repeat, or None.

    Args:
        memory: where the job file that was used last is kept; None for nowhere.
    """

    CSS_PATH = _STYLES / "lists.tcss"
    HELP = """\
Every run by this app and by --batch on this machine, most recent first; the last ten thousand of \
three years are kept, and a thousand are listed. Type / and words to list the runs in which all of \
them occur: in the table, the destination, the outcome, the message, the engine or the months.

Below the list are the details of the highlighted run: the result JSON with row counts and totals, \
or the error and what to do; tab moves there, to scroll. Repeating a run opens it in the \
workbench, where you can start it; s saves it as a transfer of a job file."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,r", "repeat", "Repeat", key_display="enter"),
        Binding("j,c", "copy_result", "Copy JSON", key_display="j"),
        Binding("b", "copy_command", "Copy command"),
        Binding("p", "copy_python", "Copy Python"),
        Binding("s", "save_job", "Job", tooltip="Save as a transfer of a job file"),
        Binding("slash", "search", "Search", key_display="/"),
        Binding("escape,q", "close", "Back", key_display="esc"),
    ]

    def __init__(self, memory: Memory | None = None) -> None:
        super().__init__()
        self._memory = memory or Memory(None)
        self._entries = read_history()
        self._search = TextInput(placeholder="/ search", compact=True, id="search")
        self._due: Timer | None = None  # the search of what is being typed

    def compose(self) -> ComposeResult:
        """Yield the search, the list, the details of the highlighted run, and the keys."""
        table = Table(*_COLUMNS, id="runs")
        table.border_title = "History"
        yield self._search
        yield table
        with VerticalScroll(id="run"):
            yield from _describe(self._entries[0]) if self._entries else _describe_empty()
        yield KeysLine()

    def on_mount(self) -> None:
        """Fill the list."""
        self._fill()
        self.query_one(Table).focus()
        self.call_after_refresh(self.refresh_bindings)  # now that it is mounted

    def _fill(self) -> None:
        table = self.query_one(Table)
        table.fill(map(_make_row, self._entries), 0)
        total, searched = len(self._entries), " match" if self._search.value else ""
        table.border_subtitle = f"{total:,} {'run' if total == 1 else 'runs'}{searched}"

    @property
    def entry(self) -> HistoryEntry | None:
        """The run under the cursor."""
        row = self.query_one(Table).cursor
        return self._entries[row] if 0 <= row < len(self._entries) else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable the actions that are not possible for this run."""
        entry = self.entry if self.is_mounted else None
        if action == "copy_result":
            return bool(entry and entry.result) or None
        if action in ("repeat", "copy_command", "copy_python", "save_job"):
            return bool(entry and entry.request) or None
        return True

    @on(Table.Moved)
    async def _show(self) -> None:
        if (entry := self.entry) is not None:
            await self._replace_details(_describe(entry))

    async def _replace_details(self, details: Iterator[Widget]) -> None:
        about = self.query_one("#run", VerticalScroll)
        async with about.batch():
            await about.remove_children()
            await about.mount_all(details)
        self.refresh_bindings()

    @on(Input.Changed, "#search")
    def _search_soon(self) -> None:
        if self._due is not None:
            self._due.stop()
        self._due = self.set_timer(_TYPING, self._search_now)

    async def _search_now(self) -> None:
        self._entries = read_history(words=self._search.value)
        self._fill()
        if self._entries:
            await self._show()
        else:
            await self._replace_details(_describe_empty(searched=bool(self._search.value)))

    @on(Input.Submitted, "#search")
    def _leave_search(self) -> None:
        self.query_one(Table).focus()

    def on_key(self, event: Key) -> None:
        """Move from the search to the list by the arrow keys."""
        if self._search.has_focus and event.key in ("down", "up"):
            event.stop()
            self._leave_search()

    def action_search(self) -> None:
        """Move the focus to the search, for a new one: what is typed replaces the last."""
        self._search.focus()
        self._search.action_select_all()

    @on(Table.Chosen)
    def action_repeat(self) -> None:
        """Dismiss with the request of the run."""
        if (entry := self.entry) is None:
            return
        if entry.request is None:
            self.app.notify(
                "This run signed in with a connection that has no name: it cannot be repeated.",
                severity="warning",
                markup=False,
            )
            return
        self.dismiss(entry.request)

    def action_copy_result(self) -> None:
        """Copy the result as --batch prints it."""
        if (entry := self.entry) is not None and entry.result:
            export.copy_result(self.app, entry.result)

    def action_copy_command(self) -> None:
        """Copy the run as a command."""
        if (entry := self.entry) is not None and entry.request is not None:
            export.copy_command(self.app, entry.request, demo=entry.demo)

    def action_copy_python(self) -> None:
        """Copy the run as Python."""
        if (entry := self.entry) is not None and entry.request is not None:
            export.copy_python(self.app, entry.request)

    def action_save_job(self) -> None:
        """Save the run as a transfer of a job file."""
        if (entry := self.entry) is not None and entry.request is not None:
            self.app.push_screen(SaveDialog(entry.request, self._memory, demo=entry.demo))

    def action_close(self) -> None:
        """Leave the search and list all runs again; else close the history."""
        if self._search.has_focus or self._search.value:
            self._search.value = ""
            self._leave_search()
        else:
            self.dismiss(None)


def _make_row(entry: HistoryEntry) -> Row:
    good = entry.outcome == DELIVERED
    stopped = entry.outcome in ("cancelled", "skipped", "unchanged")
    mark = "✓" if good else "■" if stopped else "✗"
    look = "good" if good else "warning" if stopped else "bad"
    return (
        Piece(_format_time(entry.started)),
        Piece(entry.table.rpartition(".")[2], "strong"),
        Piece("" if entry.rows is None else f"{entry.rows:,}"),
        Piece(f"{mark} {entry.outcome.replace('_', ' ')}", look),
        Piece("".join(entry.url.rpartition("/")[:2]) if good else entry.url),
        Piece(span(entry.seconds)),
        Piece("demo" if entry.demo else entry.by),
    )


def _describe(entry: HistoryEntry) -> Iterator[Widget]:
    if entry.result:
        yield Static(Content(json.dumps(dict(entry.result))), classes="result")
    if entry.message or not entry.result:
        text = "\n".join(visible(in_app(each)) for each in (entry.message, entry.hint) if each)
        yield Static(Content(text), classes="failure")
    moment = entry.started.astimezone().strftime("%A, %d %B %Y, %H:%M:%S")
    where = (
        "in the demo" if entry.demo else f"by the {entry.by}" if entry.by == "app" else "--batch"
    )
    yield Fact("When", f"{moment}, {where}, {span(entry.seconds)}")
    yield Fact("From", entry.table)
    yield Fact("To", f"{entry.url}  {size(entry.bytes)}" if entry.bytes is not None else entry.url)
    if entry.window:
        yield Fact("Window", visible(entry.window))
    yield from _describe_totals(entry.totals)
    if entry.comparison:
        answers = {True: "yes", False: "no: a difference was found"}
        agrees: Any = entry.comparison.get("agrees")
        yield Fact("Verified", answers.get(agrees, "not against the source: it may have changed"))


def _describe_totals(account: Mapping[str, Any]) -> Iterator[Widget]:
    if not account:
        return
    counts = (("read", "rows_read"), ("blank", "blank_rows"), ("without a date", "null_dates"))
    parts = [
        f"{account[key]:,} {word}" for word, key in counts if isinstance(account.get(key), int)
    ]
    if isinstance(groups := account.get("groups"), int):
        parts.append(count(groups, "group"))
    yield Fact("Rows", " · ".join(parts))
    totals = account.get("totals")
    if isinstance(totals, Mapping) and totals:
        yield Fact("Totals", " · ".join(_format_total(*each) for each in totals.items()))


def _format_total(name: str, value: object) -> str:
    if value is None:
        return f"{name} {figure(None)}"
    try:
        return f"{name} {figure(value if isinstance(value, float) else Decimal(str(value)))}"
    except ArithmeticError:
        return f"{name} {value}"


def _describe_empty(*, searched: bool = False) -> Iterator[Widget]:
    nothing = "No runs yet. The runs of this app and of --batch are listed here."
    yield Static("No run matches these words." if searched else nothing)


def _format_time(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")
