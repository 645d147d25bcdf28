"""Arrow streams of a server, looked at before anything in them is unpacked or believed.

What Snowflake sends is plain: no compressed buffers, no dictionaries, no runs, no views. Each of
these lets a few bytes stand for as many as somebody likes (a bomb), and so does a column of a type
without bytes, in whose batch a number of rows costs nothing. So they are refused.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

import pyarrow as pa

_ROWS_PER_BYTE: Final = 8  # a bit each, of the one column that says which are NULL
_SPARE_ROWS: Final = 1024  # of batches without bytes, as an empty result may have
_HEADER, _COMPRESSION = 2, 3  # fields of Message and RecordBatch in Arrow's Message.fbs
_DEEPEST: Final = 32  # structures in structures


class BrokenStreamError(ValueError):
    """An Arrow stream is not what a warehouse sends. Its text ends "the data ..."."""


def open_stream(data: pa.Buffer | bytes) -> pa.RecordBatchReader:
    """Open an Arrow stream, once its messages and its types are seen to be plain.

    Raises:
        BrokenStreamError: they are not.
        pa.ArrowException: it is no Arrow stream.
        OSError: the same.
    """
    buffer = pa.py_buffer(data)
    for message in _messages(buffer):
        if message.type == "dictionary":
            raise BrokenStreamError("it holds dictionaries")
        if message.type == "record batch" and _is_compressed(memoryview(message.metadata)):
            raise BrokenStreamError("it is compressed twice")
    stream = pa.ipc.open_stream(buffer)
    check_types(stream.schema)
    return stream


def read(stream: pa.RecordBatchReader, size: int | None = None) -> pa.Table:
    """Read a stream whole.

    Args:
        stream: what `open_stream` gives, or another one.
        size: bytes of the stream; None where that is not known.

    Raises:
        BrokenStreamError: its types are not plain, or it has more rows than bytes to hold them.
        pa.ArrowException: it is broken.
        OSError: the same.
    """
    check_types(stream.schema)
    batches: list[pa.RecordBatch] = []
    rows = held = 0
    for batch in stream:
        rows += batch.num_rows
        held += batch.nbytes
        if rows > _ROWS_PER_BYTE * (held if size is None else size) + _SPARE_ROWS:
            raise BrokenStreamError("it has more rows than bytes")
        batches.append(batch)
    table = pa.Table.from_batches(batches, stream.schema)
    table.validate(full=True)
    return table


def check_types(schema: pa.Schema) -> None:
    """See that a schema has only types in which every value has bytes of its own.

    Raises:
        BrokenStreamError: it has others.
    """
    for field in schema:
        _check_type(field.type, _DEEPEST)


def _check_type(kind: pa.DataType, deepest: int) -> None:
    types = pa.types
    shared = types.is_dictionary(kind) or types.is_run_end_encoded(kind) or types.is_union(kind)
    view = any(
        is_view(kind)
        for is_view in (
            *(types.is_string_view, types.is_binary_view),
            *(types.is_list_view, types.is_large_list_view),
        )
    )
    if shared or view or not deepest:
        raise BrokenStreamError("it has columns of a type that Snowflake does not send")
    for n in range(kind.num_fields):
        _check_type(kind.field(n).type, deepest - 1)


def _messages(buffer: pa.Buffer) -> Iterator[pa.Message]:
    reader = pa.ipc.MessageReader.open_stream(buffer)
    while True:
        try:
            yield reader.read_next_message()
        except StopIteration:
            return


def _is_compressed(message: memoryview) -> bool:
    """Whether a record batch names a codec, by the FlatBuffers of its metadata.

    Nothing in pyarrow (26) says so before it unpacks the buffers, each to the size that it claims.
    """
    try:
        root = _offset(message, 0)
        header = _field(message, root, _HEADER)
        if header is None:
            return False
        batch = _offset(message, header)
        return _field(message, batch, _COMPRESSION) is not None
    except struct.error as error:
        raise BrokenStreamError("it came broken") from error


def _offset(data: memoryview, at: int) -> int:
    """Where the offset at a place leads."""
    found = at + int(struct.unpack_from("<I", data, at)[0])
    if found > len(data):
        raise struct.error
    return found


def _field(data: memoryview, table: int, number: int) -> int | None:
    """Where a table has its field of a number; None if it has none."""
    fields = table - int(struct.unpack_from("<i", data, table)[0])
    if fields < 0:
        raise struct.error
    size = int(struct.unpack_from("<H", data, fields)[0])
    at = 4 + 2 * number
    if at + 2 > size:
        return None
    offset = int(struct.unpack_from("<H", data, fields + at)[0])
    return table + offset if offset else None
