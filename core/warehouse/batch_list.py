"""The batches that a result comes in, listed in little more memory than their addresses take.

The connector's own objects stay in memory as long as any of them does, and each holds a list of
all columns: with a table of a terabyte, which comes in sixty thousand batches, half a gigabyte.

Where the connector lacks what `core.warehouse.connector_internals` needs, the list holds those
objects all the same, and has them fetch and decode the batches.
"""

from __future__ import annotations

import ctypes
from array import array
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from core.warehouse import connector_internals
from core.warehouse.arrow_streams import BrokenStreamError, open_stream
from core.warehouse.connector_internals import Chunk, ChunkList
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
_BYTES_PER_OBJECT = 10_000  # of the connector's, with its list of columns (measured with 5.2)
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
    _objects: list[ResultBatch | None]
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
            _objects=[],
        )
        if connector_internals.usable(cursor):
            made._take(ChunkList(cursor))
        else:
            made._take_objects(cursor)
        urls = sum(map(len, made.urls))
        made.memory = len(made) * _BYTES_PER_BATCH + urls * _BYTES_PER_URL_BYTE
        made.memory += len(made._objects) * _BYTES_PER_OBJECT
        if made.memory > _WORTH_TRIMMING:
            _trim()
        return made

    def _take(self, chunks: ChunkList) -> None:
        for chunk in chunks:
            self.is_arrow = self.is_arrow and chunk.is_arrow
            if chunk.message is not None:
                self._inline[len(self.rows)] = chunk.message
            elif not self.headers:
                self.headers = storage_headers(chunk.headers)  # the same for all
            self.urls.append(chunk.url)
            self.sizes.append(chunk.size)
            self.rows.append(chunk.rows)
        self._columns = chunks.columns

    def _take_objects(self, cursor: SnowflakeCursor) -> None:
        objects: list[ResultBatch] = cursor.get_result_batches() or []
        cursor.reset(closing=True)
        self._objects = list(objects)
        for batch in objects:
            self.urls.append("")
            self.sizes.append(max(batch.uncompressed_size or 0, 0))
            self.rows.append(batch.rowcount)

    def count(self) -> None:
        """Have as many rows come with the list as there are, and none declared.

        What the connector tells of both is, but for a query, not always of the answer: it may be
        the rows that a statement has touched, or 0 where Snowflake tells nothing.
        """
        self.is_counted = True
        self.declared = None
        for index in self._inline:
            self.rows[index] = _rows_in(self.inline(index) or b"")
        for index, batch in enumerate(self._objects):
            if batch is not None and not batch.uncompressed_size:  # it came with the list
                self.rows[index] = _rows_of(batch)

    def __len__(self) -> int:
        return len(self.rows)

    def drop(self, index: int) -> None:
        """Forget where a batch is that has been read."""
        self.urls[index] = ""
        self._inline.pop(index, None)
        if self._objects:
            self._objects[index] = None

    def drop_as(self, other: BatchList) -> None:
        """Forget what another list of the same batches has forgotten."""
        for index, url in enumerate(other.urls):
            if not url and index not in other._inline and not other.public(index):
                self.drop(index)

    def inline(self, index: int) -> bytes | None:
        """The encoded rows of a batch that came with the list; None if it did not."""
        message = self._inline.get(index)
        return None if message is None else connector_internals.inline_rows(message)

    def open(self, index: int) -> pa.RecordBatchReader:
        """Have the connector fetch a batch; its Arrow stream, which the connector has not decoded.

        Raises:
            Exception: as the connector raises it.
        """
        message = self._inline.get(index)
        size, url = self.sizes[index], self.urls[index]
        chunk = Chunk(self.rows[index], size, url, self.headers, self.is_arrow, message)
        return connector_internals.open_batch(
            self.connection, chunk, self._description, self._columns
        )

    def public(self, index: int) -> ResultBatch | None:
        """The connector's own object for a batch, where it is the one to fetch and decode it."""
        return self._objects[index] if self._objects else None


def _rows_of(batch: ResultBatch) -> int:
    """How many rows a batch holds; 1 if it is broken, as whoever reads it will find."""
    try:
        table = batch.to_arrow()
    except Exception:  # the connector's, of whatever class
        return 1
    return 0 if table is None else int(table.num_rows)


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
