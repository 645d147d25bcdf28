"""One batch of a result: fetched with one request, decoded as the connector does.

The connector's own download repeats a request six times, unheard, for up to a minute, and no
parameter changes that (5.2: its core takes a default policy there, whatever the connection's). So
the request is ours; the rows are what the connector makes of the bytes. It still fetches what comes
in JSON, and where it has to look into lists of revoked certificates. Whoever has fetched it, a
stream is looked at before the connector decodes it, which believes what it is given.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from http import HTTPStatus
from itertools import chain
from mmap import mmap
from typing import TYPE_CHECKING

import pyarrow as pa
from urllib3.exceptions import HTTPError, NewConnectionError, ProxyError, SSLError
from urllib3.exceptions import TimeoutError as SlowError

from core.errors import TemporaryError
from core.runtime.cancel import Cancel, check
from core.warehouse.arrow_streams import BrokenStreamError, open_stream, read
from core.warehouse.batch_list import BatchList
from core.warehouse.connector_internals import convert
from core.warehouse.error_codes import AGAIN
from core.warehouse.own_session import storage_admitted, web_of

if TYPE_CHECKING:
    import urllib3
    from snowflake.connector import SnowflakeConnection
    from snowflake.connector.result_batch import ResultBatch

_PIECE_BYTES = 256 * 1024
_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 31  # zlib's `wbits` for gzip, with its checksum
# How much larger than promised a batch may be: nothing says how Snowflake counts.
_MOST_TIMES, _SPARE_BYTES = 4, 16 * 1024 * 1024
_LARGEST_START = 256 * 1024 * 1024
_REASONS = (
    (NewConnectionError, "no connection"),
    (SlowError, "no answer in time"),
    (SSLError, "no secure connection"),
    (ProxyError, "the proxy refused"),
    (ValueError, "its address makes no sense"),
)
_MISTYPED = "its columns are not of the types they are said to be"


class Fetch:
    """Fetches batches with a connection's settings; for several threads at once.

    Args:
        connection: the session of the result.
        patience: seconds in which a connection must be there, and the next bytes must come.
        cancel: gives up a download that is under way.
    """

    def __init__(self, connection: SnowflakeConnection, patience: float, cancel: Cancel) -> None:
        self._connection = connection
        self._patience = patience
        self._cancel = cancel
        self._web = web_of(connection)

    def table(self, batches: BatchList, index: int) -> pa.Table:
        """Fetch and decode a batch, in one try.

        Raises:
            TemporaryError: it could not be fetched, or came broken.
            Exception: the connector's, of what it fetches or cannot decode.
        """
        if (batch := batches.public(index)) is not None:
            return self._by_the_connector(batch)
        url = batches.urls[index]
        if (rows := batches.inline(index)) is not None:
            return self._decoded(partial(open_stream, rows), len(rows))
        if url and batches.is_arrow and self._web.able:
            data = self._get(url, batches.headers, batches.sizes[index])
            return self._decoded(partial(open_stream, data), data.size)
        # An Arrow stream, whatever it was; the connector's `to_arrow` would decode it unseen.
        with storage_admitted(self._connection, url):
            stream = batches.open(index)
        return self._decoded(lambda: stream, None)

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._web.close()

    def _by_the_connector(self, batch: ResultBatch) -> pa.Table:
        """Have the connector fetch and decode a batch, by what is public of it."""
        with storage_admitted(self._connection, None):
            table = batch.to_arrow(self._connection, number_to_decimal=True)
        return pa.table({}) if table is None else table

    def _get(self, url: str, headers: Mapping[str, str], size: int) -> pa.Buffer:
        """The Arrow stream at `url`, unpacked as it comes; `size` bytes of it are promised."""
        try:
            answer = self._web.pool(url).request(
                "GET",
                url,
                headers={"Accept-Encoding": "gzip", **headers},
                preload_content=False,
                retries=False,
                timeout=self._patience,
            )
            with answer:
                if answer.status != HTTPStatus.OK:
                    raise _refused(answer.status, answer.headers.get("Retry-After", ""))
                return _unpacked(self._pieces(answer), size)
        except (HTTPError, OSError, ValueError) as error:
            raise _broken(_reason(error)) from None  # it tells the URL, which is a secret

    def _pieces(self, answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        """The body, its first two bytes alone: they tell how it is packed."""
        yield answer.read(len(_GZIP), decode_content=False)
        for piece in answer.stream(_PIECE_BYTES, decode_content=False):
            yield piece
            check(self._cancel)

    def _decoded(self, opened: Callable[[], pa.RecordBatchReader], size: int | None) -> pa.Table:
        """The rows of an Arrow stream of so many bytes as the connector hands them out."""
        try:
            raw = read(opened(), size)
        except BrokenStreamError as error:
            raise _broken(str(error)) from error
        except (pa.ArrowException, OSError) as error:
            raise _broken("it came broken") from error
        if not all(map(_is_sound, raw.schema)):
            raise _broken(_MISTYPED)
        if not raw.num_rows:
            return raw
        try:
            made = convert(self._connection, raw)
            made.validate()  # of some types that are none of a timestamp's it makes empty columns
        except pa.ArrowException as error:
            raise _broken(_MISTYPED) from error
        return made


def _is_sound(field: pa.Field) -> bool:
    """Whether a column that is said to be a timestamp has the parts of one, all the way down.

    The connector takes that for granted: 5.2 ends the process where one is missing.
    """
    told = field.metadata or {}
    parts = [field.type.field(n) for n in range(field.type.num_fields)]
    logical = told.get(b"logicalType", b"")
    zoned = logical == b"TIMESTAMP_TZ"
    if zoned or (logical.startswith(b"TIMESTAMP") and pa.types.is_struct(field.type)):
        short = zoned and told.get(b"byteLength") == b"8"
        needed = {"epoch"} if short else {"epoch", "fraction"}
        if not needed <= {part.name for part in parts}:
            return False
    return all(map(_is_sound, parts))


def _unpacked(pieces: Iterator[bytes], size: int) -> pa.Buffer:
    """The Arrow stream in a body, which may be compressed whether or not a header says so."""
    memory = _Memory(size)
    first = next(pieces)
    unzip = zlib.decompressobj(_GZIP_WINDOW) if first == _GZIP else None
    try:
        for piece in chain([first], pieces):
            left = piece
            while left and unzip is not None:
                memory.add(unzip.decompress(left, _PIECE_BYTES))
                left = unzip.unconsumed_tail
            memory.add(left)
    except zlib.error as error:
        raise _broken("it came broken") from error
    if unzip is not None and not unzip.eof:
        raise _broken("it came broken")
    return memory.filled


class _Memory:
    """Bytes that become more, in memory that goes back to the system at once.

    What Python or Arrow allocate stays with each thread for a while (measured: 50 to 100 MB).

    Args:
        size: bytes that are promised. Far more than these are a bomb.
    """

    def __init__(self, size: int) -> None:
        self._most = _MOST_TIMES * size + _SPARE_BYTES
        self._memory = mmap(-1, min(size or _PIECE_BYTES, _LARGEST_START))
        self._at = 0

    def add(self, data: bytes) -> None:
        """Put some bytes behind the others."""
        end = self._at + len(data)
        if end > self._most:
            raise _broken("it is far larger than promised")
        if end > len(self._memory):
            more = mmap(-1, 2 * end)
            more[: self._at] = self._memory[: self._at]
            self._memory = more
        self._memory[self._at : end] = data
        self._at = end

    @property
    def filled(self) -> pa.Buffer:
        """All of them."""
        return pa.py_buffer(self._memory).slice(0, self._at)


def _refused(status: int, asked: str) -> TemporaryError:
    """The error for a status; fresh URLs may help with any, so every one is worth another try."""
    known = status in frozenset(HTTPStatus)
    why = f"{status} {HTTPStatus(status).phrase}" if known else f"status {status}"
    return _broken(why, float(asked) if asked.isascii() and asked.isdigit() else 0.0)


def _broken(why: str, retry_after: float = 0.0) -> TemporaryError:
    return TemporaryError(
        f"The data could not be fetched from Snowflake: {why} (while downloading the result).",
        AGAIN,
        why=why,
        again=True,
        retry_after=retry_after,
    )


def _reason(error: BaseException) -> str:
    """A failure of the network in a few words."""
    return next((why for kind, why in _REASONS if isinstance(error, kind)), "connection reset")
