"""The files that COPY INTO writes: Parquet, and text of one record a row, compressed or not.

Rules: docs.snowflake.com COPY INTO <location> and "Data unloading considerations". Where the
documentation is silent on Parquet's timestamps, this is what unloaded files are reported to hold:
milliseconds, adjusted to UTC.
"""

from __future__ import annotations

import bz2
import io
import json
import tempfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from core.sandbox.warehouse import failures, json_text
from core.sandbox.warehouse.model import Column
from core.sandbox.warehouse.unload.s3 import ObjectWriter

ROW_GROUP_BYTES = 4 << 20  # of rows in memory; Snowflake's row groups have up to 128 MB
EXTENSIONS = {
    "GZIP": ".gz", "BZ2": ".bz2", "BROTLI": ".br", "ZSTD": ".zst", "DEFLATE": ".deflate",
    "RAW_DEFLATE": ".raw_deflate", "NONE": "",
}  # fmt: skip
_ZLIB_WINDOWS = {"GZIP": 31, "DEFLATE": 15, "RAW_DEFLATE": -15}
_MAX_DIGITS = 38
_PARQUET: dict[str, pa.DataType] = {
    "REAL": pa.float64(),
    "TEXT": pa.string(),
    "BOOLEAN": pa.bool_(),
    "BINARY": pa.binary(),
    "DATE": pa.date32(),
    "TIME": pa.time32("ms"),
    "TIMESTAMP_NTZ": pa.timestamp("ms", tz="UTC"),
    "VARIANT": pa.string(),
    "OBJECT": pa.string(),
    "ARRAY": pa.list_(pa.string()),  # of JSON texts
}


class File(Protocol):
    """One file on its way to the bucket."""

    rows: int

    @property
    def input_bytes(self) -> int:
        """Bytes before compression."""

    @property
    def size(self) -> int:
        """Bytes after it, or more."""

    def add(self, batch: pa.RecordBatch) -> None:
        """Append rows."""

    def finish(self, check: Callable[[], None]) -> None:
        """Write the rest, except the object's end; `check` is called meanwhile, and may raise."""


class Compressor(Protocol):
    """The interface that zlib's and bz2's compressors share."""

    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


class TextFile:
    """Records of text, the only column of the batches; `change` is applied to each."""

    def __init__(
        self,
        sink: ObjectWriter,
        compression: str,
        *,
        header: str = "",
        delimiter: str = "\n",
        change: Callable[[str], str] | None = None,
    ) -> None:
        self._sink = sink
        self._change = change
        self._compressor = compressor(compression)
        self._delimiter = delimiter
        self.rows = 0
        self.input_bytes = 0
        if header:
            self._write(header + delimiter)

    @property
    def size(self) -> int:
        return self._sink.size

    def add(self, batch: pa.RecordBatch) -> None:
        records = batch.column(0).to_pylist()
        self.rows += len(records)
        if self._change is not None:
            records = [self._change(each) for each in records]
        self._write(self._delimiter.join(records) + self._delimiter)

    def finish(self, check: Callable[[], None]) -> None:
        check()
        self._sink.write(self._compressor.flush())

    def _write(self, text: str) -> None:
        data = text.encode()
        self.input_bytes += len(data)
        self._sink.write(self._compressor.compress(data))


