"""A way to a server that takes as long as one across a continent: a proxy that delays."""

from __future__ import annotations

import re
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tests.support.services.buckets import Exchange, Proxy

ROUND_TRIP = 0.1  # seconds
CONNECTION, TLS, CONTINUE = "connection", "TLS", "100-continue"
# What a request asks for, by the first pattern that its `METHOD path` holds.
_KINDS = (
    ("sign-in", "login-request"),
    ("statement", "query-request"),
    ("status", "/monitoring/queries"),
    ("result", "/queries/[^/]+/result"),
    ("batch", "/chunks/"),
    ("abort", "abort-request"),
    ("heartbeat", "heartbeat"),
    ("sign-out", "^POST /session"),
    ("telemetry", "telemetry"),
)


@dataclass(frozen=True)
class Trip:
    """One round trip.

    Attributes:
        kind: what it was for.
        began: when it set out, in seconds.
        ended: when it could be back, if the server needed no time.
    """

    kind: str
    began: float
    ended: float


class Distance(Proxy):
    """A proxy that keeps connections open, and makes every request wait one round trip.

    With TLS, a new connection waits two more: its own, and that of a handshake of version 1.3.
    Without TLS it waits for none: Snowflake does not speak plain HTTP, and only then has the
    connector a new connection for every request.

    Args:
        upstream: the server's URL.
        tls: the context of the proxy's own certificate, for a client that speaks TLS.
        seconds: of a round trip.

    Attributes:
        trips: all so far.
        connections: how many have been opened.
    """

    def __init__(
        self, upstream: str, tls: ssl.SSLContext | None = None, seconds: float = ROUND_TRIP
    ) -> None:
        super().__init__(upstream, tls, _Far)
        self.trips: list[Trip] = []
        self.connections = 0
        self.seconds = seconds
        self._adding = threading.Lock()

    def travel(self, kind: str) -> None:
        """Wait one round trip, and note it."""
        began = time.perf_counter()
        time.sleep(self.seconds)
        with self._adding:
            self.trips.append(Trip(kind, began, time.perf_counter()))


class _Far(Exchange):
    """One connection, and the requests on it."""

    def handle(self) -> None:
        """Handle the requests, after the round trips of the connection itself."""
        distance = self._distance
        distance.connections += 1
        if distance.url.startswith("https"):
            distance.travel(CONNECTION)
            distance.travel(TLS)
        super().handle()

    def handle_expect_100(self) -> bool:
        """Let the client send its body, one round trip later."""
        self._distance.travel(CONTINUE)
        return super().handle_expect_100()

    def _do(self) -> None:
        self.__dict__.pop("body", None)  # that of the request before
        self._distance.travel(_find_kind(self.line()))
        self.pass_on()

    def begin(self, status: int, headers: dict[str, str], length: int) -> None:
        """Answer but for the body; the connection stays open."""
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        told = headers.get("Content-Length") if self.command == "HEAD" else None
        self.send_header("Content-Length", told or str(length))
        self.end_headers()

    def answer(self, status: int, headers: dict[str, str], data: bytes) -> None:
        """Answer; the URLs of batches lead through the proxy by the scheme that it speaks."""
        own = self._distance.url
        plain = own.replace("https:", "http:")
        super().answer(status, headers, data.replace(plain.encode(), own.encode()))

    @property
    def _distance(self) -> Distance:
        proxy = self.proxy
        assert isinstance(proxy, Distance)
        return proxy


def _find_kind(line: str) -> str:
    for kind, pattern in _KINDS:
        if re.search(pattern, line):
            return kind
    return line.partition(" ")[0]  # of S3: the method says enough


def requests(trips: Iterable[Trip]) -> Counter[str]:
    """How many requests there were of each kind, in the order of their first."""
    return Counter(trip.kind for trip in trips if trip.kind not in (CONNECTION, TLS, CONTINUE))


def in_a_row(trips: Iterable[Trip]) -> int:
    """The most round trips of which none began before the end of another.

    No matter how fast the machine is, the whole takes that many round trips.
    """
    count, free = 0, float("-inf")
    for trip in sorted(trips, key=lambda trip: trip.ended):
        if trip.began >= free:
            count, free = count + 1, trip.ended
    return count
