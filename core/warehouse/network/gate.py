"""A proxy on loopback between the connector and the network, which admits the account alone.

The connector (5.2) follows redirects and sends the body of a request again, the password of a
sign-in included, to whatever host they name, and from HTTPS to plain HTTP too; no parameter of its
own ends that. So each session has its connector use this proxy. A tunnel is opened to the host and
port that the first request of a sign-in names, and to no other: a redirect elsewhere ends here,
before a byte of it leaves the machine. TLS is the connector's own, from end to end. The proxy of
the connection's settings, or of the environment, is used beyond this one.
"""

from __future__ import annotations

import base64
import binascii
import secrets
import socket
import struct
import threading
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

from core.errors import TransferError, UsageError
from core.runtime.strangers import Strangers, hang_up
from core.warehouse.error_codes import REDIRECTED, TOO_LARGE, Meaning
from core.warehouse.network.addresses import is_storage
from core.warehouse.network.places import Place, others, place_of
from core.warehouse.network.upstream import dial

if TYPE_CHECKING:
    from snowflake.connector.connection_config import ConnectionConfig

    from core.warehouse.network.http_pools import Web

# Bytes of one answer, as it travels. The longest list of batches that fits into a gigabyte takes
# 75 MB before compression (`core.warehouse.batch_list`). Until a session is signed in, answers are
# those of identity services: some kilobytes, and so is the handshake before them. The connector
# (5.2) takes what it gets, unpacked a thousandfold, and needs twice that (measured).
LARGEST_ANSWER: Final = 128 * 1024 * 1024
LARGEST_SIGN_IN: Final = 128 * 1024
_LARGEST_REQUEST: Final = 64 * 1024 * 1024  # a statement's text is 1 MB at most
_PIECE: Final = 64 * 1024
_HEADER_SECONDS: Final = 30  # until a client has shown its pass
_USER: Final = "pass"
PROXY_SETTINGS: Final = frozenset(
    {
        *("proxy", "proxy_host", "proxy_port", "proxy_user", "proxy_password", "proxy_scheme"),
        *("no_proxy", "use_proxy_env"),
    }
)
_RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset


