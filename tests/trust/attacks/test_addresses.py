"""The addresses and headers of batches, as a server names them."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest
from snowflake.connector.connection_config import ConnectionConfig

from core.errors import IntegrityError, TransferError
from core.warehouse.connect import connect, sign_out
from core.warehouse.network.addresses import Account, check_peer, check_url, filter_storage_headers
from core.warehouse.network.http_pools import Web
from core.warehouse.results.read_result import read_rows
from core.warehouse.statement import run
from tests.support.services.buckets import Exchange, Proxy
from tests.support.services.warehouse_proxy import ALWAYS, NUMBERS, RESULT, tell

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

PUBLIC = Account("52.10.20.30", secure=True)
PRIVATE = Account("10.1.2.3", secure=True)
LOCAL = Account("127.0.0.1", secure=False)
UNKNOWN = Account("myorg-account.snowflakecomputing.com", secure=True)  # behind a proxy

NOWHERE = [
    *("169.254.169.254", "169.254.170.2", "[fe80::1]", "[fd00:ec2::254]", "100.100.100.200"),
    *("168.63.129.16", "metadata.google.internal", "metadata.google.internal.", "METADATA"),
    *("0.0.0.0", "[::]", "224.0.0.1", "255.255.255.255"),
    *("2852039166", "0xA9FEA9FE", "0251.0376.0251.0376", "169.254.43518", "0xa9.254.169.254"),
    *("[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[64:ff9b::a9fe:a9fe]"),
    "[2002:a9fe:a9fe::1]",
]
MACHINE = ["127.0.0.1", "localhost", "a.localhost", "[::1]", "2130706433", "127.1", "0x7f.1"]
NETWORK = ["10.0.0.1", "172.16.9.9", "192.168.0.1", "100.64.1.1", "[fd12:3456::1]", "0xA000001"]
ANYWHERE = ["sfc-stage.s3.us-west-2.amazonaws.com", "52.216.1.1", "a.blob.core.windows.net"]


def refused(host: str, account: Account) -> bool:
    try:
        check_url(f"https://{host}/a", account)
    except IntegrityError:
        return True
    return False


@pytest.mark.parametrize(
    ("hosts", "refusing"),
    [
        pytest.param(NOWHERE, (PUBLIC, PRIVATE, LOCAL, UNKNOWN), id="metadata"),
        pytest.param(MACHINE, (PUBLIC, PRIVATE, UNKNOWN), id="loopback"),
        pytest.param(NETWORK, (PUBLIC, UNKNOWN), id="private"),
        pytest.param(ANYWHERE, (), id="public"),
    ],
)
def test_hosts(hosts: list[str], refusing: tuple[Account, ...]) -> None:
    for account in (PUBLIC, PRIVATE, LOCAL, UNKNOWN):
        for host in hosts:
            assert refused(host, account) is (account in refusing), (host, account)


def test_names_of_storage_may_have_private_addresses() -> None:
    """Private endpoints keep the public names."""
    for name in ("b.s3.us-west-2.amazonaws.com", "b.blob.core.windows.net"):
        check_peer("10.0.0.9", name, PUBLIC)
        for peer in ("169.254.169.254", "127.0.0.1"):
            with pytest.raises(IntegrityError):
                check_peer(peer, name, PUBLIC)
    for name in ("evil.example", "amazonaws.com.evil.example", "10.0.0.9"):
        with pytest.raises(IntegrityError):
            check_peer("10.0.0.9", name, PUBLIC)


def test_the_account_itself() -> None:
    """Where somebody has put an account, of whatever kind the address is."""
    check_url("https://169.254.7.7/a", Account("169.254.7.7", secure=True))
    check_peer("169.254.7.7", "gateway", Account("169.254.7.7", secure=True))


def test_a_weaker_scheme() -> None:
    with pytest.raises(IntegrityError, match="without HTTPS"):
        check_url("http://b.s3.us-west-2.amazonaws.com/a", PUBLIC)


def test_a_name_is_judged_by_where_it_leads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a byte is sent, and whatever an earlier look at the name has said."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        web = Web(ConnectionConfig(), lambda: Account("52.10.20.30", secure=False))
        url = f"http://batches.example:{port}/a"
        with pytest.raises(IntegrityError, match="loopback"):
            web.pool(url).request("GET", url, retries=False, timeout=5)
        link, _ = listener.accept()
        link.settimeout(5)
        assert link.recv(100) == b""  # connected, and closed without a word
        link.close()
        web.close()


@pytest.mark.parametrize("host", ["169.254.169.254", "2852039166", "[::ffff:169.254.169.254]"])
@pytest.mark.parametrize("settings", [{}, {"crl_check_mode": "ENABLED"}], ids=["we", "connector"])
def test_a_server_that_names_a_metadata_service(
    sandbox: Sandbox, host: str, settings: dict[str, Any]
) -> None:
    def elsewhere(told: dict[str, Any]) -> None:
        for n, chunk in enumerate(told["chunks"]):
            chunk["url"] = f"http://{host}/latest/meta-data/iam/security-credentials/{n}"

    with pytest.raises(TransferError, match="metadata or link-local"):
        read(sandbox, tell(elsewhere), **settings)


def read(sandbox: Sandbox, action: Any, **settings: Any) -> Proxy:
    """Read a result in batches, with a change to the list of them."""
    with Proxy(f"http://127.0.0.1:{sandbox.snowflake['port']}") as account:
        account.on(RESULT, action, ALWAYS)
        port = int(account.url.rpartition(":")[2])
        parameters = {**sandbox.snowflake, **settings, "port": port}
        session = connect(parameters, query_tag="t", chunk_megabytes=1)
        try:
            read_rows(run(session, NUMBERS, threading.Event()))
        finally:
            sign_out(session)
    return account


def test_headers_of_no_storage_service_are_not_sent(sandbox: Sandbox) -> None:
    asked = {
        "Metadata-Flavor": "Google",
        "X-aws-ec2-metadata-token": "x",
        "Authorization": "Bearer x",
        "Cookie": "a=b",
        "Host": "other.example",
        "X-Forwarded-For": "127.0.0.1",
        "Transfer-Encoding": "chunked",
    }
    account = read(sandbox, tell(lambda told: told["chunkHeaders"].update(asked)))
    chunks = [n for n, line in enumerate(account.log) if "/chunks/" in line]
    assert chunks
    for n in chunks:
        sent = {name.lower(): value for name, value in account.headers[n].items()}
        assert "x-amz-server-side-encryption-customer-key" in sent
        assert not {name.lower() for name in asked} - {"host"} & sent.keys()
        assert sent["host"] == account.url.removeprefix("http://")


def test_headers_that_snowflake_was_recorded_to_ask_for_are_sent() -> None:
    recorded = {
        "x-amz-server-side-encryption-customer-key": "a",
        "x-amz-server-side-encryption-customer-key-md5": "b",
    }
    assert filter_storage_headers(recorded) == recorded


def test_batches_do_not_follow_redirects(sandbox: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        to = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/"

        def answer(exchange: Exchange) -> None:
            exchange.answer(302, {"Location": to}, b"")

        with Proxy(f"http://127.0.0.1:{sandbox.snowflake['port']}") as account:
            account.on("GET /chunks/", answer, ALWAYS)
            parameters = {**sandbox.snowflake, "port": int(account.url.rpartition(":")[2])}
            session = connect(parameters, query_tag="t", chunk_megabytes=1)
            with pytest.raises(TransferError, match="302"):
                read_rows(run(session, NUMBERS, threading.Event()))
            sign_out(session)
        elsewhere.setblocking(False)
        with pytest.raises(BlockingIOError):
            elsewhere.accept()
