"""A TCP proxy: what happens to a connection below HTTP."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

BLOCK = 16 * 1024


@dataclass
class Weather:
    """How connections fare from now on.

    Attributes:
        refuse: break every new connection before a byte has passed.
        rate: bytes a second in each direction; None for no limit.
        cut_after: break a connection after so many bytes of answers; None for never.
        stall_after: pass nothing on after so many bytes of answers; None for never.
        garble: answer with other bytes, as something that does not speak TLS or HTTP.
    """

    refuse: bool = False
    rate: float | None = None
    cut_after: int | None = None
    stall_after: int | None = None
    garble: bool = False


class Wire:
    """Passes connections on to a server, as its `weather` lets it.

    Args:
        host, port: the server.

    Attributes:
        weather: how connections fare; may be replaced at any time.
        port: where to connect to, on 127.0.0.1.
        opened: how many connections have been asked for.
    """

    def __init__(self, host: str, port: int) -> None:
        self.weather = Weather()
        self.opened = 0
        self._server = (host, port)
        self._ended = threading.Event()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> Wire:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self._open:
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.opened += 1
            if self.weather.refuse:
                _break(client)
                continue
            server = socket.create_connection(self._server)
            self._open += [client, server]
            for args in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._pump, args=args, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        passed = 0
        with suppress(OSError):
            while data := source.recv(BLOCK):
                weather = self.weather
                if answers and _over(weather.cut_after, passed + len(data)):
                    _break(sink)
                    source.close()
                    return
                while answers and _over(self.weather.stall_after, passed + len(data)):
                    if self._ended.wait(0.05):
                        return
                if weather.rate:
                    time.sleep(len(data) / weather.rate)
                garbled = answers and weather.garble
                sink.sendall(bytes(255 - byte for byte in data) if garbled else data)
                passed += len(data)
            sink.shutdown(socket.SHUT_WR)


def _over(limit: int | None, passed: int) -> bool:
    return limit is not None and passed > limit


def _break(connection: Any) -> None:
    """Close with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)  # who waits in recv would keep it open
    connection.close()
