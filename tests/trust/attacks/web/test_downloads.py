"""Attacks on the files that an app delivers to its browser, and an app that misbehaves.

The server's site runs in the test's own loop; the app behind it is a process that speaks the
protocol of Textual's driver for browsers, with names and amounts that the real app never sends.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote

import aiohttp
import psutil
import pytest

from tests.support.programs.batch_runs import SECONDS
from tui.web import downloads, server, session
from tui.web.causes import Causes
from tui.web.downloads import Download
from tui.web.server import Site

APP = """
import json, os, sys
from textual._binary_encode import dump

def read(size):
    data = b""
    while len(data) < size:
        part = os.read(0, size - len(data))
        if not part:
            os._exit(0)
        data += part
    return data

def write(kind, data):
    os.write(1, kind + len(data).to_bytes(4, "big") + data)

start = json.loads(read(int.from_bytes(read(4), "big")))
os.write(1, b"__GANGLION__\\n")
write(b"M", json.dumps({"type": "deliver_file_start", "key": "guess", "path": start["path"],
                        "open_method": "browser", "encoding": "", "mime_type": start["mime"],
                        "name": None}).encode())
if start.get("deaf"):
    import time
    time.sleep(60)
parts = start["parts"]
while True:
    kind, size = read(1), int.from_bytes(read(4), "big")
    data = read(size)
    if kind == b"M":
        meta = json.loads(data)
        if meta["type"] == "quit":
            break
        if meta["type"] == "deliver_chunk_request":
            chunk = parts.pop(0).encode() if parts else b""
            write(b"P", dump(("deliver_chunk", meta["key"], chunk)))
