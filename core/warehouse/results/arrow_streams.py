"""Open and read Arrow streams, after checking that they use plain encodings only.

Snowflake sends plain streams: no compressed buffers, dictionaries, run-end encoding or views. With
each of these a few bytes can expand to any number (a decompression bomb). The same holds for a
column of a type without bytes: its batch can declare any number of rows at no cost. So they are
refused.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

import pyarrow as pa

_ROWS_PER_BYTE: Final = 8  # one bit per row: the validity bitmap of a single column
_SPARE_ROWS: Final = 1024  # allowed for batches without bytes, as in an empty result
_HEADER, _COMPRESSION = 2, 3  # fields of Message and RecordBatch in Arrow's Message.fbs
_DEEPEST: Final = 32  # nesting levels of structures
# A batch of the size that is asked for is at most two pieces, and is left whole. Decoding a piece
# takes about eight times its size for a moment, if its numbers become 128-bit sums (measured).
_PIECE_BYTES: Final = 8 * 1024 * 1024


class BrokenStreamError(ValueError):
    """An Arrow stream is not of the form that Snowflake sends.

    Its text completes a sentence that begins "The data could not be fetched: ..."."""


def open_stream(data: pa.Buffer | bytes) -> pa.RecordBatchReader:
    """Open an Arrow stream after checking that its messages and types are plain.

    Args:
        data: the stream, in memory.

    Raises:
        BrokenStreamError: a message or a type is not plain.
        pa.ArrowException: `data` is not an Arrow stream.
        OSError: as pa.ArrowException.
    """
    buffer = pa.py_buffer(data)
    for message in _read_messages(buffer):
        if message.type == "record batch" and _is_compressed(memoryview(message.metadata)):
            raise BrokenStreamError("it is compressed twice")
    stream = pa.ipc.open_stream(buffer)
    check_types(stream.schema)
    return stream


def read(stream: pa.RecordBatchReader, size: int | None = None) -> pa.Table:
    """Read a whole stream into a table.

    Args:
        stream: from `open_stream`, or from the connector.
        size: bytes of the stream; None if unknown: then the decoded bytes are counted.

    Raises:
        BrokenStreamError: a type is not plain, or there are more rows than the bytes can hold.
        pa.ArrowException: the stream is damaged.
        OSError: as pa.ArrowException.
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


def split(table: pa.Table, size: int | None = None, most: int = _PIECE_BYTES) -> Iterator[pa.Table]:
    """Yield the rows of a table in pieces of at most `most` bytes, or of one row.

    Args:
        table: its rows; the pieces refer to its memory, except where a record batch is larger.
        size: the bytes of its stream, if known. Up to two pieces are left as one table: measuring
            some hundred record batches takes a tenth of the time of decoding them.
        most: bytes of a piece.
    """
    if size is not None and size <= 2 * most:
        yield table
        return
    held: list[pa.RecordBatch] = []
    total = 0
    for batch in table.to_batches():
        for part, bytes_ in _divide(batch, most):
            if held and total + bytes_ > most:
                yield pa.Table.from_batches(held)
                held, total = [], 0
            held.append(part)
            total += bytes_
    yield pa.Table.from_batches(held, table.schema)


def _divide(batch: pa.RecordBatch, most: int) -> Iterator[tuple[pa.RecordBatch, int]]:
    """Yield a record batch and its bytes; copies of its rows if it has more than `most`."""
    size = batch.nbytes
    if size <= most or batch.num_rows < 2:
        yield batch, size
        return
    rows = max(batch.num_rows * most // size, 1)
    for start in range(0, batch.num_rows, rows):
        yield from _divide(_copy(batch[start : start + rows]), most)


def _copy(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Copy rows, because the connector (5.2) reads a timestamp of a slice from the wrong row."""
    columns = [pa.concat_arrays([column]) for column in batch.columns]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def check_types(schema: pa.Schema) -> None:
    """Check that every type of a schema stores its own bytes for each value.

    Raises:
        BrokenStreamError: a type does not, such as a dictionary or a view.
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


def _read_messages(buffer: pa.Buffer) -> Iterator[pa.Message]:
    reader = pa.ipc.MessageReader.open_stream(buffer)
    while True:
        try:
            yield reader.read_next_message()
        except StopIteration:
            return


def _is_compressed(message: memoryview) -> bool:
    """Whether the FlatBuffers metadata of a record batch names a codec.

    pyarrow (26) does not expose the codec before it decompresses each buffer to its declared size.
    """
    try:
        root = _follow_offset(message, 0)
        header = _find_field(message, root, _HEADER)
        if header is None:
            return False
        batch = _follow_offset(message, header)
        return _find_field(message, batch, _COMPRESSION) is not None
    except struct.error as error:
        raise BrokenStreamError("it is damaged") from error


def _follow_offset(data: memoryview, at: int) -> int:
    """Return the position to which the offset stored at `at` points."""
    found = at + int(struct.unpack_from("<I", data, at)[0])
    if found > len(data):
        raise struct.error
    return found


def _find_field(data: memoryview, table: int, number: int) -> int | None:
    """Return the position of field `number` of a FlatBuffers table; None if it is absent."""
    fields = table - int(struct.unpack_from("<i", data, table)[0])
    if fields < 0:
        raise struct.error
    size = int(struct.unpack_from("<H", data, fields)[0])
    at = 4 + 2 * number
    if at + 2 > size:
        return None
    offset = int(struct.unpack_from("<H", data, fields + at)[0])
    return table + offset if offset else None
