"""Connections that say nothing: their number is bounded, and whoever may work goes on working."""

from __future__ import annotations

import os
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import psutil
import pytest

from core.runtime.strangers import MOST, SAFE_SECONDS, Strangers
from core.sandbox.warehouse.protocol import connections
from core.warehouse.connect import connect, sign_out
from core.warehouse.network import gate
from core.warehouse.results.read_result import read_rows
from core.warehouse.statement import run
from tests.support.deliveries import transfer
from tests.support.services.warehouse_proxy import NUMBERS

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

MANY = 200
SECONDS = 60


@contextmanager
def idle(port: int, text: bytes = b"") -> Iterator[list[socket.socket]]:
    """Many connections of a client that says no more than `text`."""
    links = [socket.create_connection(("127.0.0.1", port), SECONDS) for _ in range(MANY)]
    try:
        for link in links:
            with_reset(link.sendall, text)
        yield links
    finally:
        for link in links:
            link.close()


def with_reset(call: Callable[[bytes], object], text: bytes) -> None:
    try:
        call(text)
    except OSError:
        """The other side has closed it, as it should."""


def is_closed(link: socket.socket) -> bool:
    """Read what has arrived: an answer to what was said, or the end of the connection."""
    try:
        return link.recv(65536) == b""
    except OSError:
        return True


def check_closed(links: list[socket.socket], most: int) -> None:
    """Wait until no more than `most` are open at the other side; the oldest were closed."""
    left, deadline = set(links), time.monotonic() + SECONDS
    with selectors.DefaultSelector() as selector:
        for link in links:
            selector.register(link, selectors.EVENT_READ)
        while len(left) > most:
            assert time.monotonic() < deadline, f"{len(left)} connections are open"
            for key, _ in selector.select(1):
                link: socket.socket = key.fileobj  # type: ignore[assignment]
                if is_closed(link):
                    selector.unregister(link)
                    left.remove(link)
    assert left <= set(links[-most:])


def server(port: int) -> psutil.Process:
    """The process that listens on a port."""
    children = psutil.Process(os.getpid()).children(recursive=True)
    (found,) = [
        child
        for child in children
        if any(c.status == "LISTEN" and c.laddr.port == port for c in child.net_connections())
    ]
    return found


# An attacker may also begin a request, and not end it.
BEGUN = [b"", b"POST /", b"PUT /partner-inbox/k HTTP/1.1\r\nContent-Length: 99\r\nHost: x\r\n"]


@pytest.mark.parametrize("text", BEGUN)
def test_the_bucket(sandbox: Sandbox, text: bytes) -> None:
    port = int(sandbox.s3["endpoint_url"].rpartition(":")[2])
    arguments: dict[str, Any] = {**sandbox.s3}
    bucket = arguments.pop("bucket")
    client: Any = boto3.client("s3", **arguments)
    client.list_objects_v2(Bucket=bucket)  # opens a connection, which stays
    before = server(port).num_threads()
    with idle(port, text) as links:
        check_closed(links, MOST)
        client.put_object(Bucket=bucket, Key="idle", Body=b"x")
        assert client.get_object(Bucket=bucket, Key="idle")["Body"].read() == b"x"
        assert server(port).num_threads() <= before + MOST + 4
        assert transfer(sandbox, "LOCATIONS_595")["row_count"] > 0


@pytest.mark.parametrize("text", [*BEGUN, b"POST /session HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_the_warehouse(sandbox: Sandbox, text: bytes) -> None:
    port = int(sandbox.snowflake["port"])
    session = connect(sandbox.snowflake, query_tag="t")
    with idle(port, text) as links:
        check_closed(links, connections.MOST)
        assert len(read_rows(run(session, NUMBERS, threading.Event()))) > 0
        assert transfer(sandbox, "LOCATIONS_595")["row_count"] > 0
    sign_out(session)


@pytest.mark.parametrize("text", [b"", b"CONNECT x:1 HTTP/1.1\r\n"])
def test_the_gate(sandbox: Sandbox, text: bytes) -> None:
    """It is a port of whoever transfers, so a thread of it is one of their process."""
    session = connect(sandbox.snowflake, query_tag="t")
    (listening,) = gate._running
    before = threading.active_count()
    with idle(listening.server_address[1], text) as links:
        check_closed(links, MOST)
        assert threading.active_count() <= before + MOST + 4
        assert len(read_rows(run(session, NUMBERS, threading.Event()))) > 0
        assert transfer(sandbox, "LOCATIONS_595")["row_count"] > 0
    sign_out(session)


def test_who_is_young_or_known_stays() -> None:
    ended: list[int] = []
    strangers = Strangers[int](ended.append, most=2)
    began = time.monotonic()
    strangers.add(1)
    strangers.discard(1)
    for link in (2, 3, 4):
        strangers.add(link)
    assert ended == [2]
    assert time.monotonic() - began >= SAFE_SECONDS
    strangers.add(5, wait=False)
    assert ended == [2, 3]