class ParquetFile:
    """Rows in their own types, kept on disk until all are there.

    With `fitted`, NUMBER columns get the fewest digits that hold the file's values, which is what
    Snowflake does unless ENABLE_UNLOAD_PHYSICAL_TYPE_OPTIMIZATION is off.
    """

    def __init__(
        self,
        sink: ObjectWriter,
        columns: Sequence[Column],
        names: Sequence[str],
        *,
        compression: str,
        fitted: bool,
        spool: Path,
    ) -> None:
        self._sink = sink
        self._columns = columns
        self._names = names
        self._compression = compression
        self._fitted = fitted
        self._digits = [1] * len(columns)
        self._spool: IO[bytes] = tempfile.TemporaryFile(dir=spool)  # noqa: SIM115 - closed in `finish`
        self._rows: pa.RecordBatchWriter | None = None
        self._written = 0
        self.rows = 0

    @property
    def size(self) -> int:
        return max(self._written, self._sink.size)

    @property
    def input_bytes(self) -> int:
        """Snowflake gives what is written: Parquet is compressed within."""
        return self._sink.size

    def add(self, batch: pa.RecordBatch) -> None:
        plain = pa.RecordBatch.from_arrays(
            [
                _shape(column, array)
                for column, array in zip(self._columns, batch.columns, strict=True)
            ],
            names=[f"c{i}" for i in range(len(self._columns))],
        )
        if self._rows is None:
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            self._rows = pa.ipc.new_stream(self._spool, plain.schema, options=options)
        self._rows.write_batch(plain)
        self.rows += batch.num_rows
        self._written += plain.nbytes
        if self._fitted:
            for i, array in enumerate(plain.columns):
                if pa.types.is_decimal(array.type):
                    self._digits[i] = max(self._digits[i], _digits(array))

    def finish(self, check: Callable[[], None]) -> None:
        import pyarrow.parquet as pq  # late: the warehouse's start is waited for

        assert self._rows is not None  # noqa: S101 - a file has rows
        self._rows.close()
        self._spool.seek(0)
        schema = self._schema()
        with (
            self._spool,
            pa.ipc.open_stream(self._spool) as rows,
            pq.ParquetWriter(
                self._sink,
                schema,
                compression=self._compression,
                store_decimal_as_integer=True,
            ) as writer,
        ):
            pending: list[pa.RecordBatch] = []
            waiting = 0
            for batch in rows:
                check()
                pending.append(batch)
                waiting += batch.nbytes
                if waiting >= ROW_GROUP_BYTES:
                    writer.write_table(_table(pending, schema))
                    pending, waiting = [], 0
            if pending:
                writer.write_table(_table(pending, schema))

    def _schema(self) -> pa.Schema:
        return pa.schema(
            [
                (name, self._type(column, digits))
                for name, column, digits in zip(
                    self._names, self._columns, self._digits, strict=True
                )
            ]
        )

    def _type(self, column: Column, digits: int) -> pa.DataType:
        if column.type != "FIXED":
            return _PARQUET[column.type]
        scale = column.scale or 0
        declared = column.precision or _MAX_DIGITS
        return pa.decimal128(max(digits, scale, 1) if self._fitted else declared, scale)


def _table(batches: Sequence[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    table = pa.Table.from_batches(batches)
    arrays = [
        array.cast(field.type, safe=pa.types.is_decimal(field.type))
        for array, field in zip(table.columns, schema, strict=True)
    ]
    return pa.table(arrays, schema=schema)


def _shape(column: Column, array: pa.Array) -> pa.Array:
    """Convert an array to its Parquet form, but for decimal digits and the parts of a second."""
    if column.type == "FIXED" and not pa.types.is_decimal(array.type):
        return array.cast(pa.decimal128(_MAX_DIGITS, 0))
    if column.type == "ARRAY":
        lists = [None if each is None else json.loads(each) for each in array.to_pylist()]
        return pa.array(
            [
                each
                and [
                    None
                    if value == json.loads(json_text.UNDEFINED)
                    else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
                    for value in each
                ]
                for each in lists
            ],
            type=_PARQUET["ARRAY"],
        )
    if column.type == "TIMESTAMP_NTZ" and pa.types.is_struct(array.type):
        return pc.struct_field(array, "t")
    return array


def _digits(array: pa.Array) -> int:
    """Return the number of digits of the widest value, including those behind the point."""
    bounds = pc.min_max(array).as_py()
    return max(
        len(str(int(abs(each).scaleb(array.type.scale)))) if each is not None else 1
        for each in bounds.values()
    )


def compressor(name: str) -> Compressor:
    """Create a compressor of text files; NONE leaves the bytes as they are."""
    if name in _ZLIB_WINDOWS:
        return zlib.compressobj(1, zlib.DEFLATED, _ZLIB_WINDOWS[name])
    if name == "BZ2":
        return bz2.BZ2Compressor()
    return _ArrowCompressor(name)


class _Buffer(io.BytesIO):
    """Stays open: closing a compressed stream, which ends its last frame, closes what is below."""

    def close(self) -> None:
        """Do nothing."""


class _ArrowCompressor:
    """Zstandard and Brotli, which the standard library lacks; or no compression."""

    def __init__(self, name: str) -> None:
        self._taken = _Buffer()
        plain = pa.PythonFile(self._taken, "w")
        self._stream = plain if name == "NONE" else pa.CompressedOutputStream(plain, name.lower())

    def compress(self, data: bytes, /) -> bytes:
        self._stream.write(data)
        return self._drain()

    def flush(self) -> bytes:
        self._stream.close()
        return self._drain()

    def _drain(self) -> bytes:
        data = self._taken.getvalue()
        self._taken.seek(0)
        self._taken.truncate()
        return data


def check_parquet(columns: Sequence[Column]) -> None:
    """Raise Failure 100171 for types that Snowflake does not unload to Parquet."""
    for column in columns:
        if column.type in ("TIMESTAMP_TZ", "TIMESTAMP_LTZ"):
            raise failures.Failure(
                100171,
                "22000",
                "Error encountered when unloading to PARQUET: TIMESTAMP_TZ and LTZ types are not"
                f" supported for unloading to Parquet. value get: {column.type}",
            )
