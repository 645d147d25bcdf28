"""Parquet: zstd, row groups of bounded size."""

from __future__ import annotations

from contextlib import suppress
from typing import IO, ClassVar

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from core.output.writer import BatchLimit


class ParquetEncoder:
    """Writes one row group per batch, so that a reader needs as little memory as the writer."""

    # 128 Ki rows is close to DuckDB's row group (122,880). Smaller groups make the file larger,
    # larger groups need more memory.
    limit: ClassVar[BatchLimit] = BatchLimit(rows=128 * 1024, bytes=16 * 1024 * 1024)

    def __init__(self, file: IO[bytes], schema: pa.Schema) -> None:
        self._schema = schema
        # Sums rarely repeat: a dictionary doubled the size and the memory (measured).
        repeating = [
            field.name
            for field in schema
            if not (pa.types.is_decimal(field.type) or pa.types.is_floating(field.type))
        ]
        self._writer = pq.ParquetWriter(
            file, schema, compression="zstd", use_dictionary=repeating or False
        )

    def put(self, batch: pl.DataFrame) -> None:
        """Write `batch` as one row group."""
        table = batch.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(self._schema)
        self._writer.write_table(table, row_group_size=table.num_rows)

    def finish(self) -> None:
        """Write the footer."""
        self._writer.close()

    def abandon(self) -> None:
        """Close the writer now; otherwise pyarrow writes a footer when it is garbage-collected."""
        with suppress(Exception):
            self._writer.close()
        self._writer.is_open = False
