"""The choice of a connection, with which the app starts: those found, the demo, or a new one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from core.facade import Secret, saved
from tui.format.text import fit_name, visible
from tui.screens.connect.demo import DemoFailed, DemoStarted, start_demo
from tui.screens.connect.entries import Entry, list_entries
from tui.screens.connect.form import ConnectionForm
from tui.screens.connect.link import Link
from tui.screens.connect.secret import SecretPrompt
from tui.screens.error import show_error
from tui.screens.question import Question
from tui.widgets.keys_line import KeysLine

_STYLES: Final = Path(__file__).parents[2] / "styles"
_DEMO: Final = "demo"
_NEW: Final = "new"


class Forgotten(Message):
    """A connection was removed; `error` says why it could not be."""

    def __init__(self, error: Exception | None) -> None:
        super().__init__()
        self.error = error


class ConnectScreen(Screen["Link | None"]):
    """Lists the connections; dismisses with the chosen one, or None.

    Args:
        initial: the name of the connection to highlight.
    """

    CSS_PATH = _STYLES / "connect.tcss"
    HELP = """\
The list has the connections of Snowflake's tools: the entries of connections.toml and \
config.toml, and those of the environment. These files are only read.

The demo is an embedded warehouse and bucket with sample tables: nothing leaves this machine, and \
it stops when the app exits.

A new connection is tested before it is saved; its secrets are stored in the system's keyring."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o,enter", "choose", "Connect", key_display="enter"),
        Binding("n", "new", "New connection"),
        Binding("d", "demo", "Demo"),
        Binding("delete,x", "forget", "Remove"),
        Binding("escape", "close", "Back"),
    ]

    def __init__(self, initial: str | None = None) -> None:
        super().__init__()
        self._initial = initial
        self._entries: list[Entry] = []
        self._starting = False

    def compose(self) -> ComposeResult:
        """Yield the title, the list, a line of status, and the keys."""
        with Vertical(id="card"):
            yield Static("amplify-transfer", id="title")
            yield Static("Snowflake tables to S3 buckets, aggregated by month", id="subtitle")
            yield OptionList(id="connections", markup=False)
            yield Static(id="note", markup=False)
        yield KeysLine()

    def on_mount(self) -> None:
        """Fill the list."""
        self.query_one("#connections").border_title = "Choose a connection"
        self._list(self._initial)

    def _list(self, wanted: str | None) -> None:
        self._entries, failure = list_entries()
        options = self.query_one(OptionList)
        options.clear_options()
        width = max((len(entry.name) for entry in self._entries), default=0)
        width = min(max(width, len("New connection")), 28)
        for entry in self._entries:
            options.add_option(Option(_line(entry, width)))
        if self._entries:
            options.add_option(None)
        options.add_options(
            [
                _offer("Demo", "embedded warehouse and bucket, with sample tables", width, _DEMO),
                _offer("New connection", "account, user, authentication method", width, _NEW),
            ]
        )
        names = [entry.name for entry in self._entries]
        default = next((n for n, entry in enumerate(self._entries) if entry.default), 0)
        options.highlighted = names.index(wanted) if wanted in names else default
        options.focus()
        if failure is not None:
            self._note(f"{failure}", "-bad")
        elif not self._entries:
            self._note("No connections found: use the demo, or add a connection.")

    def _note(self, text: str, look: str = "") -> None:
        note = self.query_one("#note", Static)
        note.update(Content(text))
        note.set_classes(look)

    # ------------------------------------------------------------------------------- choices

    @on(OptionList.OptionSelected)
    def _select(self, event: OptionList.OptionSelected) -> None:
        if event.option_id == _DEMO:
            self.action_demo()
        elif event.option_id == _NEW:
            self.action_new()
        else:
            self._open(self._entries[event.option_index])

    def _open(self, entry: Entry) -> None:
        missing = entry.missing
        if missing is None:
            self.dismiss(entry.link)
            return

        def take(secret: Secret | None) -> None:
            if secret is not None:
                self.dismiss(Link(entry.name, {**entry.parameters, missing: secret}))

        self.app.push_screen(SecretPrompt(entry.name, missing), take)

    def action_choose(self) -> None:
        """Use the highlighted connection."""
        self.query_one(OptionList).action_select()

    def action_new(self) -> None:
        """Open the form of a new connection."""
        taken = frozenset(entry.name for entry in self._entries)
        self.app.push_screen(ConnectionForm(taken), self._use_new)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable removal for connections that the app has not saved."""
        if action == "forget":
            entry = self._highlighted if self.is_mounted else None
            return bool(entry and entry.own)
        return True

    @property
    def _highlighted(self) -> Entry | None:
        index = self.query_one(OptionList).highlighted
        known = index is not None and index < len(self._entries)
        return self._entries[index] if known and index is not None else None

    @on(OptionList.OptionHighlighted)
    def _refresh_keys(self) -> None:
        self.refresh_bindings()

    def action_forget(self) -> None:
        """Ask for confirmation, then remove a saved connection."""
        entry = self._highlighted
        if entry is None:
            return
        name = entry.name

        def take_answer(yes: bool | None) -> None:
            if yes:
                threading.Thread(
                    target=_forget, args=(name, self.post_message), name="keyring", daemon=True
                ).start()

        self.app.push_screen(
            Question(
                "Remove this connection?",
                f"{name} and its secrets are removed from this machine. Nothing changes in "
                "Snowflake.",
                yes="Remove",
                no="Keep",
            ),
            take_answer,
        )

    @on(Forgotten)
    def _list_again(self, message: Forgotten) -> None:
        if message.error is not None:
            show_error(self.app, message.error)
        self._list(None)

    def _use_new(self, link: Link | None) -> None:
        if link is not None:
            self.dismiss(link)

    def action_close(self) -> None:
        """Close without a choice."""
        self.dismiss(None)

    # ---------------------------------------------------------------------------------- demo

    def action_demo(self) -> None:
        """Start the embedded warehouse and bucket."""
        if self._starting:
            return
        self._starting = True
        self._note("Starting the embedded warehouse and bucket…", "-busy")
        start_demo(self.post_message)

    @on(DemoStarted)
    def _use_demo(self, message: DemoStarted) -> None:
        self.dismiss(message.link)

    @on(DemoFailed)
    def _show_demo_error(self, message: DemoFailed) -> None:
        self._starting = False
        self._note("")
        show_error(self.app, message.error)


def _forget(name: str, post: Callable[[Message], object]) -> None:
    """Remove a connection in a thread: the keyring may have to be unlocked for its secrets."""
    error: Exception | None = None
    try:
        saved.forget(name)
    except Exception as raised:
        error = raised
    post(Forgotten(error))


def _line(entry: Entry, width: int) -> Content:
    mark = ("  default", "$text-success") if entry.default else ""
    name, below = (fit_name(entry.name, width), "bold"), " " * (width + 2)
    summary, source = visible(entry.summary), (entry.source, "$foreground-muted")
    return Content.assemble(name, "  ", summary, mark, "\n", below, source)


def _offer(name: str, what: str, width: int, own_id: str) -> Option:
    return Option(
        Content.assemble(
            (name.ljust(width), "bold $text-accent"), "  ", (what, "$foreground-muted")
        ),
        id=own_id,
    )
