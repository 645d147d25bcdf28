"""Clients of `--web` that are no browser: raw sockets, and what must hold after an attack.

The server is the real program. The load goes to loopback only, and ends.
"""

from __future__ import annotations

import json
import socket
import time

import aiohttp

from tests.support.programs.batch_runs import SECONDS
from tests.support.programs.served import Served, opened

HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def check_lines(served: Served) -> None:
    """Each cause has a line, one for each minute after, and a last one; none has the token."""
    messages = [json.loads(line)["message"] for line in served.lines]
    causes = [message.partition(" (")[0] for message in messages]
    most = 2 + (time.monotonic() - served.began) // 60
    assert all(causes.count(cause) <= most for cause in causes), messages
    assert not any(served.token in line or "Traceback" in line for line in served.lines)


def connect(served: Served) -> socket.socket:
    return socket.create_connection(("127.0.0.1", served.port), SECONDS)


def head(served: Served, path: str, *lines: str, version: str = "1.1") -> bytes:
    """A request's head; without lines, that of a browser which has the address."""
    lines = lines or (f"Host: 127.0.0.1:{served.port}",)
    return "\r\n".join([f"GET {path} HTTP/{version}", *lines, "", ""]).encode()


def ask(served: Served, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """The status, headers and body of the answer to a request on a connection of its own."""
    with connect(served) as one:
        one.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            part = one.recv(65_536)
            assert part, answer
            answer += part
        first, _, rest = answer.partition(b"\r\n")
        lines, _, body = rest.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in lines.decode().split("\r\n"))
        while len(body) < int(headers.get("Content-Length", 0)):
            body += one.recv(65_536)
        return int(first.split()[1]), headers, body


async def check_it_serves(served: Served) -> None:
    """A browser that comes now gets the page, its parts and an app."""
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as client:
        for url in (served.url, f"{served.origin}/static/js/textual.js"):
            async with client.get(url) as answer:
                assert answer.status == 200
                assert await answer.read()
        tab = await opened(served, client)
        await tab.close()