"""
START = {"path": "/x/report.json", "mime": "application/json", "parts": ["one, ", "two"]}


class Running:
    """A site and what it said."""

    def __init__(self) -> None:
        self.url = ""
        self.lines: list[str] = []

    @property
    def origin(self) -> str:
        return "/".join(self.url.split("/")[:3])


@asynccontextmanager
async def running(**start: Any) -> AsyncIterator[Running]:
    """A site whose apps are `APP`."""
    one, opened = Running(), asyncio.Event()

    def on_open(url: str) -> None:
        one.url = url
        opened.set()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        command = (sys.executable, "-c", APP)
        causes = Causes(one.lines.append)
        site = Site(command, {**START, **start}, causes, listening)
        serving = asyncio.create_task(site.run(on_open))
        try:
            await asyncio.wait_for(opened.wait(), SECONDS)
            yield one
        finally:
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await serving


@pytest.fixture
async def client() -> Any:
    async with aiohttp.ClientSession() as session:
        yield session


async def offered(one: Running, client: Any) -> tuple[Any, str]:
    """A tab, and the ticket of the file that its app delivers."""
    tab = await client.ws_connect(f"{one.url}socket", origin=one.origin)
    kind, ticket = json.loads((await tab.receive(SECONDS)).data)
    assert kind == "deliver_file_start"
    return tab, ticket


async def get(client: Any, url: str) -> tuple[int, bytes]:
    async with client.get(url) as answer:
        return answer.status, await answer.read()


async def test_a_file_is_there_once_for_who_was_told(client: Any) -> None:
    async with running() as one:
        tab, ticket = await offered(one, client)
        assert len(ticket) >= 43  # 256 bits
        missing = await get(client, f"{one.url}download/{'x' * 43}")
        assert missing == (404, b"404: Not Found")
        for address in (
            f"{one.origin}/download/guess",
            f"{one.origin}/download/{ticket}",  # without the token
            f"{one.origin}/{'x' * 22}/download/{ticket}",
            f"{one.url}download/guess",  # the app's own key
            f"{one.url}download/{ticket[:-1]}",
            f"{one.url}download/{ticket.swapcase()}",
        ):
            assert (await get(client, address)) == missing, address
        async with client.head(f"{one.url}download/{ticket}") as answer:
            assert answer.status == 405  # asking is not taking
        assert await get(client, f"{one.url}download/{ticket}") == (200, b"one, two")
        assert await get(client, f"{one.url}download/{ticket}") == missing
        await tab.close()


async def test_a_file_goes_with_its_tab(client: Any) -> None:
    async with running() as one:
        before = set(psutil.Process().children())
        first, ticket = await offered(one, client)
        (app,) = set(psutil.Process().children()) - before
        second, other = await offered(one, client)
        assert ticket != other
        await first.close()
        await asyncio.to_thread(app.wait, SECONDS)
        assert (await get(client, f"{one.url}download/{ticket}"))[0] == 404
        assert await get(client, f"{one.url}download/{other}") == (200, b"one, two")
        await second.close()


async def test_an_offer_expires(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "_VALID_SECONDS", 0.0)
    async with running() as one:
        _, ticket = await offered(one, client)
        assert (await get(client, f"{one.url}download/{ticket}"))[0] == 404


async def test_a_file_that_is_too_large_is_broken_off(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "_MOST_BYTES", 5)
    async with running() as one:
        _, ticket = await offered(one, client)
        with pytest.raises(aiohttp.ClientError):
            await get(client, f"{one.url}download/{ticket}")
        assert one.lines == ["A download was broken off: the file is too large."]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/x/report.json", "report.json"),
        ("/x/a\r\nSet-Cookie: a=b", "a__Set-Cookie_ a=b"),
        ('/x/a"; filename="b.exe', "a_; filename=_b.exe"),
        ("/x/..", "download"),
        ("/x/.bashrc", "bashrc"),
        ("/x/C:\\Windows\\evil.dll", "C__Windows_evil.dll"),
        ("/x/gnp\u202efdp.exe", "gnp_fdp.exe"),
        ("/x/\ud800\x1b]0;x\x07", "__]0;x_"),
        ("/x/" + "n" * 5_000 + ".json", "n" * 145 + ".json"),
    ],
)
async def test_a_name_stays_in_its_header(client: Any, path: str, name: str) -> None:
    async with running(path=path, mime="text/html\r\nX-Evil: 1") as one:
        _, ticket = await offered(one, client)
        async with client.get(f"{one.url}download/{ticket}") as answer:
            assert await answer.read() == b"one, two"
            headers = answer.headers
    assert headers["Content-Type"] == "application/octet-stream"
    assert not {"X-Evil", "Set-Cookie"} & set(headers)
    kind, _, quoted = headers["Content-Disposition"].partition("; filename*=UTF-8''")
    assert kind == "attachment"
    assert unquote(quoted) == name
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_offers_are_limited() -> None:
    async def ask(message: downloads.Meta) -> bool:
        return True

    kept = downloads.Downloads()
    tickets = [kept.offer(Download(ask, str(n), "x", "")) for n in range(1_000)]
    assert sum(kept.take(ticket) is not None for ticket in tickets) == 32


async def test_an_app_that_does_not_read_loses_its_tab(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_TAKE_SECONDS", 0.5)
    async with running(deaf=True) as one:
        tab, _ = await offered(one, client)
        with contextlib.suppress(ConnectionError):
            for _ in range(10):  # more than its pipe and the buffer before it hold
                await tab.send_json(["stdin", "x" * 100_000])
        while (message := await tab._reader.read()).type is not aiohttp.WSMsgType.CLOSE:
            pass
        assert (message.data, message.extra) == (1011, "The app does not respond.")


async def test_tokens_are_compared_in_constant_time(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[bytes] = []

    def compare(given: bytes, right: bytes) -> bool:
        compared.append(given)
        return hmac.compare_digest(given, right)

    monkeypatch.setattr(server, "hmac", type("Hmac", (), {"compare_digest": compare}))
    async with running() as one:
        for rest in ("", "socket", "download/x"):
            url = f"{one.origin}/w%C3%B6r%ED%A0%80ng/{rest}"
            assert (await get(client, url))[0] == 404
    assert len(compared) == 3
    assert all(type(given) is bytes for given in compared)
