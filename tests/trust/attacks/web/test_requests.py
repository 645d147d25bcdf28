"""Requests that are idle, unfinished, too large or no HTTP: nobody else is kept out."""

from __future__ import annotations

import json
import resource
import socket
import time
from pathlib import Path

import psutil
import pytest

from tests.support.programs.served import Served, serving
from tests.support.waiting import PATIENCE
from tests.trust.attacks.web.raw_client import (
    HEADERS,
    ask,
    check_it_serves,
    check_lines,
    connect,
    head,
)

REQUEST_SECONDS = 10  # for a whole request, as tui/web/listener.py has it


@pytest.mark.parametrize(
    ("idle", "soft", "hard"), [(200, 128, 2_048), (200, 128, 128), (2_000, 1_024, 1_024)]
)
async def test_idle_connections_keep_nobody_out(idle: int, soft: int, hard: int) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < idle + 100:
        pytest.fail(f"this test needs {idle + 100} descriptors, and may have {most}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    with serving(preexec_fn=limit) as served:
        held = []
        try:
            for _ in range(idle):
                one = socket.socket()
                one.setblocking(False)
                one.connect_ex(("127.0.0.1", served.port))
                held.append(one)
            await check_it_serves(served)
            used = sum(psutil.Process(served.process.pid).cpu_times()[:2])
            assert used < 15  # and it does not go round in circles
        finally:
            for one in held:
                one.close()
    check_lines(served)


def test_a_request_that_does_not_end_is_closed(served: Served) -> None:
    page = head(served, "/x/")
    beginnings = {
        "silent": b"",
        "half a line": b"GET / HT",
        "half a head": page[:-2],
        "a body that does not come": page[:-2] + b"Content-Length: 1000000\r\n\r\n",
        "kept alive": page,
    }
    began = time.monotonic()
    waiting = {}
    for name, beginning in beginnings.items():
        one = connect(served)
        one.sendall(beginning)
        one.settimeout(0.1)
        waiting[one] = name
    while waiting and time.monotonic() - began < REQUEST_SECONDS + PATIENCE:
        for one, name in list(waiting.items()):
            try:
                if name.startswith("half"):
                    one.sendall(b"x")  # a byte now and then, as Slowloris does
                if one.recv(65_536):
                    continue
            except TimeoutError:
                continue
            except ConnectionError:
                pass
            del waiting[one]
            one.close()
    assert waiting == {}


@pytest.mark.parametrize(
    "lines",
    [
        ["X: " + "x" * 9_000],
        [f"X-{number}: x" for number in range(60)],
        ["Cookie: " + "x" * 1_000_000],
        ["\0: x"],
        ["no header"],
        ["Content-Length: -1"],
        ["Content-Length: 5", "", "12345"],
    ],
)
def test_a_request_that_is_too_large_or_none_gets_400(served: Served, lines: list[str]) -> None:
    host = f"Host: 127.0.0.1:{served.port}"
    status, headers, _ = ask(served, head(served, f"/{served.token}/", host, *lines))
    assert status == 400
    assert HEADERS.items() <= headers.items()


def test_errors_in_numbers_are_one_line(own_directories: Path) -> None:
    with serving() as served:
        for _ in range(300):
            assert ask(served, b"NO HTTP AT ALL\r\n\r\n")[0] == 400
    check_lines(served)
    (first, last) = (json.loads(line)["message"] for line in served.lines)
    assert "answered with 400" in first
    assert "299 more times" in last
