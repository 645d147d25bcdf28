"""Which places the gate admits while the connector fetches a batch."""

from __future__ import annotations

import socket
import threading

import pytest
import urllib3
from snowflake.connector.connection_config import ConnectionConfig

from core.warehouse.network.addresses import Account
from core.warehouse.network.gate import Pass
from core.warehouse.network.http_pools import Web
from core.warehouse.network.places import parse_place

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
    assert got.headers.getlist("connection") == ["close"]
    assert "keep-alive" not in got.headers


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
