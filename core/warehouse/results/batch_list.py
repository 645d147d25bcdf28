"""The list of a result's batches, in little more memory than their URLs take.

The connector's own batch objects all stay in memory as long as one of them does, and each holds a
list of all columns: for a table of a terabyte, which arrives in sixty thousand batches, that is
half a gigabyte.

If the installed connector lacks the names that `core.warehouse.connector_internals` needs, the list
holds the connector's objects instead, which then fetch and decode the batches.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from core.runtime.process.libc import call_libc
from core.warehouse import connector_internals
from core.warehouse.connector_internals import Chunk, ChunkList
from core.warehouse.network.addresses import filter_storage_headers
from core.warehouse.results.arrow_streams import BrokenStreamError, open_stream

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection
    from snowflake.connector.cursor import SnowflakeCursor
    from snowflake.connector.result_batch import ResultBatch

# While a list is made, the connector holds Snowflake's answer in several forms at once, and the
# old list still exists when the URLs are renewed. Measured with 5.2 and 10,000 batches: 3.3 kB a
# batch with URLs of 224 bytes, 4.4 kB with 424, 10.6 kB with 1,224; and afterwards, until
# they are renewed, 0.6, 0.5 and 1.6 kB.
_BYTES_PER_BATCH = 2048
_BYTES_PER_URL_BYTE = 8
_BYTES_PER_OBJECT = 10_000  # a connector's object with its list of columns (measured with 5.2)
_WORTH_TRIMMING = 8 * 1024 * 1024
_BELIEVED = 1 << 30  # of a batch: CLIENT_RESULT_CHUNK_SIZE is at most 160 MB by the documentation


@dataclass
class BatchList:
    """The batches of a result as Snowflake lists them, in their order.

    Attributes:
        connection: the session of the statement.
        declared: rows of the result as declared; None if not declared.
        rows: rows of each batch.
        sizes: uncompressed bytes of each batch; 0 if unknown.
        urls: the URL of each batch; empty for an inline batch and for one that has been read.
        headers: the request headers for fetching, limited to those of storage services.
        memory: peak bytes that the list takes while it is made.
        is_arrow: whether the batches to fetch are Arrow streams; else JSON.
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
        """Take the list out of a cursor that holds a result; the cursor is empty afterwards."""
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
        if connector_internals.is_usable(cursor):
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
                self.headers = filter_storage_headers(chunk.headers)  # identical for all batches
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
        """Replace the row counts of inline batches by counted ones, and drop the declared total.

        For statements other than queries the connector's counts may describe something else: the
        rows that the statement changed, or 0 where Snowflake reports no count.
        """
        self.is_counted = True
        self.declared = None
        for index in self._inline:
            self.rows[index] = _count_stream_rows(self.inline(index) or b"")
        for index, batch in enumerate(self._objects):
            if batch is not None and not batch.uncompressed_size:  # inline
                self.rows[index] = _count_object_rows(batch)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def largest(self) -> int:
        """The uncompressed bytes of the largest batch; 0 if none is known, or can be true."""
        return max((size for size in self.sizes if size <= _BELIEVED), default=0)

    def drop(self, index: int) -> None:
        """Drop the URL and the inline rows of a batch that has been read."""
        self.urls[index] = ""
        self._inline.pop(index, None)
        if self._objects:
            self._objects[index] = None

    def drop_as(self, other: BatchList) -> None:
        """Drop the batches that have been dropped from another list of the same result."""
        for index, url in enumerate(other.urls):
            if not url and index not in other._inline and not other.public(index):
                self.drop(index)

    def inline(self, index: int) -> bytes | None:
        """Return the encoded rows of an inline batch; None if the batch is to be fetched."""
        message = self._inline.get(index)
        return None if message is None else connector_internals.inline_rows(message)

    def open(self, index: int) -> pa.RecordBatchReader:
        """Have the connector fetch a batch; return its Arrow stream, not yet decoded.

        Raises:
            Exception: any error of the connector.
        """
        message = self._inline.get(index)
        size, url = self.sizes[index], self.urls[index]
        chunk = Chunk(self.rows[index], size, url, self.headers, self.is_arrow, message)
        return connector_internals.open_batch(
            self.connection, chunk, self._description, self._columns
        )

    def public(self, index: int) -> ResultBatch | None:
        """Return the connector's object that fetches and decodes a batch; None if not used."""
        return self._objects[index] if self._objects else None


def _count_object_rows(batch: ResultBatch) -> int:
    """Count the rows of a batch; return 1 if it is damaged, so that it is read and fails."""
    try:
        table = batch.to_arrow()
    except Exception:  # the connector raises various classes
        return 1
    return 0 if table is None else int(table.num_rows)


def _count_stream_rows(stream: bytes) -> int:
    """Count the rows of a stream; return 1 if it is damaged, so that it is read and fails."""
    try:
        return sum(batch.num_rows for batch in open_stream(stream))
    except (BrokenStreamError, pa.ArrowException, OSError):
        return 1


def _trim() -> None:
    """Return memory that the connector freed to the system; glibc would keep it for its thread."""
    call_libc("malloc_trim", 0)
