"""The local files of a delivery with one file for each month."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import polars as pl

from core.aggregation.reconciliation import Total, add, total
from core.engines.local_file import LocalFile

if TYPE_CHECKING:
    import pyarrow as pa

    from core.output.writer import Writer
    from core.planning.plan import Plan


@dataclass(frozen=True)
class MonthFile:
    """The complete local file of a month.

    Attributes:
        month: its first day; None for the rows without a date.
        path: the file.
        rows: its data rows.
        sums: the total of each summed column over these rows, by the column's name in the table;
            None where all values are NULL.
    """

    month: date | None
    path: Path
    rows: int
    sums: Mapping[str, Total | None]


@dataclass(frozen=True)
class MonthFiles(LocalFile):
    """Files to write, one for each month; `path` is the beginning of their paths.

    Attributes:
        month_column: the position of the delivered month.
        sums: the position of each summed column in the delivery, by its name in the table.
        files: the files that are complete.
    """

    month_column: int = 0
    sums: Mapping[str, int] = field(default_factory=dict)
    files: list[MonthFile] = field(default_factory=list)

    @classmethod
    def beside(cls, file: LocalFile, plan: Plan) -> Self:
        """Return the files of a delivery of a plan, whose one file would be `file`."""
        position = plan.delivered.index
        sums = {each.name: position(each) for each in plan.sums}
        form = (file.format, file.gzip, file.text, file.recipients)
        return cls(file.path, *form, month_column=position(plan.month), sums=sums)

    def open(self, schema: pa.Schema) -> Writer:
        """Return a writer that divides the rows, which come in the order of their months."""
        return _MonthWriter(self, schema)  # type: ignore[return-value]

    def open_month(self, number: int, schema: pa.Schema) -> tuple[Path, Writer]:
        """Return a path that no other month has, and a writer for it."""
        path = self.path.with_name(f"{self.path.name}-{number}")
        return path, LocalFile(path, self.format, self.gzip, self.text).open(schema)


class _MonthWriter:
    """Writes one file after the other; only one is open at a time."""

    def __init__(self, files: MonthFiles, schema: pa.Schema) -> None:
        self._files, self._schema = files, schema
        self._month: date | None = None
        self._path = files.path
        self._writer: Writer | None = None
        self._large: set[str] = set()
        self._sums: dict[str, Total | None] = {}

    @property
    def large_numbers(self) -> tuple[str, ...]:
        """The columns of the complete files with large numbers; see `Writer.large_numbers`."""
        return tuple(name for name in self._schema.names if name in self._large)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def write(self, frame: pl.DataFrame) -> None:
        """Add the rows of `frame`; see `Writer.write`."""
        for month, rows in self._divide(frame):
            if self._writer is None or month != self._month:
                self.close()
                number = len(self._files.files)
                self._path, self._writer = self._files.open_month(number, self._schema)
                self._month, self._sums = month, {}
            self._writer.write(rows)
            for name, position in self._files.sums.items():
                more = total(rows.to_series(position).to_arrow())
                self._sums[name] = add(self._sums.get(name), more)

    def close(self) -> None:
        """Complete the file of the last month."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
            self._large.update(writer.large_numbers)
            self._files.files.append(MonthFile(self._month, self._path, writer.rows, self._sums))

    def discard(self) -> None:
        """Remove the file that is not complete."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.discard()

    def _divide(self, frame: pl.DataFrame) -> Iterator[tuple[date | None, pl.DataFrame]]:
        """Yield the month and the rows of each run of rows with the same month."""
        months = frame.to_series(self._files.month_column)
        start = 0
        for length in months.rle().struct.field("len"):
            yield months[start], frame.slice(start, length)
            start += length
