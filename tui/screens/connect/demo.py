"""Starts the demo from the app: its servers start in a thread, and end with the process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack

from textual.message import Message

from tui.demo import demo
from tui.screens.connect.link import Link


class DemoStarted(Message):
    """The servers have started."""

    def __init__(self, link: Link) -> None:
        super().__init__()
        self.link = link


class DemoFailed(Message):
    """The servers could not be started."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


def start_demo(post: Callable[[Message], bool]) -> None:
    """Start the embedded warehouse and bucket in a thread, and post the result.

    Args:
        post: is called with `DemoStarted` or `DemoFailed`. If it returns False, because the screen
            is closed, the servers are stopped.
    """

    def run() -> None:
        servers = ExitStack()
        try:
            place = servers.enter_context(demo({}))
        except Exception as error:
            post(DemoFailed(error))
            return
        options = dict(place.options)
        connection = options.pop("connection")
        link = Link("demo", connection, options, place.files, servers.close)
        if not post(DemoStarted(link)):
            servers.close()

    threading.Thread(target=run, name="demo", daemon=True).start()
