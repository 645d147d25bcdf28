"""Certificates: batches trust what the sign-in trusts, and a refusal names its reason."""

from __future__ import annotations

import ssl
import subprocess
import sys
import threading
from array import array
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from snowflake.connector.connection_config import ConnectionConfig

from core.errors import TemporaryError
from core.runtime.retry import Retry
from core.warehouse.connect import connect
from core.warehouse.results.batch_list import BatchList
from core.warehouse.results.chunks import Fetch
from tests.support.services.buckets import Exchange, Proxy
from tests.support.services.certificates import make_certificate
from tests.support.waiting import PATIENCE

ONCE = Retry(max_time=0)


def answer(exchange: Exchange) -> None:
    exchange.answer(200, {}, b"here")


@pytest.fixture
def server(certificate: tuple[Path, ssl.SSLContext]) -> Iterator[Proxy]:
    with Proxy("http://127.0.0.1:9", certificate[1]) as made:
        made.on("", answer, 100)
        yield made


def sign_in(
    server: Proxy, host: str = "127.0.0.1", seconds: float = PATIENCE, **settings: Any
) -> str:
    """The error of a sign-in: the server does not speak Snowflake's protocol."""
    port = int(server.url.rpartition(":")[2])
    given = {"account": "a", "user": "u", "password": "p", "host": host, "port": port, **settings}
    with pytest.raises(TemporaryError) as caught:
        connect(given, query_tag="t", login_timeout=int(seconds), retry=ONCE)
    return str(caught.value)


def fetch(
    server: Proxy, host: str = "127.0.0.1", seconds: float = PATIENCE, **settings: Any
) -> str:
    """The error of a batch, which is not one."""
    config = ConnectionConfig(host="127.0.0.1", proxy="", **settings)
    session: Any = SimpleNamespace(config=config)
    url = server.url.replace("127.0.0.1", host)
    one = array("q", [1])
    batches = BatchList(session, 1, one, one, [url], {}, 0, True, {}, None, [], [None])
    with pytest.raises(TemporaryError) as caught:
        Fetch(session, seconds, threading.Event()).pieces(batches, 0)
    assert caught.value.again is ("certificate" not in str(caught.value))
    return str(caught.value)


@pytest.mark.parametrize("trusted", [False, True])
@pytest.mark.parametrize("ask", [sign_in, fetch])
def test_own_roots(
    server: Proxy, certificate: tuple[Path, ssl.SSLContext], ask: Any, trusted: bool
) -> None:
    settings = {"custom_root_store_path": str(certificate[0])} if trusted else {}
    # What does not speak the protocol is asked again as long as that.
    said = ask(server, seconds=1 if trusted else PATIENCE, **settings)
    assert ("is not trusted" in said) is not trusted
    assert ("SSL_CERT_FILE" in said) is not trusted


def test_a_batch_by_the_variable_of_openssl(
    server: Proxy, certificate: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    assert "is not trusted" not in fetch(server)


# The connector reads the variable once per process.
SIGN_IN = """
import sys
from core import TransferError
from core.warehouse.connect import connect
try:
    connect({"account": "a", "user": "u", "password": "p", "host": "127.0.0.1",
             "port": int(sys.argv[1])}, query_tag="t", login_timeout=int(sys.argv[2]))
except TransferError as error:
    print(error)
"""


@pytest.mark.parametrize("named", [False, True])
def test_a_sign_in_by_the_variable_of_openssl(
    server: Proxy, certificate: tuple[Path, ssl.SSLContext], named: bool
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SIGN_IN, server.url.rpartition(":")[2], "1" if named else "60"],
        env={"SSL_CERT_FILE": str(certificate[0])} if named else {},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ("is not trusted" in done.stdout) is not named
    assert "signing in" in done.stdout


@pytest.mark.parametrize("ask", [sign_in, fetch])
def test_a_certificate_of_another_host(
    server: Proxy, certificate: tuple[Path, ssl.SSLContext], ask: Any
) -> None:
    said = ask(server, host="localhost", custom_root_store_path=str(certificate[0]))
    assert "is not trusted: " in said
    assert "another host" in said or "Hostname mismatch" in said


@pytest.mark.parametrize("ask", [sign_in, fetch])
def test_a_certificate_that_has_expired(tmp_path: Path, ask: Any) -> None:
    shown, context = make_certificate(tmp_path, days=-1)
    with Proxy("http://127.0.0.1:9", context) as server:
        server.on("", answer, 100)
        assert "has expired" in ask(server, custom_root_store_path=str(shown))
