"""A warehouse that lets the real connector sign in, and keeps what it sends."""

from __future__ import annotations

import gzip
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

_SESSION = {
    "token": "t",
    "masterToken": "m",
    "validityInSeconds": 3600,
    "masterValidityInSeconds": 14400,
    "sessionId": 1,
    "parameters": [{"name": "CLIENT_TELEMETRY_ENABLED", "value": True}],
    "sessionInfo": {},
}


class OpenWarehouse(http.server.ThreadingHTTPServer):
    """Admits everyone.

    Attributes:
        sent: the path and the body of every request, in order.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.sent: list[tuple[str, str]] = []

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Self]:
        """Serve until the end of the `with`."""
        with cls() as server:
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            yield server
            server.shutdown()

    @property
    def parameters(self) -> dict[str, object]:
        return {
            "account": "acme",
            "user": "reporter",
            "password": "hidden-password",
            "host": "127.0.0.1",
            "port": self.server_port,
            "protocol": "http",
        }


class _Answer(http.server.BaseHTTPRequestHandler):
    server: OpenWarehouse

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"] or 0))
        if body.startswith(b"\x1f\x8b"):
            body = gzip.decompress(body)
        self.server.sent.append((self.path, body.decode()))
        answer = {"success": True, "code": None, "message": None, "data": _SESSION}
        told = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *args: object) -> None:
        """Keep quiet."""
