"""A receiver of webhooks: a real HTTP server that answers as it is told, and keeps what it got."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver:
    """What a server received, and what it answers.

    Attributes:
        answers: the statuses of the next answers; then 200. 0 is no answer before the end.
        got: the path, the headers and the JSON of each request.
    """

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.got: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.ended = threading.Event()
        self.port = 0

    @property
    def url(self) -> str:
        """The URL of a hook, with a secret in its path."""
        return f"http://127.0.0.1:{self.port}/services/hook-marker?key=hook-marker"

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """The JSON of each request."""
        return [body for _, _, body in self.got]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver of webhooks."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.got.append((self.path, headers, json.loads(body)))
            status = receiver.answers.pop(0) if receiver.answers else 200
            if not status:
                receiver.ended.wait(60)
                return
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_request(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            receiver.ended.set()
            server.shutdown()
            thread.join()