class Pass:
    """What lets one session through the gate, and only to its account.

    Args:
        config: the connector's settings, as the user gave them.
        web: how these have us go to the web.

    Attributes:
        peer: the address that the account was last reached at; None behind another proxy.
    """

    def __init__(self, config: ConnectionConfig, web: Web) -> None:
        if unknown := web.unknown_proxies:
            raise UsageError(
                f"Proxies of the kind {', '.join(sorted(unknown))!r} cannot be used.",
                "Name an http:// or https:// proxy.",
            )
        self.web = web
        self.peer: str | None = None
        self._token = secrets.token_urlsafe(32)
        self._others = others(config)
        self._lists = str(config.crl_check_mode or "DISABLED").upper() != "DISABLED"
        self._account: Place | None = None
        self._storage: list[Place | None] = []
        self._any_storage = 0  # fetches of batches whose places are not known
        self._lock = threading.Lock()
        # Lists of revoked certificates are larger.
        self._largest = LARGEST_ANSWER if self._lists else LARGEST_SIGN_IN
        self._refusal: Meaning | None = None
        self._server = _server()
        self._server.passes[self._token] = self

    @property
    def account(self) -> Place | None:
        """Where the account is; None until it was asked."""
        return self._account

    def through(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The connector's arguments, by way of the gate."""
        own = {key: value for key, value in arguments.items() if key.lower() not in PROXY_SETTINGS}
        return {
            **own,
            "proxy": f"http://{_USER}:{self._token}@127.0.0.1:{self._server.server_address[1]}",
            "no_proxy": "",
        }

    def admits(self, place: Place, *, bare: bool = False) -> bool:
        """Whether the session may speak to `place`; the first one it names is its account.

        Args:
            place: where a request goes.
            bare: it carries neither a body nor who sends it, as one for a list of revoked
                certificates does.
        """
        with self._lock:
            if place in self._others or place in self._storage or (bare and self._lists):
                return True
            if self._any_storage and place.scheme == "https" and is_storage(place.host):
                return True
            if self._account is None:
                self._account = place
            if place == self._account:
                return True
        self._refusal = REDIRECTED
        return False

    def signed_in(self) -> None:
        """Let answers be as large as results are."""
        self._largest = LARGEST_ANSWER

    def allows(self, size: int) -> bool:
        """Whether an answer may have so many bytes."""
        if size > self._largest:
            self._refusal = TOO_LARGE
        return size <= self._largest

    def admit_storage(self, url: str | None) -> None:
        """Let the connector fetch a batch itself, until `forget_storage`.

        Args:
            url: where it is; None admits every storage service of AWS, Azure and Google.
        """
        with self._lock:
            if url is None:
                self._any_storage += 1
            else:
                self._storage.append(place_of(url))

    def forget_storage(self, url: str | None) -> None:
        """Undo an `admit_storage`; other threads may have asked for the same place."""
        with self._lock:
            if url is None:
                self._any_storage -= 1
            else:
                self._storage.remove(place_of(url))

    def refusal(self) -> TransferError | None:
        """The error for what was refused since the last call, a tunnel or an answer."""
        meaning, self._refusal = self._refusal, None
        return meaning.kind(meaning.sentence, meaning.hint) if meaning else None

    def reached(self, place: Place, link: socket.socket, direct: bool) -> None:
        """Note where the account is."""
        if place == self._account:
            self.peer = str(link.getpeername()[0]) if direct else None


class _Server(ThreadingMixIn, TCPServer):
    """Listens as long as the process lives: nobody else can take its port then."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Visit)
        self.strangers = Strangers(hang_up)
        self.passes: WeakValueDictionary[str, Pass] = WeakValueDictionary()
        threading.Thread(target=self.serve_forever, name="gate", daemon=True).start()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own."""
        self.strangers.came(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection; whoever handled it has said how it ends."""
        self.strangers.known(request)
        self.close_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that breaks is the connector's to report."""


_making = threading.Lock()
_running: list[_Server] = []


def _server() -> _Server:
    with _making:
        if not _running:
            _running.append(_Server())
        return _running[0]


class _Visit(BaseHTTPRequestHandler):
    """One connection of the connector."""

    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = _HEADER_SECONDS

    def log_message(self, *args: object) -> None:
        """Stay quiet."""

    def do_CONNECT(self) -> None:
        """Open a tunnel, if its end is the account."""
        self.close_connection = True
        place, known = place_of(f"https://{self.path}"), self._pass()
        if known is None or place is None:
            return self._answer(HTTPStatus.PROXY_AUTHENTICATION_REQUIRED)
        if not known.admits(place):
            return self._answer(HTTPStatus.FORBIDDEN)
        try:
            far, direct = dial(known.web, place, tunnel=True)
        except OSError:
            return self._answer(HTTPStatus.BAD_GATEWAY)
        with far:
            known.reached(place, far, direct)
            self.send_response_only(HTTPStatus.OK)
            self.end_headers()
            _Tunnel(self.connection, far, known).run()
        return None

    def _forward(self) -> None:
        """Pass on one request of plain HTTP, if it goes to the account."""
        self.close_connection = True
        place, known = place_of(self.path), self._pass()
        body = self._body()
        if body is None:
            return self._answer(HTTPStatus.LENGTH_REQUIRED)
        bare = not body and "authorization" not in self.headers
        # The connector does not show its pass again where it is redirected to another host.
        if known is None or place is None or not known.admits(place, bare=bare):
            return self._answer(HTTPStatus.MISDIRECTED_REQUEST)
        try:
            far, direct = dial(known.web, place, tunnel=False)
        except OSError:
            return self._answer(HTTPStatus.BAD_GATEWAY)
        with far:
            known.reached(place, far, direct)
            far.sendall(self._head(known.web, place, direct) + body)
            _Tunnel(self.connection, far, known).answer()
        return None

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _forward  # noqa: N815

    def _pass(self) -> Pass | None:
        kind, _, told = self.headers.get("Proxy-Authorization", "").partition(" ")
        if kind.lower() != "basic":
            return None
        try:
            user = base64.b64decode(told, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
        found: Pass | None = self.server.passes.get(user.removeprefix(f"{_USER}:"))
        if found is not None:
            self.server.strangers.known(self.connection)
        return found

    def _body(self) -> bytes | None:
        """The request's body; None where it has none that can be read."""
        told = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not (told.isascii() and told.isdigit()):
            return None
        size = int(told) if len(told) < 12 else _LARGEST_REQUEST + 1
        body = self.rfile.read(size) if size <= _LARGEST_REQUEST else b""
        return body if len(body) == size else None

    def _head(self, web: Web, place: Place, direct: bool) -> bytes:
        """The request's head, as the next hop needs it."""
        path = self.path.partition("://")[2].partition("/")[2]
        lines = [f"{self.command} {f'/{path}' if direct else self.path} HTTP/1.1"]
        lines += [
            f"{name}: {value}"
            for name, value in self.headers.items()
            if not name.lower().startswith("proxy-") and name.lower() != "connection"
        ]
        if not direct and (user := web.proxy_user(place.url)):
            lines.append(f"Proxy-Authorization: {user}")
        return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")

    def _answer(self, status: HTTPStatus) -> None:
        self.send_response_only(status)
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()


class _Tunnel:
    """Two connections, of which each gets what comes from the other.

    Args:
        near: the connector's.
        far: the account's.
        known: says how much may come.
    """

    def __init__(self, near: socket.socket, far: socket.socket, known: Pass) -> None:
        self._near, self._far, self._known = near, far, known
        self._answered = 0  # bytes since the last question
        for link in (near, far):
            link.settimeout(None)

    def run(self) -> None:
        """Pass on bytes both ways until both are closed."""
        asking = threading.Thread(target=self._ask, name="gate-ask", daemon=True)
        asking.start()
        self.answer()
        asking.join()

    def answer(self) -> None:
        """Pass on what the account answers, to its end."""
        try:
            while data := self._far.recv(_PIECE):
                self._answered += len(data)
                if not self._known.allows(self._answered):
                    raise ConnectionResetError
                self._near.sendall(data)
            self._near.shutdown(socket.SHUT_WR)
        except OSError:
            self._break()

    def _ask(self) -> None:
        try:
            while data := self._near.recv(_PIECE):
                self._answered = 0
                self._far.sendall(data)
            self._far.shutdown(socket.SHUT_RDWR)  # nobody waits for an answer any more
        except OSError:
            self._break()

    def _break(self) -> None:
        """End both as one of them has ended: by a reset, once they are closed."""
        for link in (self._near, self._far):
            with suppress(OSError):
                link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            with suppress(OSError):
                link.shutdown(socket.SHUT_RD)  # wakes whoever reads
