"""Tunnels through a proxy: what it is asked, and what counts as its answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

from core.warehouse.network import upstream
from core.warehouse.network.places import Place, parse_place
from core.warehouse.network.upstream import dial
from tests.support.waiting import PATIENCE

OPENED = b"HTTP/1.1 200 Connection established\r\nVia: p\r\n\r\n"


def place(url: str) -> Place:
    found = parse_place(url)
    assert found is not None
    return found


class OneProxy:
    """Accepts one connection, answers the request on it, and closes it."""

    def __init__(self, answer: bytes) -> None:
        self.asked = b""
        self._answer = answer
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(PATIENCE)
        self.port = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        link, _ = self._server.accept()
        with link, suppress(OSError):  # the client may have gone
            link.settimeout(PATIENCE)
            while b"\r\n\r\n" not in self.asked and (piece := link.recv(4096)):
                self.asked += piece
            link.sendall(self._answer)

    def close(self) -> None:
        self._thread.join(PATIENCE)
        self._server.close()


@pytest.fixture
def start() -> Iterator[Any]:
    """Starts proxies, and ends them."""
    started: list[OneProxy] = []

    def start(answer: bytes) -> OneProxy:
        started.append(OneProxy(answer))
        return started[-1]

    yield start
    for each in started:
        each.close()


def through(proxy: OneProxy | None, user: str = "") -> Any:
    """The settings of a session."""
    url = f"http://127.0.0.1:{proxy.port}" if proxy else ""
    return SimpleNamespace(proxy=lambda _: url, proxy_user=lambda _: user)


@pytest.mark.parametrize(
    ("url", "host"),
    [("https://a.example:8443/", "a.example:8443"), ("https://[::1]/", "[::1]:443")],
)
def test_a_tunnel_is_asked_for_and_what_follows_is_the_servers(
    start: Any, url: str, host: str
) -> None:
    proxy = start(OPENED + b"the server's")
    link, direct = dial(through(proxy, "Basic dTpw"), place(url), tunnel=True)
    with link:
        assert not direct
        link.settimeout(PATIENCE)
        assert link.recv(100) == b"the server's"
    asked = f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\nProxy-Authorization: Basic dTpw\r\n\r\n"
    assert proxy.asked == asked.encode()


def test_without_a_user_none_is_named(start: Any) -> None:
    proxy = start(OPENED)
    dial(through(proxy), place("https://a.example/"), tunnel=True)[0].close()
    assert proxy.asked == b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"", "did not answer"),
        (OPENED[:-1], "did not answer"),
        (OPENED[:-4] + b"\r\nX: " + b"x" * upstream._LARGEST_HEAD + b"\r\n\r\n", "did not answer"),
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "refused"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "refused"),
        (b"nonsense\r\n\r\n", "refused"),
    ],
    ids=["nothing", "no end", "endless", "407", "2000", "nonsense"],
)
def test_what_is_no_tunnel_is_refused_and_closed(
    start: Any, monkeypatch: pytest.MonkeyPatch, answer: bytes, words: str
) -> None:
    made: list[socket.socket] = []
    connect = upstream._connect
    monkeypatch.setattr(upstream, "_connect", lambda *to: made.append(connect(*to)) or made[-1])
    with pytest.raises(ConnectionError, match=words):
        dial(through(start(answer)), place("https://a.example/"), tunnel=True)
    (link,) = made
    assert link.fileno() == -1


def test_where_no_tunnel_is_wanted_nothing_is_asked(start: Any) -> None:
    proxy = start(b"")
    link, direct = dial(through(proxy), place("http://a.example/"), tunnel=False)
    assert not direct
    link.close()
    proxy.close()
    assert proxy.asked == b""


def test_without_a_proxy_the_connection_is_the_servers(start: Any) -> None:
    server = start(b"its greeting")
    link, direct = dial(through(None), place(f"http://127.0.0.1:{server.port}/"), tunnel=True)
    with link:
        assert direct
        link.sendall(b"\r\n\r\n")
        link.settimeout(PATIENCE)
        assert link.recv(100) == b"its greeting"


def test_an_invalid_name_of_a_host_is_an_error_of_the_network() -> None:
    with pytest.raises(OSError, match=r"label|encod"):
        upstream._connect("a" * 64 + ".example", 443)
