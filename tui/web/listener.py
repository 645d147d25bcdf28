"""Accepts connections, within limits that no client can exceed.

Any user of this machine can connect to loopback, without the token. So the number of connections
is limited; at the limit, the oldest connection that serves no tab is closed for a new one, so that
idle connections cannot block a browser. Each has a few seconds to send a whole request.

asyncio's server is not used: if there are no descriptors left (EMFILE), its accept loop reports the
error 128 times for each attempt, and schedules as many further attempts.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from aiohttp import web

from tui.web.causes import Causes

MOST_CONNECTIONS: Final = 128  # a browser opens 6 at a time to one host, and one for each tab
BACKLOG: Final = 1_024  # connections that the kernel queues until they are accepted
_SAFE_SECONDS: Final = 0.2  # a younger connection is not closed: its request may be arriving
_RETRY_SECONDS: Final = 0.1
_REQUEST_SECONDS: Final = 10  # to send a whole request, from the start or from the last answer
_DRAIN_SECONDS: Final = 1  # to discard a body that is not read, so that the answer is received
_DESCRIPTORS_EACH: Final = 2  # of a connection: its socket, and the file to send
_DESCRIPTORS_OTHER: Final = 64  # the interpreter has 20, and each of 6 tabs 3 pipes
_LIMITS: Final = {  # 128 connections with the largest of headers take 50 MB
    "keepalive_timeout": _REQUEST_SECONDS,
    "lingering_time": _DRAIN_SECONDS,
    "max_line_size": 4_096,
    "max_field_size": 8_190,
    "max_headers": 48,
}


class Listener:
    """The connections of one server.

    Args:
        listening: a bound, non-blocking socket.
        most: the limit of connections at a time.
        causes: prints why connections are closed.
        headers: the headers of answers to invalid requests.
    """

    def __init__(
        self, listening: socket.socket, most: int, causes: Causes, headers: dict[str, str]
    ) -> None:
        self._listening = listening
        self._most = most
        self._headers = headers
        self._idle: dict[asyncio.BaseTransport, float] = {}  # oldest first, with its time
        self._held: set[asyncio.BaseTransport] = set()
        self.causes = causes

    async def run(self, server: web.Server) -> None:
        """Accept connections, which `server` answers, until cancelled."""
        loop = asyncio.get_running_loop()

        def protocol() -> _Connection:
            return _Connection(self, server, self._headers, loop)

        while True:
            try:
                connection, _ = await loop.sock_accept(self._listening)
            except ConnectionAbortedError:
                continue
            except OSError as error:
                self.causes.note(f"A connection could not be accepted: {error.strerror}.")
                self._close_oldest()
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            try:
                await self._make_room()
                await loop.connect_accepted_socket(protocol, connection)
            except OSError:  # the client has closed it already
                connection.close()
            except asyncio.CancelledError:
                connection.close()
                raise

    @contextmanager
    def hold(self, transport: asyncio.BaseTransport | None) -> Iterator[None]:
        """Return a context in which the limit does not close a connection."""
        if transport is None or self._idle.pop(transport, None) is None:
            yield  # it is closed already
            return
        self._held.add(transport)
        try:
            yield
        finally:
            if transport in self._held:  # not closed meanwhile
                self._held.discard(transport)
                self.add(transport)

    def add(self, transport: asyncio.BaseTransport) -> None:
        """Count a new connection."""
        self._idle[transport] = asyncio.get_running_loop().time()

    def remove(self, transport: asyncio.BaseTransport) -> None:
        """Stop counting a closed connection."""
        self._idle.pop(transport, None)
        self._held.discard(transport)

    def close_idle(self) -> None:
        """Close the connections that serve no tab."""
        while self._close_oldest():
            pass

    async def _make_room(self) -> None:
        """Wait until a connection can be added, or close the oldest one for it."""
        while len(self._idle) + len(self._held) >= self._most:
            now = asyncio.get_running_loop().time()
            age = now - next(iter(self._idle.values()), now)
            if age < _SAFE_SECONDS:
                await asyncio.sleep(_SAFE_SECONDS - age)
                continue
            self.causes.note(
                f"More than {self._most} connections: those idle for longest are closed."
            )
            self._close_oldest()

    def _close_oldest(self) -> bool:
        oldest = next(iter(self._idle), None)
        if oldest is None:
            return False
        del self._idle[oldest]
        if isinstance(oldest, asyncio.Transport):
            oldest.abort()
        return True


class _Connection(web.RequestHandler):
    """aiohttp's protocol, which reports each failure on one line."""

    def __init__(
        self,
        listener: Listener,
        server: web.Server,
        headers: dict[str, str],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(server, loop=loop, access_log=None, **_LIMITS)  # type: ignore[arg-type]
        self._listener = listener
        self._headers = headers
        self._counted: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Add the connection to the listener's."""
        self._counted = transport
        self._listener.add(transport)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stop counting the connection."""
        if self._counted is not None:
            self._listener.remove(self._counted)
        super().connection_lost(exc)

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Report a failure by the class of its error."""
        error = kw.get("exc_info")
        self._listener.causes.note(f"A request failed in the server: {type(error).__name__}.")

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer an error without any text of the request."""
        if status < 500:
            self._listener.causes.note(f"An invalid HTTP request was answered with {status}.")
        else:
            self.log_exception(exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer is under way")
        text = "This request cannot be answered.\n"
        answer = web.Response(status=status, text=text, headers=self._headers)
        answer.force_close()
        return answer


def raise_connection_limit() -> int:
    """Raise this process's limit on descriptors to the number needed, as far as allowed.

    Returns:
        The number of connections that the limit allows, at most `MOST_CONNECTIONS`.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return MOST_CONNECTIONS
    needed = MOST_CONNECTIONS * _DESCRIPTORS_EACH + _DESCRIPTORS_OTHER
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        highest = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (highest, hard))
            soft = highest
    if soft == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    room = (soft - _DESCRIPTORS_OTHER) // _DESCRIPTORS_EACH
    return max(8, min(MOST_CONNECTIONS, room))
