"""The batches that a result comes in, listed in little more memory than their addresses take.

The connector's own objects stay in memory as long as any of them does, and each holds a list of
all columns: with a table of a terabyte, which comes in sixty thousand batches, half a gigabyte.

What is private to the connector is used here and in `chunks` alone, as it is in 5.2.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection
    from snowflake.connector.cursor import SnowflakeCursor
    from snowflake.connector.result_batch import ResultBatch

# Until the list is made the connector holds Snowflake's answer in several forms at once. Measured
# with 5.2 and 10,000 batches: 3.2 kB a batch with addresses of 230 bytes, 4.9 kB with 430, 9.4 kB
# with 1,230.
_BYTES_PER_BATCH = 2048
_BYTES_PER_URL_BYTE = 7


@dataclass
class BatchList:
    """What the warehouse tells of the batches of a result, in their order.

    Attributes:
        connection: the session that asked.
        declared: how many rows the result has, if that is told.
        rows: how many each batch holds.
        sizes: uncompressed bytes of each, 0 where that is not told.
        urls: where each is fetched; empty for one that came with the list, or has been read.
        headers: what to send when fetching.
        memory: bytes that the list takes at most while it is made.
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

    @classmethod
    def of(cls, connection: SnowflakeConnection, cursor: SnowflakeCursor) -> BatchList:
        """Take the list out of a cursor that holds a result; the cursor has none afterwards."""
        from snowflake.connector._internal.protobuf_gen.database_driver_v1_pb2 import (
            CHUNK_FORMAT_ARROW_IPC,
        )

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
        told = cursor._result_set.get_chunks()
        for chunk in told.chunks if told is not None else ():
            made.is_arrow = made.is_arrow and chunk.format == CHUNK_FORMAT_ARROW_IPC
            made._add(chunk)
        if told is not None:
            made._columns = [_copy(column) for column in told.columns]
        cursor.reset(closing=True)
        made.memory = len(made.rows) * _BYTES_PER_BATCH + _BYTES_PER_URL_BYTE * sum(
            map(len, made.urls)
        )
        return made

    def _add(self, chunk: Any) -> None:
        if chunk.HasField("remote"):
            remote = chunk.remote
            if not self.headers:
                self.headers = dict(remote.headers)  # the same for all
            self.urls.append(remote.url)
            self.sizes.append(max(remote.uncompressed_size, 0))
        else:
            self._inline[len(self.rows)] = _copy(chunk)
            self.urls.append("")
            self.sizes.append(0)
        self.rows.append(chunk.row_count)

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

    def connectors(self, index: int) -> ResultBatch:
        """The connector's own object for a batch."""
        from snowflake.connector._internal.protobuf_gen.database_driver_v1_pb2 import (
            CHUNK_FORMAT_ARROW_IPC,
            CHUNK_FORMAT_JSON,
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
            format=CHUNK_FORMAT_ARROW_IPC if self.is_arrow else CHUNK_FORMAT_JSON,
        )
        return ResultBatch(chunk, self._description, self.connection, self._columns)


def _copy(message: Any) -> Any:
    """A message of its own: a part of another keeps all of that in memory."""
    return type(message).FromString(message.SerializeToString())
