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
from typing import Any, Final

from textual.drivers.web_driver import WebDriver
from textual.messages import ExitApp

from tui.cli.batch import leave
from tui.launch import start

_GRACE: Final = 0.7  # seconds to wait for a cancelled transfer


class Pipes(WebDriver):
    """Textual's driver for browsers, which also exits the app if the server has ended."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._write = partial(_write_if_read, self.fileno)

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
    """Run the app for the request at the start of stdin: JSON with `options` and `demo`."""
    request = json.loads(_read(int.from_bytes(_read(4), "big")))
    code = start(request["options"], demo=request["demo"], driver=Pipes)
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


def _wait_for_transfer() -> None:
    """Wait for a transfer that the app cancelled on exit."""
    jobs = [thread for thread in threading.enumerate() if thread.name == "transfer"]
    if not jobs:
        return
    deadline = time.monotonic() + _GRACE
    for thread in jobs:
        thread.join(max(deadline - time.monotonic(), 0))
    from core.facade import discard_own

    discard_own()


if __name__ == "__main__":
    main()
