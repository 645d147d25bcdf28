"""The batches that a result comes in, listed in little more memory than their addresses take.

The connector's own objects stay in memory as long as any of them does, and each holds a list of
all columns: with a table of a terabyte, which comes in sixty thousand batches, half a gigabyte.

What is private to the connector is used here and in `chunks` alone, as it is in 5.2.
"""

from __future__ import annotations

import base64
import ctypes
from array import array
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from core.warehouse.arrow_streams import BrokenStreamError, open_stream
from core.warehouse.network.addresses import storage_headers

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection
    from snowflake.connector.cursor import SnowflakeCursor
    from snowflake.connector.result_batch import ResultBatch

# While a list is made, the connector holds Snowflake's answer in several forms at once, and the
# old list is there when addresses are renewed. Measured with 5.2 and 10,000 batches: 3.3 kB a
# batch with addresses of 224 bytes, 4.4 kB with 424, 10.6 kB with 1,224; and afterwards, until
# they are renewed, 0.6, 0.5 and 1.6 kB.
_BYTES_PER_BATCH = 2048
_BYTES_PER_URL_BYTE = 8
_ARROW: Final[Any] = 1  # of the connector's `ChunkFormat`
_JSON: Final[Any] = 2
_WORTH_TRIMMING = 8 * 1024 * 1024


@dataclass
class BatchList:
    """What the warehouse tells of the batches of a result, in their order.

    Attributes:
        connection: the session that asked.
        declared: how many rows the result has, if that is told.
        rows: how many each batch holds.
        sizes: uncompressed bytes of each, 0 where that is not told.
        urls: where each is fetched; empty for one that came with the list, or has been read.
        headers: what to send when fetching, of what storage services know.
        memory: bytes that the list takes at most while it is made.
        is_arrow: whether the batches that are to be fetched are Arrow streams; else JSON.
        is_counted: whether `count` was called.
    """

    connection: SnowflakeConnection
    declared: int | None
    rows: array[int]
    sizes: array[int]
    urls: list[str]
    headers: dict[str, str]
    memory: int
    is_arrow: bool
    _inline: dict[int, Any]
    _description: Any
    _columns: list[Any]
    is_counted: bool = False

    @classmethod
    def of(cls, connection: SnowflakeConnection, cursor: SnowflakeCursor) -> BatchList:
        """Take the list out of a cursor that holds a result; the cursor has none afterwards."""
        made = cls(
            connection,
            cursor.rowcount,
            array("q"),
            array("q"),
            [],
            {},
            0,
            is_arrow=True,
            _inline={},
            _description=cursor.description,
            _columns=[],
        )
        made._take(cursor)
        urls = sum(map(len, made.urls))
        made.memory = len(made) * _BYTES_PER_BATCH + urls * _BYTES_PER_URL_BYTE
        if made.memory > _WORTH_TRIMMING:
            _trim()
        return made

    def _take(self, cursor: SnowflakeCursor) -> None:
        told = cursor._result_set.get_chunks()
        cursor.reset(closing=True)  # the connector's own copy
        if told is None:
            return
        for chunk in told.chunks:
            self._add(chunk)
        self._columns = [_copy(column) for column in told.columns]

    def _add(self, chunk: Any) -> None:
        self.is_arrow = self.is_arrow and chunk.format == _ARROW
        if chunk.HasField("remote"):
            remote = chunk.remote
            if not self.headers:
                self.headers = storage_headers(remote.headers)  # the same for all
            self.urls.append(remote.url)
            self.sizes.append(max(remote.uncompressed_size, 0))
        else:
            self._inline[len(self.rows)] = _copy(chunk)
            self.urls.append("")
            self.sizes.append(0)
        self.rows.append(chunk.row_count)

    def count(self) -> None:
        """Have as many rows come with the list as there are, and none declared.

        What the connector tells of both is, but for a query, not always of the answer: it may be
        the rows that a statement has touched, or 0 where Snowflake tells nothing.
        """
        self.is_counted = True
        self.declared = None
        for index in self._inline:
            self.rows[index] = _rows_in(self.inline(index) or b"")

    def __len__(self) -> int:
        return len(self.rows)

    def drop(self, index: int) -> None:
        """Forget where a batch is that has been read."""
        self.urls[index] = ""
        self._inline.pop(index, None)

    def drop_as(self, other: BatchList) -> None:
        """Forget what another list of the same batches has forgotten."""
        for index, url in enumerate(other.urls):
            if not url and index not in other._inline:
                self.drop(index)

    def inline(self, index: int) -> bytes | None:
        """The encoded rows of a batch that came with the list; None if it did not."""
        if index not in self._inline:
            return None
        try:
            return base64.b64decode(self._inline[index].inline, validate=True)
        except ValueError:
            return b""

    def connectors(self, index: int) -> ResultBatch:
        """The connector's own object for a batch."""
        from snowflake.connector._internal.protobuf_gen.database_driver_v1_pb2 import (
            RemoteChunk,
            ResultChunk,
        )
        from snowflake.connector.result_batch import ResultBatch

        chunk = self._inline.get(index) or ResultChunk(
            remote=RemoteChunk(
                url=self.urls[index],
                headers=self.headers,
                uncompressed_size=self.sizes[index],
            ),
            row_count=self.rows[index],
            format=_ARROW if self.is_arrow else _JSON,
        )
        return ResultBatch(chunk, self._description, self.connection, self._columns)


def _rows_in(stream: bytes) -> int:
    """How many rows an Arrow stream holds; 1 if it is broken, as whoever reads it will find."""
    try:
        return sum(batch.num_rows for batch in open_stream(stream))
    except (BrokenStreamError, pa.ArrowException, OSError):
        return 1


def _trim() -> None:
    """Give what the connector has freed back to the system: glibc would keep it for its thread."""
    with suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def _copy(message: Any) -> Any:
    """A message of its own: a part of another keeps all of that in memory."""
    return type(message).FromString(message.SerializeToString())
