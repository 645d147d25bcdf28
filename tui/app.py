"""The app: opens the workbench on a connection, and holds the state that all screens share."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, on
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen

from core import Request, TransferError
from core.facade import ask_for_codes
from tui.development import silence
from tui.format.text import visible
from tui.keyboard import OrderedKeys, read_alt_digits
from tui.preferences import Memory
from tui.screens.error import short_path, show_error
from tui.themes import DARK, THEMES
from tui.workbench.background import jobs
from tui.workbench.background.lane import Work
from tui.workbench.draft import list_options, make_request, with_table
from tui.workbench.messages import Opened
from tui.workbench.screen import Workbench

if TYPE_CHECKING:
    from tui.screens.connect.link import Link


class TransferApp(OrderedKeys):
    """amplify-transfer on a terminal.

    Args:
        options: the options of the request, by name; the app asks for the missing ones.
        demo: whether to start the embedded warehouse and bucket.
        memory: the settings kept between starts; those of the user if None.
        table: the table to open first, rather than that of the last start.
    """

    TITLE = "amplify-transfer"
    # The workbench's: the styles of the app and of its first screen are then read together.
    CSS_PATH: ClassVar = Workbench.CSS_PATH
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "f1,question_mark",
            "help",
            "Help",
            key_display="F1",
            tooltip="Help for the focused part",
            id="help",
        ),
        Binding(
            "f9,h", "history", "History", key_display="F9", tooltip="History of runs", id="history"
        ),
        Binding("f12", "runs", "Runs", show=False, tooltip="Runs of this session", id="runs"),
        Binding("ctrl+q,f10", "quit", "Quit", key_display="F10", id="quit", priority=True),
        Binding("f4", "jump", "Jump", show=False, tooltip="Jump to a part or a field", id="jump"),
        Binding("f2", "connect", "Connect", show=False, tooltip="Connect elsewhere", id="connect"),
    ]

    def __init__(
        self,
        options: Mapping[str, Any] | None = None,
        *,
        demo: bool = False,
        memory: Memory | None = None,
        table: str = "",
    ) -> None:
        silence()
        read_alt_digits()
        super().__init__()
        for theme in THEMES:
            self.register_theme(theme)
        self._memory = memory or Memory.of_user()
        if self._memory.theme in self.available_themes:
            self.theme = self._memory.theme
        elif "TEXTUAL_THEME" not in os.environ:
            self.theme = DARK.name
        self._options = dict(options or {})
        self._demo = demo
        self._first_table = table
        self._place: str | None = None
        self._resources = contextlib.ExitStack()

    def on_mount(self) -> None:
        """Open the workbench, or the choice of connections."""
        self.theme_changed_signal.subscribe(self, self._remember_theme)
        self._use_keys()
        ask_for_codes(self._ask_for_code)
        if self._demo:
            from tui.demo import choose_access

            self._open("demo", self._sign_in_to_demo, choose_access(self._options))
        elif (link := self._find_only_link()) is not None:
            self._open_link(link)
        else:
            self.action_connect()

    def refresh_css(self, animate: bool = True) -> None:
        """Apply a theme; before there is a screen, let the first one be styled with it.

        Textual applies the theme of the start to nothing, for which it parses all styles, and then
        parses them again.
        """
        if self.screen_stack:
            super().refresh_css(animate)
        else:
            self.stylesheet.set_variables(self.get_css_variables())

    def _ask_for_code(self, device: str) -> str:
        from tui.screens.code import ask_in_app

        return ask_in_app(self, device)

    def _use_keys(self) -> None:
        """Use the preset and the keys of the user's file; report the errors in them."""
        preset, keys = self._memory.keymap, self._memory.keys
        if not preset and not keys:
            return
        from tui.keys import find_problems, find_unknown_preset, make_keymap

        keymap = make_keymap(preset, keys)
        self.set_keymap(keymap)
        unknown = find_unknown_preset(preset)
        if said := [*([unknown] if unknown else []), *find_problems(type(self), keymap)]:
            text = f"The keys in {self._memory.path}: {'; '.join(said)}."
            self.notify(text, severity="warning", timeout=15, markup=False)

    def action_change_keymap(self) -> None:
        """Switch between the default keys and those of vim."""
        from tui.keys import make_keymap

        self._memory.keymap = "" if self._memory.keymap else "vim"
        self.set_keymap(make_keymap(self._memory.keymap, self._memory.keys))
        name = "vim" if self._memory.keymap else "default"
        self.notify(f"The keys are those of the {name} keymap.", markup=False)

    def notify(self, message: str, **settings: Any) -> None:
        """Show a notification; characters that would disturb the terminal are replaced."""
        super().notify(visible(message), **settings)

    def show_sign_in_address(self, line: str) -> None:
        """Show the address of a sign-in, for machines on which no browser opens.

        May be called from any thread. A line that is no address is ignored.
        """
        if line.startswith("https://"):
            self.notify(line, title="Sign in with the browser", timeout=120, markup=False)

    @on(events.DeliveryComplete)
    def _report_saved(self, event: events.DeliveryComplete) -> None:
        """Show where a file was saved; in a browser, the browser shows it."""
        if event.path is not None:
            self.notify(f"Saved as {short_path(event.path)}", markup=False)

    @on(events.DeliveryFailed)
    def _report_not_saved(self, event: events.DeliveryFailed) -> None:
        error, text = event.exception, "The file could not be saved"
        if isinstance(error, OSError):
            text += f" as {short_path(Path(error.filename))}" if error.filename else ""
            text += f": {error.strerror}"
        self.notify(f"{text}.", severity="error", markup=False)

    def _remember_theme(self, theme: Any) -> None:
        self._memory.theme = theme.name

    # ----------------------------------------------------------------------------- connecting

    def _find_only_link(self) -> Link | None:
        """Return the connection to use without a question: the one given, or the only one."""
        from tui.screens.connect.entries import list_entries
        from tui.screens.connect.link import Link

        given = self._options.get("connection")
        if given is not None:
            return Link(given if isinstance(given, str) else "connection", given)
        found, _ = list_entries()
        ready = [entry for entry in found if entry.missing is None]
        return ready[0].link if len(found) == len(ready) == 1 else None

    def _open_link(self, link: Link) -> None:
        def opening(request: Request) -> Work:
            return jobs.sign_in(link.connection, request)

        self._open(link.name, opening, {**link.options, "connection": link.connection})

    def _open(
        self, name: str, opening: Callable[[Request], Work], options: Mapping[str, Any]
    ) -> None:
        """Open the workbench on the connection called `name`, which sets `options`."""
        self._place = name
        self._memory.profile = name
        request = self._with_first_table(self._request(options))
        self.push_screen(Workbench(request, opening(request), name, self._memory))

    def _with_first_table(self, request: Request) -> Request:
        """Return `request` for the table to open first, if it is for another one."""
        table, self._first_table = self._first_table, ""
        if table in ("", request.table):
            return request
        try:
            return with_table(request, table)
        except TransferError as error:
            show_error(self, error)
            return request

    def _request(self, options: Mapping[str, Any]) -> Request:
        """Return the request to begin with.

        `options` win over the command line's, and these over the choices of the last start.
        """
        choices = {} if self._options.get("table") else self._memory.choices
        try:
            return make_request({**choices, **self._options, **options})
        except TransferError as error:
            if not choices:  # the error is then in the options of the command line
                show_error(self, error)
        try:
            return make_request({**self._options, **options})
        except TransferError:
            return make_request(options)

    def _sign_in_to_demo(self, request: Request) -> Work:
        """Return the job that starts the sandbox and signs in to it."""

        def work(cancel: threading.Event) -> Iterator[Message]:
            from tui.demo import demo

            place = self._resources.enter_context(demo(list_options(request)))
            known = make_request(place.options)
            for message in jobs.sign_in(place.options["connection"], known)(cancel):
                yield Opened(message.explorer, known) if isinstance(message, Opened) else message

        return work

    # -------------------------------------------------------------------------------- actions

    def action_connect(self) -> None:
        """Choose another connection."""
        from tui.screens.connect.screen import ConnectScreen

        self.push_screen(ConnectScreen(self._place), self._use_link)

    def _use_link(self, link: Link | None) -> None:
        if link is None:
            if not any(isinstance(screen, Workbench) for screen in self.screen_stack):
                self.exit()
            return
        if isinstance(self.screen, Workbench):
            self.pop_screen()
        self._resources.callback(link.close)
        self._open_link(link)

    def on_unmount(self) -> None:
        """Cancel the transfers that still run."""
        self.stop_runs()

    def stop_runs(self) -> None:
        """Stop the transfers that run, without a question; may be called from any thread."""
        from tui.screens.run.queue import queue_of

        queue_of(self).abandon()

    async def action_quit(self) -> None:
        """Exit; while a transfer runs, ask first."""
        from tui.screens.quit import request_quit

        request_quit(self)

    def action_help(self) -> None:
        """Explain the focused part."""
        from tui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    def action_jump(self) -> None:
        """Show a letter on every field and part; typing it moves the focus there."""
        from tui.screens.jump import JumpScreen, go

        self.push_screen(JumpScreen(self.screen), go)

    def action_check(self) -> None:
        """Check the account, the table and the bucket of the workbench; nothing is transferred."""
        from tui.screens.check import CheckScreen

        if isinstance(self.screen, Workbench) and self.screen.is_signed_in:
            self.push_screen(CheckScreen(list_options(self.screen.draft.request)))

    def action_history(self) -> None:
        """Show the previous runs, one of which can be repeated."""
        from tui.screens.history import HistoryScreen

        self.push_screen(HistoryScreen(self._memory), self._repeat)

    def _repeat(self, request: Request | None) -> None:
        if request is not None and isinstance(self.screen, Workbench):
            self.screen.take(request)

    def action_runs(self) -> None:
        """Show the runs of this session, those that wait and have ended too."""
        from tui.screens.run.list import RunsScreen

        if not isinstance(self.screen, RunsScreen):
            self.push_screen(RunsScreen())

    def action_jobs(self) -> None:
        """Show the transfers of a job file, one of which can be edited."""
        from tui.screens.jobs.screen import JobsScreen

        if (bench := self._find_ready()) is not None:
            shown, place, demo = bench.get_job()
            jobs = JobsScreen(
                self._memory,
                shown,
                place,
                demo=demo,
                on_run=bench.run_jobs,
                on_move=bench.move_job,
            )
            self.push_screen(jobs, bench.edit_job)

    def action_save_job(self) -> None:
        """Save the transfer of the workbench into a job file."""
        from tui.screens.jobs.save import SaveDialog

        if (bench := self._find_ready()) is not None:
            shown, place, demo = bench.get_job()
            if shown is None:
                text = "Select a table and enter a destination first: then it can be saved."
                self.notify(text, severity="warning", markup=False)
            else:
                self.push_screen(SaveDialog(shown, self._memory, place, demo=demo), bench.keep_job)

    def _find_ready(self) -> Workbench | None:
        """Return the workbench if it is on screen and signed in, else None, and say so."""
        if not isinstance(self.screen, Workbench):
            return None
        if self.screen.is_signed_in:
            return self.screen
        self.notify("The app is not signed in yet.", severity="warning", markup=False)
        return None

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Yield the commands of the palette: the actions that have keys now, and the themes."""
        yield SystemCommand("Theme", "Change the colours", self.action_change_theme)
        other = "the default keys" if self._memory.keymap else "the keys of vim: h j k l, K for key"
        yield SystemCommand("Keymap", f"Use {other}", self.action_change_keymap)
        if isinstance(screen, Workbench) and screen.is_signed_in:
            about = "Whether Snowflake, the table and the bucket answer as a transfer relies on"
            yield SystemCommand("Check the account", about, self.action_check)
        offered: set[str] = set()
        for node, binding, enabled, tooltip in screen.active_bindings.values():
            if not (enabled and binding.id and binding.description) or binding.action in offered:
                continue
            offered.add(binding.action)
            key = binding.key_display or self.get_key_display(binding)
            yield SystemCommand(
                tooltip or binding.tooltip or binding.description,
                f"Key {key}",
                partial(self.run_action, binding.action, node),
            )

    # -------------------------------------------------------------------------------- defects

    def _fatal_error(self) -> None:
        """Report a defect without its message and local variables, which may hold secrets."""
        from rich.text import Text

        from tui.screens.failure import Failure

        error = self._exception or RuntimeError()
        self.bell()
        self._exit_renderables.append(Text(Failure.of(error).text))
        self._close_messages_no_wait()
