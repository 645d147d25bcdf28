"""A warehouse that says what a test wants, to the real connector."""

from __future__ import annotations

import gzip
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from tests.support.services.buckets import PatientServer

_SESSION = {
    "token": "t",
    "masterToken": "m",
    "validityInSeconds": 3600,
    "masterValidityInSeconds": 14400,
    "sessionId": 1,
    "parameters": [{"name": "CLIENT_TELEMETRY_ENABLED", "value": True}],
    "sessionInfo": {},
}


class ScriptedLogin(PatientServer):
    """A warehouse that answers every request alike: an HTTP status, a login refusal, or a session.

    Attributes:
        admits: whether a login gets a session, instead of a refusal with `code` and `text`.
        asked: the path and the body of every request, in order.
    """

    admits = False
    status = 200
    code = ""
    text = ""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.asked: list[tuple[str, str]] = []

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
    server: ScriptedLogin

    def do_POST(self) -> None:
        server = self.server
        sent = self.rfile.read(int(self.headers["content-length"] or 0))
        if self.headers.get("content-encoding") == "gzip":
            sent = gzip.decompress(sent)
        server.asked.append((self.path, sent.decode()))
        if server.admits:
            answer = {"success": True, "code": None, "message": None, "data": _SESSION}
        else:
            answer = {"success": False, "code": server.code, "message": server.text, "data": {}}
        body = json.dumps(answer).encode()
        self.send_response(server.status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST  # noqa: N815

    def log_message(self, *args: object) -> None:
        """Keep quiet."""
