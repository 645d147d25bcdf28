"""An object read back: whole, the very one, and only where that is allowed."""

from __future__ import annotations

import base64
import zlib
from pathlib import Path
from typing import Any

import pytest

from core.bucket import Bucket, Destination
from core.bucket.fetch import Fetched, fetch
from core.errors import (
    CancelledError,
    DestinationError,
    IntegrityError,
    LocalResourceError,
    TemporaryError,
)
from tests.bucket.cancels import When
from tests.support.services.buckets import Exchange, Inbox, reply, reset

KEY = "in/months.csv"
DATA = bytes(range(256)) * 16 * 1024  # 4 MB: several reads
CRC32 = base64.b64encode(zlib.crc32(DATA).to_bytes(4, "big")).decode()


@pytest.fixture
def etag(inbox: Inbox) -> str:
    """The ETag of a delivered object."""
    answer = inbox.client.put_object(Bucket=inbox.name, Key=KEY, Body=DATA)
    return str(answer["ETag"]).strip('"')


def read(inbox: Inbox, path: Path, *, options: Any = None, **more: Any) -> Fetched | None:
    client_options = options or inbox.options
    with Bucket(Destination(inbox.name), client_options=client_options) as bucket:
        return fetch(bucket, KEY, path / "copy", **more)


def cut(exchange: Exchange) -> None:
    """Break the connection in the middle of the answer's body."""
    status, headers, data = exchange.forward()
    exchange.send_response_only(status)
    for name, value in headers.items():
        if name.lower() not in ("connection", "transfer-encoding", "content-length"):
            exchange.send_header(name, value)
    exchange.send_header("Content-Length", str(len(data)))
    exchange.end_headers()
    exchange.wfile.write(data[: len(data) // 2])
    exchange.wfile.flush()
    exchange.close_connection = True
    exchange.connection.shutdown(1)


def test_reads_the_very_object(inbox: Inbox, etag: str, tmp_path: Path) -> None:
    sizes: list[int] = []
    progress: list[int] = []
    found = read(inbox, tmp_path, etag=etag, before=sizes.append, on_progress=progress.append)
    assert found == Fetched(len(DATA), etag, CRC32)
    assert (tmp_path / "copy").read_bytes() == DATA
    assert sizes == [len(DATA)]
    assert progress == sorted(progress)
    assert progress[-1] == len(DATA)
    assert len(progress) > 2


def test_goes_on_where_the_connection_broke(inbox: Inbox, etag: str, tmp_path: Path) -> None:
    inbox.proxy.on("^GET", cut, 3)
    assert read(inbox, tmp_path, etag=etag) == Fetched(len(DATA), etag, CRC32)
    ranges = [h["Range"] for h in inbox.proxy.headers if "Range" in h]
    assert len(ranges) == 3
    assert ranges[0] > "bytes=0-"
    assert all(h["If-Match"] == f'"{etag}"' for h in inbox.proxy.headers)


def test_gives_up_where_nothing_comes(inbox: Inbox, etag: str, tmp_path: Path) -> None:
    inbox.proxy.on("^GET", reset, 99)
    with pytest.raises(TemporaryError):
        read(inbox, tmp_path, etag=etag)


def test_tells_that_it_may_not_read(inbox: Inbox, etag: str, tmp_path: Path) -> None:
    assert read(inbox, tmp_path, etag=etag, options=inbox.user("s3:PutObject")) is None
    inbox.proxy.on("^GET", reply(403, "AccessDenied"))
    assert read(inbox, tmp_path, etag=etag) is None


def test_another_object_is_not_taken_for_it(inbox: Inbox, etag: str, tmp_path: Path) -> None:
    inbox.client.put_object(Bucket=inbox.name, Key=KEY, Body=DATA[1:])
    with pytest.raises(IntegrityError, match=r"in/months.csv is gone, or was replaced"):
        read(inbox, tmp_path, etag=etag)
    inbox.client.delete_object(Bucket=inbox.name, Key=KEY)
    with pytest.raises(IntegrityError, match=r"is gone"):
        read(inbox, tmp_path, etag=etag)


def test_other_failures_are_told_as_ever(inbox: Inbox, etag: str, tmp_path: Path) -> None:
    inbox.proxy.on("^GET", reply(400, "ExpiredToken"))
    with pytest.raises(DestinationError, match="ExpiredToken"):
        read(inbox, tmp_path, etag=etag)
    with pytest.raises(LocalResourceError, match="cannot be written"):
        read(inbox, tmp_path / "missing", etag=etag)


def test_stops_when_asked(inbox: Inbox, etag: str, tmp_path: Path) -> None:
    seen: list[int] = []
    with pytest.raises(CancelledError):
        read(inbox, tmp_path, etag=etag, on_progress=seen.append, cancel=When(lambda: seen))
    assert len(seen) < 4


def test_what_before_raises_ends_it(inbox: Inbox, etag: str, tmp_path: Path) -> None:
    def refuse(size: int) -> None:
        raise LookupError(size)

    with pytest.raises(LookupError):
        read(inbox, tmp_path, etag=etag, before=refuse)
    assert (tmp_path / "copy").read_bytes() == b""
