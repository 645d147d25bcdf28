"""An account that redirects: no other host, port or scheme gets a byte of any request."""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from core.errors import SignInError, TransferError
from core.runtime.retry import Retry
from core.warehouse.connect import connect, sign_out
from core.warehouse.network import gate
from core.warehouse.results.read_result import read_rows
from core.warehouse.statement import run
from tests.support.services.buckets import Action, Exchange, Proxy
from tests.support.services.warehouse_proxy import (
    ALWAYS,
    LOGIN,
    NUMBERS,
    RENEW,
    RESULT,
    START,
    STATUS,
    end_session,
    in_progress,
)

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox


REFUSED = "redirects to another host or port, or to plain HTTP"
ROWS = 30_000  # of NUMBERS
SIGN_INS = [
    pytest.param({}, id="password"),
    pytest.param({"authenticator": "oauth", "token": "oauth-secret"}, id="oauth"),
    pytest.param({"authenticator": "programmatic_access_token", "token": "pat"}, id="token"),
]


def redirect(status: int, to: str) -> Action:
    return lambda exchange: exchange.answer(status, {"Location": to}, b"")


@pytest.fixture
def elsewhere() -> Iterator[socket.socket]:
    """A host that nobody has named: it must not even be connected to."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def port(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def check_unheard(listener: socket.socket) -> None:
    """See that nobody has connected."""
    listener.setblocking(False)
    with pytest.raises(BlockingIOError):
        listener.accept()


@pytest.fixture
def account(sandbox: Sandbox) -> Iterator[Proxy]:
    """The warehouse, and what it may answer instead."""
    with Proxy(f"http://127.0.0.1:{sandbox.snowflake['port']}") as made:
        yield made


@pytest.fixture
def secure(
    sandbox: Sandbox, certificate: tuple[Path, ssl.SSLContext]
) -> Iterator[tuple[Proxy, dict[str, Any]]]:
    """The warehouse behind HTTPS, and the settings that trust it."""
    shown, context = certificate
    with Proxy(f"http://127.0.0.1:{sandbox.snowflake['port']}", context) as made:
        yield made, {"protocol": "https", "custom_root_store_path": str(shown)}


def parameters(sandbox: Sandbox, account: Proxy, **changes: Any) -> dict[str, Any]:
    brief = {"login_timeout": 8, "request_timeout": 8, "retry_timeout": 8}
    return {
        **sandbox.snowflake,
        "port": int(account.url.rpartition(":")[2]),
        **brief,
        **changes,
    }


def opened(sandbox: Sandbox, account: Proxy, **changes: Any) -> Any:
    retry = Retry(attempts=2, first=0.01)
    return connect(parameters(sandbox, account, **changes), query_tag="t", retry=retry)


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("settings", SIGN_INS)
def test_a_sign_in(
    sandbox: Sandbox, account: Proxy, elsewhere: socket.socket, status: int, settings: Any
) -> None:
    account.on(LOGIN, redirect(status, f"http://127.0.0.1:{port(elsewhere)}/login"), ALWAYS)
    with pytest.raises(SignInError, match=REFUSED):
        opened(sandbox, account, **settings)
    check_unheard(elsewhere)
    assert account.seen(LOGIN) == 1  # not tried again


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_sign_in_over_https(
    sandbox: Sandbox, secure: tuple[Proxy, dict[str, Any]], elsewhere: socket.socket, scheme: str
) -> None:
    account, settings = secure
    account.on(LOGIN, redirect(307, f"{scheme}://127.0.0.1:{port(elsewhere)}/login"), ALWAYS)
    with pytest.raises(SignInError, match=REFUSED):
        opened(sandbox, account, **settings)
    check_unheard(elsewhere)


def test_a_weaker_scheme_at_the_same_host_and_port(
    sandbox: Sandbox, secure: tuple[Proxy, dict[str, Any]]
) -> None:
    account, settings = secure
    heard: list[bytes] = []
    account.on(LOGIN, redirect(307, account.url.replace("https", "http") + "/login"), ALWAYS)
    account.watch = lambda line, *_: heard.append(line.encode())
    with pytest.raises(SignInError, match=REFUSED):
        opened(sandbox, account, **settings)
    assert heard == []


@pytest.mark.parametrize("request_", [START, STATUS, RESULT])
def test_a_session(
    sandbox: Sandbox, account: Proxy, elsewhere: socket.socket, request_: str
) -> None:
    session = opened(sandbox, account)
    if request_ == STATUS:  # which is asked for only if the statement runs
        account.on(RESULT, in_progress)
    account.on(request_, redirect(307, f"http://127.0.0.1:{port(elsewhere)}/"), ALWAYS)
    with pytest.raises(SignInError, match=REFUSED):
        run(session, NUMBERS, threading.Event())
    check_unheard(elsewhere)
    account.clear()
    sign_out(session)


def test_a_renewed_session(sandbox: Sandbox, account: Proxy, elsewhere: socket.socket) -> None:
    """Neither the renewal of its tokens nor a new sign-in goes elsewhere."""
    session = opened(sandbox, account)
    account.on(RESULT, end_session)
    account.on(f"{LOGIN}|{RENEW}", redirect(307, f"http://127.0.0.1:{port(elsewhere)}/"), ALWAYS)
    with pytest.raises(TransferError):
        run(session, NUMBERS, threading.Event())
    check_unheard(elsewhere)
    account.clear()
    sign_out(session)


@pytest.mark.parametrize("whole", [False, True], ids=["a path", "a URL"])
def test_a_redirect_at_the_account_is_followed(
    sandbox: Sandbox, account: Proxy, whole: bool
) -> None:
    """As Snowflake was recorded to answer (libsnowflakeclient, tests/test_redirect)."""

    def again(exchange: Exchange) -> None:
        to = f"{account.url if whole else ''}{exchange.path}&again=1"
        exchange.answer(307, {"Location": to}, b"")

    account.on(START, again, 1)
    session = opened(sandbox, account)
    assert len(read_rows(run(session, NUMBERS, threading.Event()))) == ROWS
    assert account.seen("again=1") == 1
    sign_out(session)


def test_no_setting_leads_past_the_gate(
    sandbox: Sandbox, account: Proxy, elsewhere: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    account.on(LOGIN, redirect(307, f"http://127.0.0.1:{port(elsewhere)}/login"), ALWAYS)
    for settings in ({}, {"no_proxy": "*"}, {"NO_PROXY": "*"}, {"use_proxy_env": False}):
        with pytest.raises(SignInError, match=REFUSED):
            opened(sandbox, account, **settings)
    check_unheard(elsewhere)


@pytest.mark.parametrize("shown", ["", "Basic ####", "Basic cGFzczp4", "Bearer x"])
@pytest.mark.parametrize("tunnel", [True, False])
def test_the_gate_is_for_its_session_alone(
    sandbox: Sandbox, account: Proxy, elsewhere: socket.socket, shown: str, tunnel: bool
) -> None:
    """Any process of the machine can connect to it."""
    session = opened(sandbox, account)
    before = len(account.log)
    said = {"Proxy-Authorization": shown} if shown else {}
    for target in (account.url, f"http://127.0.0.1:{port(elsewhere)}"):
        method, path = ("CONNECT", target[len("http://") :]) if tunnel else ("POST", f"{target}/x")
        assert asked(method, path, said) == (407 if tunnel else 421)
    check_unheard(elsewhere)
    assert len(account.log) == before
    sign_out(session)


def test_a_pass_leads_to_its_account_alone(
    sandbox: Sandbox, account: Proxy, elsewhere: socket.socket
) -> None:
    session = opened(sandbox, account)
    user = session.gate.through({})["proxy"].partition("://")[2].partition("@")[0]
    said = {"Proxy-Authorization": f"Basic {base64.b64encode(user.encode()).decode()}"}
    for method, path in (
        ("CONNECT", f"127.0.0.1:{port(elsewhere)}"),
        ("CONNECT", account.url[len("http://") :]),  # the account speaks plain HTTP
        ("POST", f"http://127.0.0.1:{port(elsewhere)}/"),
        ("GET", f"http://localhost:{sandbox.snowflake['port']}/"),
    ):
        assert asked(method, path, said) == (403 if method == "CONNECT" else 421), path
    check_unheard(elsewhere)
    sign_out(session)


def asked(method: str, path: str, headers: dict[str, str]) -> int:
    (server,) = gate._running
    link = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=60)
    link.request(method, path, b"" if method == "CONNECT" else b"x", headers)
    status = link.getresponse().status
    link.close()
    return status


def pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class Beyond(Exchange):
    """A proxy of the user's own."""

    def _do(self) -> None:
        if self.command != "CONNECT":
            return super()._do()
        self.proxy.take(self.line(), dict(self.headers))
        host, _, told = self.path.rpartition(":")
        self.close_connection = True
        with socket.create_connection((host, int(told))) as far:
            self.send_response_only(200)
            self.end_headers()
            asking = threading.Thread(target=pump, args=(self.connection, far), daemon=True)
            asking.start()
            pump(far, self.connection)
            asking.join()
        return None


def test_the_proxy_of_the_connection_is_used_beyond(
    sandbox: Sandbox, secure: tuple[Proxy, dict[str, Any]], elsewhere: socket.socket
) -> None:
    account, settings = secure
    with Proxy(account.url, handler=Beyond) as beyond:
        own = {"proxy_host": "127.0.0.1", "proxy_port": int(beyond.url.rpartition(":")[2])}
        user = {"proxy_user": "u:ser", "proxy_password": "p@ss/word"}
        session = opened(sandbox, account, **settings, **own, **user)
        run(session, NUMBERS, threading.Event())
        sign_out(session)
        target = account.url.removeprefix("https://")
        assert set(beyond.log) == {f"CONNECT {target}"}
        told = {name.lower(): value for name, value in beyond.headers[0].items()}
        shown = told["proxy-authorization"].removeprefix("Basic ")
        assert base64.b64decode(shown) == b"u:ser:p@ss/word"
        account.on(LOGIN, redirect(307, f"https://127.0.0.1:{port(elsewhere)}/login"), ALWAYS)
        with pytest.raises(SignInError, match=REFUSED):
            opened(sandbox, account, **settings, **own, **user)
        assert set(beyond.log) == {f"CONNECT {target}"}
    check_unheard(elsewhere)
