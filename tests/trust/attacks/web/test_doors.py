"""Attacks on `--web` by whoever can connect: other users, pages of other sites, a broken client.

The server is the real program; what attacks it are raw sockets and web sockets. The load goes to
loopback only, and ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import psutil
import pytest
from aiohttp import WSMsgType

from tests.support.programs.batch_runs import SECONDS
from tests.support.programs.served import Served, opened, serving
from tui.web.messages import MessageError, Resized, parse
from tui.web.server import MOST_TABS

END_SECONDS = 2.0
REQUEST_SECONDS = 10  # for a whole request, as tui/web/listener.py has it
NOBODY = 65534
PATHS = (
    "/{token}/",
    "/{token}/socket",
    "/{token}/download/x",
    "/static/js/textual.js",
    "/page/page.js",
    "/nothing",
)
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@pytest.fixture(scope="module")
def served(own_directories: Path) -> Iterator[Served]:
    """The app without a connection: it asks for one."""
    with serving() as one:
        yield one
    check_lines(one)


@pytest.fixture
async def client() -> Any:
    async with aiohttp.ClientSession() as session:
        yield session


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


# Connections, and the time for a request


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
    while waiting and time.monotonic() - began < REQUEST_SECONDS + 5:
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


# Messages on the web socket


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("no JSON", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("9" * 10_000, "not JSON"),
        ("5", "kind"),
        ("[]", "kind"),
        ('{"a": 1}', "kind"),
        ('["exec", "id"]', "kind"),
        ('["stdin"]', "stdin"),
        ('["stdin", 5]', "stdin"),
        ('["ping", "x"]', "ping"),
        ('["ping", "1\\"]"]', "ping"),
        ('["resize"]', "resize"),
        ('["resize", 5]', "resize"),
        ('["resize", {"width": 5}]', "resize"),
        ('["resize", {"width": "x", "height": 5}]', "whole numbers"),
        ('["resize", {"width": 5.5, "height": 5}]', "whole numbers"),
        ('["resize", {"width": NaN, "height": 5}]', "whole numbers"),
        ('["resize", {"width": true, "height": null}]', "whole numbers"),
        ('["resize", {"width": {"width": [1]}, "height": 5}]', "whole numbers"),
    ],
    ids=lambda value: value[:40],
)
def test_a_message_that_is_none_has_a_reason(message: str, reason: str) -> None:
    with pytest.raises(MessageError, match=reason):
        parse(message)


def test_sizes_out_of_reason_are_bounded() -> None:
    for given, taken in ((-5, 1), (0, 1), (10**30, 1_000), (90, 90)):
        message = json.dumps(["resize", {"width": given, "height": given}])
        assert parse(message) == Resized(taken, taken)


async def test_a_message_that_is_none_ends_its_tab_only(served: Served, client: Any) -> None:
    other = await opened(served, client)
    for message, code, reason in (
        ("no JSON", 1008, "The message is not JSON."),
        ("[" * 100_000, 1008, "The message is not JSON."),
        ("5", 1008, "The kind of message is unknown."),
        (
            '["resize", {"width": "x", "height": 5}]',
            1008,
            "Width and height must be whole numbers.",
        ),
        (b"\0\xff\xfe", 1008, "Messages are text."),
        ("x" * 300_000, 1009, ""),
    ):
        tab = await client.ws_connect(served.socket, origin=served.origin)
        await (tab.send_bytes if isinstance(message, bytes) else tab.send_str)(message)
        ended = await until_closed(tab)
        assert (ended.data, ended.extra or "") == (code, reason)
        await tab.close()
        await other.send_str('["ping", "1"]')  # each time, so that it is seen to be there
        while (answer := await other.receive(SECONDS)).type is WSMsgType.BINARY:
            pass
        assert answer.data == '["pong", "1"]'
    await other.close()


async def until_closed(tab: Any) -> Any:
    """The close frame: its `data` is the code and its `extra` the reason."""
    while True:
        message = await tab._reader.read()  # `receive` answers a close without showing its reason
        if message.type is WSMsgType.CLOSE:
            return message


@pytest.mark.parametrize("size", ["x", "-1", "1e3", "9" * 5_000, "٣", ""])
async def test_a_size_in_the_address_that_is_none_gets_400(
    served: Served, client: Any, size: str
) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await client.ws_connect(f"{served.url}socket", params={"width": size}, origin=served.origin)
    assert refused.value.status == 400


async def test_frames_that_are_none_close_the_connection(served: Served) -> None:
    upgrade = head(
        served,
        f"/{served.token}/socket",
        f"Host: 127.0.0.1:{served.port}",
        f"Origin: {served.origin}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    )
    with connect(served) as one:
        one.sendall(upgrade)
        assert one.recv(12) == b"HTTP/1.1 101"
        one.sendall(bytes(range(255, 0, -1)))
        while one.recv(65_536):
            pass
    await check_it_serves(served)


async def test_an_app_that_dies_closes_its_socket(served: Served, client: Any) -> None:
    tab = await opened(served, client)
    (app,) = served.children()
    app.kill()
    ended = await asyncio.wait_for(until_closed(tab), SECONDS)
    assert (ended.data, ended.extra) == (1011, "The app has ended unexpectedly.")


# What other users of the machine can read

READ_ALL = """
import pathlib, sys
for entry in pathlib.Path("/proc").iterdir():
    if entry.name.isdigit():
        for name in ("cmdline", "environ", "comm"):
            try:
                sys.stdout.buffer.write((entry / name).read_bytes().replace(b"\\0", b" ") + b"\\n")
            except OSError:
                pass
