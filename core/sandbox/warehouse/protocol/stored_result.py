"""A stored result as a table: its chunks, back from the wire into the types the engine holds.

DuckDB reads it as an Arrow stream, one chunk in memory at a time, and as often as it wants to.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from core.sandbox.warehouse import failures, json_text
from core.sandbox.warehouse.model import Column
from core.sandbox.warehouse.protocol import wire_json
from core.sandbox.warehouse.protocol.results import GZIP_WINDOW, Result, ResultStore
from core.sandbox.warehouse.protocol.wire import UTC_OFFSET, floor_divide
from core.sandbox.warehouse.types import MAX_PRECISION, SqlType

_FRACTION_DIGITS = 9


class StoredResult:
    """The rows of a finished statement; the caller has checked that they may be read.

    Args:
        store: keeps the result.
        name: of the result, which is the statement's id.
        columns: of the result.
    """

    def __init__(self, store: ResultStore, name: str, columns: tuple[Column, ...]) -> None:
        self._store = store
        self._name = name
        self.columns = columns
        self.schema = pa.schema(
            (f"c{i}", SqlType.of(column).arrow) for i, column in enumerate(columns)
        )

    def __arrow_c_schema__(self) -> object:
        return self.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        reader = pa.RecordBatchReader.from_batches(self.schema, self.batches())
        return reader.__arrow_c_stream__(requested_schema)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows, chunk by chunk.

        Raises:
            Failure: 709 if the result has been removed since.
        """
        with self._store.reading(self._name) as result:
            if result is None:
                raise failures.statement_not_found(self._name)
            for data in _pieces(result):
                yield from self._decode_piece(result, data)

    def _decode_piece(self, result: Result, data: bytes) -> Iterator[pa.RecordBatch]:
        if result.format == "json":
            yield wire_json.decode(self.columns, data, self.schema)
            return
        for batch in pa.ipc.open_stream(data):
            arrays = [
                _decode(array, SqlType.of(column), field.type)
                for array, column, field in zip(
                    batch.columns, self.columns, self.schema, strict=True
                )
            ]
            yield pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def _pieces(result: Result) -> Iterator[bytes]:
    if result.inline_rows:
        yield result.inline
    for chunk in result.chunks:
        yield zlib.decompress(chunk.path.read_bytes(), GZIP_WINDOW, chunk.uncompressed)


def _decode(array: pa.Array, type_: SqlType, arrow: pa.DataType) -> pa.Array:
    if type_.name == "FIXED":
        whole = array
        if pa.types.is_integer(array.type):
            whole = array.cast(pa.decimal128(MAX_PRECISION, 0))
        return pa.Array.from_buffers(arrow, len(whole), whole.buffers(), -1, whole.offset)
    if type_.name == "TIME":
        ticks = array.cast(pa.int64())
        return pc.multiply(ticks, 10 ** (_FRACTION_DIGITS - type_.scale)).view(arrow)
    if type_.is_timestamp:
        return _timestamp(array, type_, arrow)
    if type_.is_json:
        return json_text.change(array, json_text.compact)
    return array.cast(arrow)


def _timestamp(array: pa.Array, type_: SqlType, arrow: pa.DataType) -> pa.Array:
    epoch, digits, nanos = array, type_.scale, None
    if pa.types.is_struct(array.type):
        epoch = pc.struct_field(array, "epoch")
        if array.type.get_field_index("fraction") >= 0:
            digits, nanos = 0, pc.struct_field(array, "fraction").cast(pa.int64())
    if digits > 6:  # the seventh digit: a count of 100 nanoseconds
        micros = floor_divide(epoch, 10 ** (digits - 6))
        nanos = pc.multiply(pc.subtract(epoch, pc.multiply(micros, 10 ** (digits - 6))), 100)
    else:
        micros = pc.multiply(epoch, 10 ** (6 - digits))
        if nanos is not None:
            whole = floor_divide(nanos, 1000)
            micros = pc.add(micros, whole)
            nanos = pc.subtract(nanos, pc.multiply(whole, 1000))
    if not pa.types.is_struct(arrow):
        return micros.view(arrow)
    left = nanos if nanos is not None else pc.multiply(micros, 0)
    parts = [micros.view(pa.timestamp("us")), left.cast(pa.int16())]
    if type_.name == "TIMESTAMP_TZ":
        zone = pc.subtract(pc.struct_field(array, "timezone"), UTC_OFFSET)
        parts.append(zone.cast(pa.int16()))
    return pa.StructArray.from_arrays(parts, fields=list(arrow), mask=array.is_null())
