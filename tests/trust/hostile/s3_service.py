"""An S3 service whose every answer a test decides."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

from tests.support.services.buckets import PatientServer

Answer = tuple[int, dict[str, str], bytes]
LIST = b"<ListBucketResult><KeyCount>%s</KeyCount>%s</ListBucketResult>"
ABSENT: Answer = (404, {}, b"")
NOTHING = (200, {}, LIST % (b"0", b""))


class Service(PatientServer):
    """Answers every request by `answer`, and notes it in `asked`."""

    def __init__(self, answer: Callable[[str], Answer]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer, self.asked = answer, list[str]()

    @classmethod
    @contextmanager
    def running(cls, answer: Callable[[str], Answer]) -> Iterator[Self]:
        with cls(answer) as service:
            threading.Thread(target=service.serve_forever, args=(0.02,), daemon=True).start()
            yield service
            service.shutdown()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Service
    protocol_version = "HTTP/1.1"

    def _reply(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.server.asked.append(self.command)
        status, headers, body = self.server.answer(self.command)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _reply  # noqa: N815

    def handle_expect_100(self) -> bool:
        self.send_response_only(100)
        self.end_headers()
        return True

    def log_message(self, *args: object) -> None:
        """Keep quiet."""