"""


async def test_another_user_reads_nothing_of_a_request(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = uuid4().hex
    values = {
        "AMPLIFY_TABLE": f"DB.PUBLIC.T{marker}",
        "AMPLIFY_BUCKET": f"bucket-{marker}",
        "AMPLIFY_ENDPOINT_URL": f"http://{marker}.example",
        "AMPLIFY_CONNECTION": marker,
        "SNOWFLAKE_PASSWORD": marker,
        "AWS_SECRET_ACCESS_KEY": marker,
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    with serving() as served:
        tab = await client.ws_connect(served.socket, origin=served.origin)
        await tab.receive(SECONDS)
        assert served.children()
        python = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        read = subprocess.run(
            [python, "-c", READ_ALL], capture_output=True, check=True, env={}, cwd="/", **user
        ).stdout
        assert b"tui.web.child" in read  # it did read the arguments
        assert marker.encode() not in read
        assert served.token.encode() not in read
        for child in served.children():
            assert marker not in " ".join(child.cmdline())
        await tab.close()


async def test_the_directory_it_is_started_in_runs_no_code(tmp_path: Path, client: Any) -> None:
    for name in ("tui", "textual", "json", "core"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    program = Path(sys.executable).parent / "amplify-transfer"
    with serving(command=[str(program)], cwd=tmp_path) as served:
        tab = await opened(served, client)
        await tab.close()
    assert not (tmp_path / "ran").exists()


# The token


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/?token={token}", ""),
        ("/x/?{token}", ""),
        ("/x/", "Cookie: token={token}"),
        ("/x/", "Authorization: Bearer {token}"),
        ("/x/", "Referer: {url}"),
        ("/x/", "X-Original-URL: /{token}/"),
        ("/{token}", ""),
        ("//{token}/", ""),
        ("/{token}x/", ""),
        ("/{short}/", ""),
        ("/{lower}/", ""),
    ],
)
def test_the_token_counts_in_its_place_only(served: Served, path: str, line: str) -> None:
    parts = {
        "token": served.token,
        "url": served.url,
        "short": served.token[:-1],
        "lower": served.token.swapcase(),
    }
    lines = [f"Host: 127.0.0.1:{served.port}", *filter(None, [line.format(**parts)])]
    wrong = ask(served, head(served, f"/{'x' * 22}/"))
    refused = ask(served, head(served, path.format(**parts), *lines))
    assert (refused[0], refused[2]) == (404, wrong[2])


async def test_the_token_is_given_to_nobody(served: Served, client: Any) -> None:
    async with client.get(served.url) as answer:
        assert "Set-Cookie" not in answer.headers  # cookies go to every port of a host
        assert not any(served.token in value for value in answer.headers.values())
        assert answer.headers["Referrer-Policy"] == "no-referrer"


# Pages of other sites


@pytest.mark.parametrize(
    ("lines", "version"),
    [
        (["Host: evil.example"], "1.1"),
        (["Host: evil.example:{port}"], "1.1"),
        (["Host: 127.0.0.1"], "1.1"),
        (["Host: 127.0.0.1:1"], "1.1"),
        (["Host: LOCALHOST:{port}."], "1.1"),
        (["Host: localhost.:{port}"], "1.1"),
        (["Host: 127.0.0.1:{port}@evil.example"], "1.1"),
        (["Host: 127.1:{port}"], "1.1"),
        (["Host: [::1]:{port}"], "1.1"),
        (["Host:"], "1.1"),
        (["X-Forwarded-Host: 127.0.0.1:{port}"], "1.0"),
        (["Host: evil.example"], "1.0"),
        (["Host: 127.0.0.1:{port}", "Origin: null"], "1.1"),
        (["Host: 127.0.0.1:{port}", "Origin: http://evil.example"], "1.1"),
        (["Host: 127.0.0.1:{port}", "Origin: https://127.0.0.1:{port}"], "1.1"),
        (["Host: 127.0.0.1:{port}", "Origin: http://127.0.0.1"], "1.1"),
        (["Host: 127.0.0.1:{port}", "Origin: http://localhost:{port}"], "1.1"),
        (["Host: 127.0.0.1:{port}", "Origin: "], "1.1"),
        (["Host: 127.0.0.1:{port}", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: cors"], "1.1"),
        (["Host: 127.0.0.1:{port}", "Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: cors"], "1.1"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_pages_of_others_reach_nothing(served: Served, lines: list[str], version: str) -> None:
    filled = [line.format(port=served.port) for line in lines]
    for path in PATHS:
        request = head(served, path.format(token=served.token), *filled, version=version)
        status, headers, body = ask(served, request)
        assert (path, status, body) == (path, 403, b"This app answers its own page only.\n")
        assert not any(name.startswith("Access-Control") for name in headers)
        assert HEADERS.items() <= headers.items()
        assert "evil" not in str(headers)


def test_no_host_and_two_hosts_are_refused(served: Served) -> None:
    hosts = [f"Host: 127.0.0.1:{served.port}", "Host: evil.example"]
    for lines in (hosts, hosts[::-1], [f"X-Forwarded-Host: 127.0.0.1:{served.port}"]):
        assert ask(served, head(served, f"/{served.token}/", *lines))[0] in (400, 403)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/{token}/", 200),
        ("/static/js/textual.js", 200),
        ("/static/css/xterm.css", 200),
        ("/page/page.js", 200),
        ("/static/../server.py", 404),
        ("/static/%2e%2e/server.py", 404),
        ("/page/..%2f..%2fserver.py", 404),
        ("/static/", 403),
        ("/nothing", 404),
    ],
)
def test_every_answer_has_the_headers(served: Served, path: str, status: int) -> None:
    answered, headers, _ = ask(served, head(served, path.format(token=served.token)))
    assert answered == status
    assert HEADERS.items() <= headers.items()
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


# Many tabs


async def test_tabs_opened_and_closed_in_numbers_leave_nothing(own_directories: Path) -> None:
    with serving() as served:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
            connecting = (client.ws_connect(served.socket, origin=served.origin) for _ in range(50))
            tabs = await asyncio.gather(*connecting)
            ended = await asyncio.gather(*map(first_message, tabs))
            refused = [message for message in ended if message.type is WSMsgType.CLOSE]
            assert len(refused) == 50 - MOST_TABS
            assert {message.data for message in refused} == {1013}
            assert all("Close one first" in message.extra for message in refused)
            assert len(served.children()) == MOST_TABS
            apps = served.children()
            for tab in tabs:  # at once, without a goodbye
                connection = tab._response.connection
                if connection and connection.transport:
                    connection.transport.abort()
            assert psutil.wait_procs(apps, SECONDS)[1] == []
        await check_it_serves(served)
        assert psutil.wait_procs(served.children(), SECONDS)[1] == []
    check_lines(served)


async def first_message(tab: Any) -> Any:
    return await asyncio.wait_for(tab._reader.read(), SECONDS)


async def test_ctrl_c_ends_all_tabs_that_may_be_open(client: Any) -> None:
    with serving() as served:
        stalled = connect(served)  # a client that asks for a large file and does not read it
        stalled.sendall(head(served, "/static/js/textual.js") * 20)
        connecting = (client.ws_connect(served.socket, origin=served.origin) for _ in range(6))
        tabs = await asyncio.gather(*connecting)
        await asyncio.gather(*map(first_message, tabs))  # they draw
        apps = served.children()
        assert len(apps) == MOST_TABS == len(tabs)
        began = time.monotonic()
        served.process.send_signal(signal.SIGINT)
        served.process.wait(SECONDS)
        alive = psutil.wait_procs(apps, END_SECONDS)[1]
        assert time.monotonic() - began < END_SECONDS
        assert alive == []
        stalled.close()
    check_lines(served)
