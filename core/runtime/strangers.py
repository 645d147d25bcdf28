"""Limit the connections of clients that have not authenticated.

Any user of a machine can open connections to a port on its loopback address without sending data.
Each connection takes a descriptor, and a thread in a server with one thread per connection. So
their number is limited: when it is exceeded, the oldest one is closed. Clients that have presented
a password, a key or a pass are not counted and never closed.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Final, Generic, TypeVar

MOST: Final = 64  # more than legitimate clients open in `SAFE_SECONDS`
SAFE_SECONDS: Final = 0.2  # a connection this young is not closed: its request is on its way


L = TypeVar("L", bound=Hashable)


def hang_up(link: socket.socket) -> None:
    """Shut a connection down, so that a thread that reads from it sees its end."""
    with suppress(OSError):  # it has ended already
        link.shutdown(socket.SHUT_RDWR)


class Strangers(Generic[L]):
    """The unauthenticated connections of one server, oldest first; safe for several threads.

    Args:
        end: closes a connection; called in the thread that calls `add`.
        most: the limit of connections.
    """

    def __init__(self, end: Callable[[L], object], most: int = MOST) -> None:
        self._end, self._most = end, most
        self._since: dict[L, float] = {}
        self._lock = threading.Lock()

    def add(self, link: L, *, wait: bool = True) -> None:
        """Add a connection; close the oldest one if the limit is exceeded.

        Args:
            link: the connection.
            wait: block until the oldest is `SAFE_SECONDS` old, and with that the acceptance of
                further connections. This slows a flood of connections down and leaves a new
                client the time to authenticate. False in an event loop.
        """
        oldest = self._append(link)
        if oldest is not None:
            if wait:
                time.sleep(max(0.0, oldest + SAFE_SECONDS - time.monotonic()))
            self._shrink()

    def discard(self, link: L) -> None:
        """Remove a connection: its client has authenticated, or it has ended."""
        with self._lock:
            self._since.pop(link, None)

    def _append(self, link: L) -> float | None:
        """Add a connection; return the time of the oldest one if the limit is exceeded."""
        with self._lock:
            self._since[link] = time.monotonic()
            return next(iter(self._since.values())) if len(self._since) > self._most else None

    def _shrink(self) -> None:
        with self._lock:
            many = max(0, len(self._since) - self._most)
            ended = list(self._since)[:many]
            for link in ended:
                del self._since[link]
        for link in ended:
            self._end(link)
