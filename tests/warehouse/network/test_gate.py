"""Which places the gate admits, and what it forwards."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
import urllib3
from snowflake.connector.connection_config import ConnectionConfig

from core.runtime.strangers import MOST
from core.warehouse.network.addresses import Account
from core.warehouse.network.gate import LARGEST_SIGN_IN, Pass, _Tunnel
from core.warehouse.network.http_pools import Web
from core.warehouse.network.places import parse_place
from tests.support.waiting import PATIENCE

ACCOUNT = "https://acme.snowflakecomputing.com"
BUCKET = "https://sfc-stage.s3.eu-central-1.amazonaws.com"


@pytest.fixture
def way() -> Pass:
    config = ConnectionConfig()
    made = Pass(config, Web(config, lambda: Account("acme.snowflakecomputing.com", True)))
    assert admitted(made, ACCOUNT)
    return made


def admitted(way: Pass, url: str) -> bool:
    place = parse_place(url)
    assert place is not None
    return way.admits(place)


def test_the_place_of_a_batch_is_admitted_for_as_long_as_it_is_fetched(way: Pass) -> None:
    assert not admitted(way, BUCKET)
    way.admit_storage(f"{BUCKET}/a-batch")
    assert admitted(way, BUCKET)
    assert not admitted(way, "https://another.s3.amazonaws.com")
    way.forget_storage(f"{BUCKET}/a-batch")
    assert not admitted(way, BUCKET)


@pytest.mark.parametrize(
    ("url", "is_storage"),
    [
        (BUCKET, True),
        ("https://acme.blob.core.windows.net", True),
        ("https://storage.googleapis.com", True),
        (BUCKET.replace("https", "http"), False),
        ("https://s3.amazonaws.com.example.org", False),
        ("https://169.254.169.254", False),
        ("https://10.0.0.1", False),
    ],
)
def test_storage_services_are_admitted_by_name_where_the_place_is_unknown(
    way: Pass, url: str, is_storage: bool
) -> None:
    assert not admitted(way, url)
    way.admit_storage(None)
    way.admit_storage(None)
    way.forget_storage(None)
    assert admitted(way, url) is is_storage
    way.forget_storage(None)
    assert not admitted(way, url)


@pytest.mark.parametrize("fields", ["", "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n"])
@pytest.mark.parametrize("cut", [0, 9, 40])
def test_a_client_learns_that_its_connection_closes(fields: str, cut: int) -> None:
    """The gate closes after each plain answer; the next request must not go into that."""
    answer = f"HTTP/1.1 200 OK\r\n{fields}Content-Length: 4\r\n\r\nbody".encode()
    with socket.create_server(("127.0.0.1", 0)) as account:
        threading.Thread(target=serve_once, args=(account, answer, cut), daemon=True).start()
        config = ConnectionConfig()
        way = Pass(config, Web(config, lambda: Account("127.0.0.1", False)))
        url = f"http://127.0.0.1:{account.getsockname()[1]}/session"
        with urllib3.ProxyManager(way.through({})["proxy"], proxy_headers=headers(way)) as client:
            got = client.request("POST", url, body=b"{}", retries=False)
    assert got.data == b"body"
    assert way.peer == "127.0.0.1"  # where a file or an answer may lead, too
    assert got.headers.getlist("connection") == ["close"]
    assert "keep-alive" not in got.headers


def test_who_has_a_pass_is_not_closed_for_many_who_have_none() -> None:
    asked, enough = threading.Event(), threading.Event()

    def serve(account: socket.socket) -> None:
        link, _ = account.accept()
        with link:
            while b"{}" not in link.recv(65536):
                pass
            asked.set()
            enough.wait(PATIENCE)
            link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody")

    with socket.create_server(("127.0.0.1", 0)) as account, ThreadPoolExecutor() as pool:
        pool.submit(serve, account)
        config = ConnectionConfig()
        way = Pass(config, Web(config, lambda: Account("127.0.0.1", False)))
        proxy = way.through({})["proxy"]
        url = f"http://127.0.0.1:{account.getsockname()[1]}/session"
        with (
            urllib3.ProxyManager(proxy, proxy_headers=headers(way)) as client,
            ExitStack() as open_,
        ):
            got = pool.submit(client.request, "POST", url, body=b"{}", retries=False)
            try:
                assert asked.wait(PATIENCE)
                gate = ("127.0.0.1", int(proxy.rpartition(":")[2].strip("/")))
                strangers = [
                    open_.enter_context(socket.create_connection(gate, PATIENCE))
                    for _ in range(2 * MOST)
                ]
                assert strangers[0].recv(1) == b""
            finally:
                enough.set()
            assert got.result(PATIENCE).data == b"body"


def headers(way: Pass) -> dict[str, str]:
    user = way.through({})["proxy"].partition("://")[2].partition("@")[0]
    return urllib3.make_headers(proxy_basic_auth=user)


def serve_once(account: socket.socket, answer: bytes, cut: int) -> None:
    """Answer one request, in two pieces, and close."""
    link, _ = account.accept()
    with link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while b"{}" not in link.recv(65536):
            pass
        for piece in filter(None, (answer[:cut], answer[cut:])):
            link.sendall(piece)


@pytest.fixture
def ends(way: Pass) -> Iterator[tuple[socket.socket, socket.socket]]:
    """A tunnel's two ends: the connector's, and the account's."""
    client, near = socket.socketpair()
    far, account = socket.socketpair()
    running = threading.Thread(target=_Tunnel(near, far, way).run, daemon=True)
    running.start()
    for each in (client, account):
        each.settimeout(PATIENCE)
    yield client, account
    client.close()
    account.close()
    running.join(PATIENCE)
    assert not running.is_alive()
    near.close()
    far.close()


def test_a_tunnel_forwards_in_both_directions(ends: tuple[socket.socket, socket.socket]) -> None:
    client, account = ends
    client.sendall(b"a request")
    assert account.recv(100) == b"a request"
    account.sendall(b"an answer")
    assert client.recv(100) == b"an answer"


@pytest.mark.parametrize("first", [0, 1])
def test_the_end_of_one_side_is_that_of_the_other(
    ends: tuple[socket.socket, socket.socket], first: int
) -> None:
    ends[first].shutdown(socket.SHUT_RDWR)
    assert ends[1 - first].recv(100) == b""


def test_answers_are_limited_each_by_itself(
    way: Pass, ends: tuple[socket.socket, socket.socket]
) -> None:
    client, account = ends
    piece = b"x" * (LARGEST_SIGN_IN // 2)
    for _ in range(3):
        client.sendall(b"a request")
        assert account.recv(100) == b"a request"
        account.sendall(piece)
        assert receive(client, len(piece)) == len(piece)
    assert way.refusal() is None
    account.sendall(piece)
    assert receive(client, len(piece)) == len(piece)  # no more than the limit
    account.sendall(b"x")
    assert account.recv(100) == b""  # and the tunnel ends
    refused = way.refusal()
    assert refused is not None
    assert "exceeds the size limit" in refused.message
    assert way.refusal() is None


def receive(link: socket.socket, size: int) -> int:
    """Receive so many bytes; return how many came."""
    got = 0
    while got < size and (data := link.recv(size - got)):
        got += len(data)
    return got
