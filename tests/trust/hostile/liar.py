"""A warehouse that lies: the sandbox's own, its answers bent on their way to the connector."""

from __future__ import annotations

import gzip
import http.client
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.support.services.buckets import PatientServer

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox


@dataclass
class Answer:
    """An answer of the warehouse.

    Attributes:
        path: what was asked, without its query.
        asked: the body of the question as JSON; empty if it had none.
        status: of the answer.
        body: of the answer, not compressed.
        headers: of the answer.
    """

    path: str
    asked: dict[str, Any]
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def is_chunk(self) -> bool:
        return self.path.startswith("/chunks/")

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Lie = Callable[[Answer], None]


class Liar(PatientServer):
    """Passes every request on to the sandbox's warehouse, and every answer through `lie`."""

    def __init__(self, sandbox: Sandbox, lie: Lie) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.lie = lie
        self.behind = (str(sandbox.snowflake["host"]), int(sandbox.snowflake["port"]))

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is none of our business."""


@contextmanager
def lying(sandbox: Sandbox, lie: Lie) -> Iterator[Liar]:
    """Serve until the end of the `with`."""
    with Liar(sandbox, lie) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Liar
    protocol_version = "HTTP/1.1"

    def _pass(self) -> None:
        sent = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        # The warehouse names this server in the addresses of its chunks.
        headers["host"] = f"127.0.0.1:{self.server.server_port}"
        link = http.client.HTTPConnection(*self.server.behind, timeout=60)
        link.request(self.command, self.path, sent, headers)
        reply = link.getresponse()
        body = reply.read()
        link.close()
        if reply.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        answer = Answer(self.path.partition("?")[0], _asked(sent), reply.status, body)
        answer.headers["content-type"] = reply.headers.get("content-type", "")
        self.server.lie(answer)
        try:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)
        except OSError:
            self.close_connection = True

    do_GET = do_POST = do_DELETE = _pass  # noqa: N815

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


def _asked(sent: bytes) -> dict[str, Any]:
    if not sent:
        return {}
    text = gzip.decompress(sent) if sent[:2] == b"\x1f\x8b" else sent
    found = json.loads(text)
    return found if isinstance(found, dict) else {}
