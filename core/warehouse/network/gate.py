"""A loopback proxy between the connector and the network, which admits only the account.

The connector (5.2) follows redirects and repeats the body of a request, including the password of a
sign-in, to any host, and from HTTPS to plain HTTP, too; no connector parameter prevents that. So
each session makes its connector use this proxy. It opens tunnels only to the host and port that the
first request of a sign-in names: a redirect elsewhere is refused here, before any of its data
leaves the machine. TLS is end to end, between the connector and the account. The proxy of the
connection's settings, or of the environment, is used as the next hop.
"""

from __future__ import annotations

import base64
import binascii
import secrets
import socket
import struct
import threading
from collections.abc import Callable, Mapping
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
from core.warehouse.network.places import Place, find_others, parse_place
from core.warehouse.network.upstream import dial

if TYPE_CHECKING:
    from snowflake.connector.connection_config import ConnectionConfig

    from core.warehouse.network.http_pools import Web

# Bytes of one answer, as transmitted. The longest list of batches that fits into a gigabyte takes
# 75 MB before compression (`core.warehouse.results.batch_list`). Until a session is signed in,
# answers are those of identity services: some kilobytes, as is the handshake before them. The
# connector (5.2) sets no limit: it unpacks an answer, up to a thousandfold, and needs twice that
# size (measured).
LARGEST_ANSWER: Final = 128 * 1024 * 1024
LARGEST_SIGN_IN: Final = 128 * 1024
_LARGEST_REQUEST: Final = 64 * 1024 * 1024  # a statement's text is 1 MB at most
_PIECE: Final = 64 * 1024
_HEADER_SECONDS: Final = 30  # in which a client has to present its pass
_USER: Final = "pass"
PROXY_SETTINGS: Final = frozenset(
    {
        *("proxy", "proxy_host", "proxy_port", "proxy_user", "proxy_password", "proxy_scheme"),
        *("no_proxy", "use_proxy_env"),
    }
)
_HEAD_END: Final = b"\r\n\r\n"
_RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset


