"""The way to the stores of batches: by the connection's proxy and certificates, like the rest."""

from __future__ import annotations

import base64
import os
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
from snowflake.connector.connection_config import ConnectionConfig

from core.warehouse.network.addresses import Account
from core.warehouse.network.http_pools import Web
from tests.support.services.buckets import Exchange, Proxy

HERE = Account("127.0.0.1", secure=False)


def answer(exchange: Exchange) -> None:
    exchange.answer(200, {}, b"here")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A server that answers everything, and no proxy in the environment."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    with Proxy("http://127.0.0.1:9") as made:
        made.on("", answer, 10)
        yield made


def get(url: str, **settings: Any) -> bytes:
    web = Web(ConnectionConfig(**settings), lambda: HERE)
    assert web.able
    try:
        return bytes(web.pool(url).request("GET", url, retries=False).data)
    finally:
        web.close()


def port(server: Proxy) -> int:
    return int(server.url.rpartition(":")[2])


@pytest.mark.filterwarnings("error:Unverified HTTPS request")
@pytest.mark.parametrize(
    ("settings", "trusted"),
    [
        pytest.param({}, False, id="usual"),
        pytest.param({"custom_root_store_path": "own"}, True, id="own roots"),
        pytest.param({"verify_certificates": False}, True, id="no verification"),
        pytest.param({"tls_skip_verify": True}, True, id="no verification at all"),
        pytest.param({"verify_hostname": False}, False, id="any host"),
    ],
)
def test_certificates(
    certificate: tuple[Path, ssl.SSLContext], settings: dict[str, Any], trusted: bool
) -> None:
    shown, context = certificate
    if "custom_root_store_path" in settings:
        settings = {"custom_root_store_path": str(shown)}
    with Proxy("http://127.0.0.1:9", context) as server:
        server.on("", answer)
        if trusted:
            assert get(server.url, no_proxy="*", proxy="", **settings) == b"here"
        else:
            with pytest.raises(urllib3.exceptions.SSLError):
                get(server.url, no_proxy="*", proxy="", **settings)


def test_a_named_proxy(server: Proxy) -> None:
    named = {"proxy_host": "127.0.0.1", "proxy_port": port(server)}
    user = {"proxy_user": "us:er", "proxy_password": "p@ss/word"}
    assert get("http://store.invalid/a?b=c", **named, **user) == b"here"
    assert server.log == ["GET http://store.invalid/a?b=c"]
    told = {name.lower(): value for name, value in server.headers[0].items()}
    user_told = told["proxy-authorization"].removeprefix("Basic ")
    assert base64.b64decode(user_told) == b"us:er:p@ss/word"


@pytest.mark.parametrize("direct", ["*", "127.0.0.1", "10.0.0.0/8, 127.0.0.0/8"])
def test_an_exception_of_a_named_proxy(server: Proxy, direct: str) -> None:
    nowhere = {"proxy": "store.invalid:1", "no_proxy": direct}
    assert get(f"{server.url}/a", **nowhere) == b"here"
    assert server.log == ["GET /a"]


@pytest.mark.parametrize(
    ("url", "exceptions", "direct"),
    [
        ("https://a.example.com/x", "example.com", True),
        ("https://a.example.com/x", ".EXAMPLE.com", True),
        ("https://example.com/x", ".example.com", True),
        ("https://anexample.com/x", "example.com", False),
        ("https://a.example.com:8443/x", "a.example.com:8443", True),
        ("https://a.example.com:8443/x", "a.example.com:443", False),
        ("https://user:example.com@a.test/x", "example.com", False),
        ("https://a.example.com/x", " * ", True),
        ("https://a.example.com/x", "", False),
        ("https://10.1.2.3/x", "b.test, 10.0.0.0/8", True),
        ("https://10.1.2.3:444/x", "10.0.0.0/8", True),
        ("https://11.1.2.3/x", "10.0.0.0/8", False),
        ("https://[fd00::1]:444/x", "fd00::/8", True),
        ("https://[fd00::1]/x", "fd00::1", True),
    ],
)
def test_what_goes_around_the_proxy(
    server: Proxy, monkeypatch: pytest.MonkeyPatch, url: str, exceptions: str, direct: bool
) -> None:
    """The same for the settings and for the environment."""
    proxy = "http://proxy.test:3128"
    named = Web(ConnectionConfig(proxy=proxy, no_proxy=exceptions), lambda: HERE)
    monkeypatch.setenv("https_proxy", proxy)
    monkeypatch.setenv("no_proxy", exceptions)
    found = Web(ConnectionConfig(), lambda: HERE)
    assert {named.proxy(url), found.proxy(url)} == {"" if direct else proxy}


def test_the_proxy_of_the_environment(server: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", server.url.removeprefix("http://"))
    monkeypatch.setenv("no_proxy", ".example.invalid,localhost")
    assert get("http://store.invalid/a") == b"here"
    assert server.log == ["GET http://store.invalid/a"]
    for url, settings in (
        ("http://store.invalid/a", {"use_proxy_env": False}),
        ("http://store.invalid/a", {"proxy": ""}),
        ("http://some.example.invalid/a", {}),
    ):
        with pytest.raises(urllib3.exceptions.NewConnectionError):
            get(url, **settings)


def test_what_only_the_connector_can(server: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not Web(ConnectionConfig(crl_check_mode="ENABLED"), lambda: HERE).able
    assert not Web(ConnectionConfig(proxy="socks5://127.0.0.1:1080"), lambda: HERE).able
    monkeypatch.setenv("all_proxy", "socks5h://127.0.0.1:1080")
    assert not Web(ConnectionConfig(), lambda: HERE).able
    assert Web(ConnectionConfig(use_proxy_env=False), lambda: HERE).able
