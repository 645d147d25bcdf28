"""Bounds the connections of clients that have not shown who they are.

Any user of a machine can connect to a port on its loopback address, as often as they like, and say
nothing. Each connection takes a descriptor, and a thread where a server has one for each. So only
so many of them are kept: where another one comes, the oldest is closed. Clients that have shown a
password, a key or a pass are not counted and never closed.
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
    """Have whatever thread reads from a connection see its end."""
    with suppress(OSError):  # it has ended already
        link.shutdown(socket.SHUT_RDWR)


class Strangers(Generic[L]):
    """The connections to one server that nobody vouches for, oldest first; for several threads.

    Args:
        end: closes a connection; called in the thread of `came`.
        most: connections.
    """

    def __init__(self, end: Callable[[L], object], most: int = MOST) -> None:
        self._end, self._most = end, most
        self._since: dict[L, float] = {}
        self._lock = threading.Lock()

    def came(self, link: L, *, wait: bool = True) -> None:
        """Count a connection; close the oldest one if there are too many.

        Args:
            link: the connection.
            wait: until the oldest is `SAFE_SECONDS` old, and with it whoever accepts connections. A
                flood of them comes in slowly then, and leaves a new client the time to show who it
                is. False in an event loop.
        """
        oldest = self._add(link)
        if oldest is not None:
            if wait:
                time.sleep(max(0.0, oldest + SAFE_SECONDS - time.monotonic()))
            self._shrink()

    def known(self, link: L) -> None:
        """Count a connection no longer: its client has shown who it is, or it has ended."""
        with self._lock:
            self._since.pop(link, None)

    def _add(self, link: L) -> float | None:
        """Count a connection; returns since when the oldest is there if there are too many."""
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