class Pass:
    """The permission of one session to use the gate, for its account only.

    Args:
        config: the connector's settings, as the user gave them.
        web: the HTTP connections of these settings.

    Attributes:
        peer: the last address of the account; None behind another proxy.
    """

    def __init__(self, config: ConnectionConfig, web: Web) -> None:
        if unknown := web.unknown_proxies:
            raise UsageError(
                f"Proxies of the kind {', '.join(sorted(unknown))!r} are not supported.",
                "Name an http:// or https:// proxy.",
            )
        self.web = web
        self.peer: str | None = None
        self._token = secrets.token_urlsafe(32)
        self._others = find_others(config)
        self._lists = str(config.crl_check_mode or "DISABLED").upper() != "DISABLED"
        self._account: Place | None = None
        self._storage: list[Place | None] = []
        self._any_storage = 0  # fetches of batches whose URLs are unknown
        self._lock = threading.Lock()
        # Certificate revocation lists are larger.
        self._largest = LARGEST_ANSWER if self._lists else LARGEST_SIGN_IN
        self._refusal: Meaning | None = None
        self._server = _server()
        self._server.passes[self._token] = self

    @property
    def account(self) -> Place | None:
        """The server of the account; None before the first request."""
        return self._account

    def through(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the connector's arguments with the gate as proxy."""
        own = {key: value for key, value in arguments.items() if key.lower() not in PROXY_SETTINGS}
        return {
            **own,
            "proxy": f"http://{_USER}:{self._token}@127.0.0.1:{self._server.server_address[1]}",
            "no_proxy": "",
        }

    def admits(self, place: Place, *, bare: bool = False) -> bool:
        """Whether the session may contact `place`; the first one it contacts is its account.

        Args:
            place: the server of a request.
            bare: whether the request has neither a body nor credentials, as one for a certificate
                revocation list.
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

    def allow_results(self) -> None:
        """Raise the size limit of answers to that of results."""
        self._largest = LARGEST_ANSWER

    def allows(self, size: int) -> bool:
        """Whether an answer may have `size` bytes."""
        if size > self._largest:
            self._refusal = TOO_LARGE
        return size <= self._largest

    def admit_storage(self, url: str | None) -> None:
        """Allow the connector to fetch a batch, until `forget_storage`.

        Args:
            url: its URL; None admits all storage services of AWS, Azure and Google.
        """
        with self._lock:
            if url is None:
                self._any_storage += 1
            else:
                self._storage.append(parse_place(url))

    def forget_storage(self, url: str | None) -> None:
        """Undo one `admit_storage`; other threads may have admitted the same server."""
        with self._lock:
            if url is None:
                self._any_storage -= 1
            else:
                self._storage.remove(parse_place(url))

    def refusal(self) -> TransferError | None:
        """Return the error for a tunnel or an answer refused since the last call, and clear it."""
        meaning, self._refusal = self._refusal, None
        return meaning.kind(meaning.sentence, meaning.hint) if meaning else None

    def note_peer(self, place: Place, link: socket.socket, direct: bool) -> None:
        """Record the address of the account."""
        if place == self._account:
            self.peer = str(link.getpeername()[0]) if direct else None


class _Server(ThreadingMixIn, TCPServer):
    """Listens until the process ends, so that no other process can take over its port."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Visit)
        self.strangers = Strangers(hang_up)
        self.passes: WeakValueDictionary[str, Pass] = WeakValueDictionary()
        threading.Thread(target=self.serve_forever, name="gate", daemon=True).start()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a new thread."""
        self.strangers.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection without a shutdown, which its handler has done."""
        self.strangers.discard(request)
        self.close_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore a broken connection: the connector reports it."""


_making = threading.Lock()
_running: list[_Server] = []


def _server() -> _Server:
    with _making:
        if not _running:
            _running.append(_Server())
        return _running[0]


class _Visit(BaseHTTPRequestHandler):
    """Handles one connection of the connector."""

    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = _HEADER_SECONDS

    def log_message(self, *args: object) -> None:
        """Log nothing."""

    def do_CONNECT(self) -> None:
        """Open a tunnel, if it leads to an admitted server."""
        self.close_connection = True
        place, known = parse_place(f"https://{self.path}"), self._pass()
        if known is None or place is None:
            return self._answer(HTTPStatus.PROXY_AUTHENTICATION_REQUIRED)
        if not known.admits(place):
            return self._answer(HTTPStatus.FORBIDDEN)
        try:
            far, direct = dial(known.web, place, tunnel=True)
        except OSError:
            return self._answer(HTTPStatus.BAD_GATEWAY)
        with far:
            known.note_peer(place, far, direct)
            self.send_response_only(HTTPStatus.OK)
            self.end_headers()
            _Tunnel(self.connection, far, known).run()
        return None

    def _forward(self) -> None:
        """Forward one plain HTTP request, if it goes to an admitted server."""
        self.close_connection = True
        place, known = parse_place(self.path), self._pass()
        body = self._body()
        if body is None:
            return self._answer(HTTPStatus.LENGTH_REQUIRED)
        bare = not body and "authorization" not in self.headers
        # The connector does not present its pass when it is redirected to another host.
        if known is None or place is None or not known.admits(place, bare=bare):
            return self._answer(HTTPStatus.MISDIRECTED_REQUEST)
        try:
            far, direct = dial(known.web, place, tunnel=False)
        except OSError:
            return self._answer(HTTPStatus.BAD_GATEWAY)
        with far:
            known.note_peer(place, far, direct)
            far.sendall(self._head(known.web, place, direct) + body)
            _Tunnel(self.connection, far, known).answer(_announce_close)
        return None

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _forward  # noqa: N815

    def _pass(self) -> Pass | None:
        kind, _, token = self.headers.get("Proxy-Authorization", "").partition(" ")
        if kind.lower() != "basic":
            return None
        try:
            user = base64.b64decode(token, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
        found: Pass | None = self.server.passes.get(user.removeprefix(f"{_USER}:"))
        if found is not None:
            self.server.strangers.discard(self.connection)
        return found

    def _body(self) -> bytes | None:
        """Read the request's body; return None if its length is unknown or too large."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdigit()):
            return None
        size = int(length) if len(length) < 12 else _LARGEST_REQUEST + 1
        body = self.rfile.read(size) if size <= _LARGEST_REQUEST else b""
        return body if len(body) == size else None

    def _head(self, web: Web, place: Place, direct: bool) -> bytes:
        """Build the request's head for the next hop."""
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


def _announce_close(answer: bytes) -> bytes:
    """Say in the head of an answer that the connection closes behind it, as it does.

    The head is the account's, which need not say so for its own connection. A client that did not
    know would send its next request into a connection that is about to close (RFC 9110, 7.6.1).
    """
    head, end, body = answer.partition(_HEAD_END)
    status, *fields = head.split(b"\r\n")
    kept = [
        each for each in fields if not each.lower().startswith((b"connection:", b"keep-alive:"))
    ]
    return b"\r\n".join([status, *kept, b"Connection: close"]) + end + body


class _Tunnel:
    """Two connections; the bytes received from each are forwarded to the other.

    Args:
        near: the connector's.
        far: the account's.
        known: the pass, which limits the size of answers.
    """

    def __init__(self, near: socket.socket, far: socket.socket, known: Pass) -> None:
        self._near, self._far, self._known = near, far, known
        self._answered = 0  # bytes since the last request
        for link in (near, far):
            link.settimeout(None)

    def run(self) -> None:
        """Forward bytes in both directions until both connections are closed."""
        asking = threading.Thread(target=self._ask, name="gate-ask", daemon=True)
        asking.start()
        self.answer()
        asking.join()

    def answer(self, change_head: Callable[[bytes], bytes] | None = None) -> None:
        """Forward the account's answers until it closes the connection.

        Args:
            change_head: changes the head of the first answer; it gets all of it, and may get more.
        """
        start = b""
        try:
            while data := self._far.recv(_PIECE):
                self._answered += len(data)
                if not self._known.allows(self._answered):
                    raise ConnectionResetError
                if change_head is not None:
                    start += data
                    if _HEAD_END not in start and len(start) < _PIECE:
                        continue
                    data, change_head, start = change_head(start), None, b""
                self._near.sendall(data)
            self._near.sendall(start)  # an answer that ended within its head
            self._near.shutdown(socket.SHUT_WR)
        except OSError:
            self._break()

    def _ask(self) -> None:
        try:
            while data := self._near.recv(_PIECE):
                self._answered = 0
                self._far.sendall(data)
            self._far.shutdown(socket.SHUT_RDWR)  # the connector no longer waits for an answer
        except OSError:
            self._break()

    def _break(self) -> None:
        """Reset both connections, as one of them was, when they are closed."""
        for link in (self._near, self._far):
            with suppress(OSError):
                link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            with suppress(OSError):
                link.shutdown(socket.SHUT_RD)  # wakes a blocked reader
