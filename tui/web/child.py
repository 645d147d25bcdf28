"""`python -m tui.web.child`: the app of one tab, which the server runs with pipes.

When a tab is closed, the app cannot ask the user: the transfer is cancelled, and has a moment to
abort the query and the upload.
"""

from __future__ import annotations

import json
import os
import threading
import time
from contextlib import suppress
from functools import partial
from typing import Any, Final, NamedTuple

from textual.app import App
from textual.drivers.web_driver import WebDriver
from textual.messages import ExitApp

from tui.cli.signals import TRANSFER, leave
from tui.launch import start
from tui.workbench.screen import Workbench

_GRACE: Final = 0.7  # seconds to wait for a cancelled transfer
_LOOK_SECONDS: Final = 0.25  # between two looks at what the page shows of the app


class State(NamedTuple):
    """What the page shows of the app.

    Attributes:
        table: the table that was opened last.
        is_running: whether a transfer runs.
    """

    table: str
    is_running: bool


class Pipes(WebDriver):
    """Textual's driver for browsers, which also exits the app if the server has ended.

    It reports to the page which table is open and whether a transfer runs, when one of them
    changes: the page has them in its address and its title, and asks before it is left.
    """

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._write = partial(_write_if_read, self.fileno)
        self._shown = State("", is_running=False)

    def start_application_mode(self) -> None:
        """Start the app, and report what it shows from then on."""
        super().start_application_mode()
        self._app.call_later(self._app.set_interval, _LOOK_SECONDS, self._report)

    def _report(self) -> None:
        state = State(_find_table(self._app) or self._shown.table, is_running=bool(_transfers()))
        if state != self._shown:
            self._shown = state
            self.write_meta({"type": "state", "table": state.table, "running": state.is_running})

    def run_input_thread(self) -> None:
        """Read keys until the app exits or the server closes the pipe."""
        super().run_input_thread()
        if not self.exit_event.is_set():
            self._app.post_message(ExitApp())


def _write_if_read(file: int, data: bytes) -> int:
    with suppress(BrokenPipeError):
        os.write(file, data)
    return len(data)


def main() -> None:
    """Run the app for the request at the start of stdin: JSON with `options`, `demo`, `table`."""
    request = json.loads(_read(int.from_bytes(_read(4), "big")))
    code = start(
        request["options"], demo=request["demo"], driver=Pipes, table=request.get("table", "")
    )
    _wait_for_transfer()
    leave(code)


def _read(size: int) -> bytes:
    """Read exactly `size` bytes of stdin; the driver reads the rest."""
    data = b""
    while len(data) < size:
        if not (part := os.read(0, size - len(data))):
            leave(0)  # the server has ended
        data += part
    return data


def _transfers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == TRANSFER]


def _find_table(app: App[Any]) -> str:
    """Return the full name of the open table; empty without one."""
    benches = (screen for screen in app.screen_stack if isinstance(screen, Workbench))
    look = next((bench.draft.look for bench in benches), None)
    return str(look.source.name) if look else ""


def _wait_for_transfer() -> None:
    """Wait for a transfer that the app cancelled on exit."""
    jobs = _transfers()
    if not jobs:
        return
    deadline = time.monotonic() + _GRACE
    for thread in jobs:
        thread.join(max(deadline - time.monotonic(), 0))
    from core.facade import discard_own

    discard_own()


if __name__ == "__main__":
    main()
