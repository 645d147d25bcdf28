"""Writing one output file in batches of bounded size; a failure removes the partial file."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from gzip import GzipFile
from pathlib import Path
from types import TracebackType
from typing import IO, ClassVar, NamedTuple, Protocol, Self, cast

import polars as pl
import pyarrow as pa

from core.errors import LocalResourceError
from core.runtime.disk.private_files import opener

# Level 9, Python's default, takes three times as long for a file that is one percent smaller.
_GZIP_LEVEL = 6

_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# Some libraries give the operating system's error number only in the text of their exception.
_NO_SPACE_TEXT = re.compile(
    r"os error (28|27|122)\b|no space left|file too large|quota exceeded", re.IGNORECASE
)


class BatchLimit(NamedTuple):
    """The size of a batch: it ends at `rows` rows, or at the row that reaches `bytes` bytes."""

    rows: int
    bytes: int


class Encoder(Protocol):
    """Turns batches into the bytes of one format; opening and closing the file is the writer's."""

    limit: ClassVar[BatchLimit]

    def put(self, batch: pl.DataFrame) -> None:
        """Write one batch, whose types are those of the schema."""

    def finish(self) -> None:
        """Write what follows the last row."""

    def abandon(self) -> None:
        """Release the file without finishing it; it is about to be removed."""


EncoderFactory = Callable[[IO[bytes], pa.Schema], Encoder]


class Rebatcher:
    """Divides a stream of frames into batches whose boundaries depend on the rows alone.

    That bounds the memory of an encoder, and equal rows make equal files, whatever the frames.
    """

    def __init__(self, schema: pl.Schema, limit: BatchLimit) -> None:
        self._limit = limit
        self._row_bytes = _row_bytes(schema)
        self._pending: list[pl.DataFrame] = []
        self._rows = 0
        self._bytes = 0

    def add(self, frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Add the rows of `frame`, and yield every batch that they complete."""
        ends = frame.select(self._row_bytes.cum_sum()).to_series()
        start = 0
        while start < frame.height:
            before = ends[start - 1] if start else 0
            full = before + self._limit.bytes - self._bytes
            # Its type depends on whether numpy is installed.
            last = cast(int, ends.search_sorted(full, "left"))  # type: ignore[redundant-cast, unused-ignore]
            end = min(frame.height, start + self._limit.rows - self._rows, last + 1)
            self._pending.append(frame.slice(start, end - start))
            self._rows += end - start
            self._bytes += ends[end - 1] - before
            start = end
            if self._rows >= self._limit.rows or self._bytes >= self._limit.bytes:
                yield from self.rest()

    def rest(self) -> Iterator[pl.DataFrame]:
        """Yield the rows that are held back, if any."""
        if self._pending:
            # Contiguous, because pyarrow ends a parquet page at the end of a chunk.
            batch = pl.concat(self._pending).rechunk()
            self._pending, self._rows, self._bytes = [], 0, 0
            yield batch


def _row_bytes(schema: pl.Schema) -> pl.Expr:
    """Return the size of a row in bytes: 16 per column, and the length of each text or binary."""
    lengths = [pl.repeat(16 * len(schema), pl.len(), dtype=pl.Int64)]
    for index, dtype in enumerate(schema.dtypes()):
        column = pl.nth(index)
        if dtype == pl.String:
            lengths.append(column.str.len_bytes().cast(pl.Int64))
        elif dtype == pl.Binary:
            lengths.append(column.bin.size().cast(pl.Int64))
    return pl.sum_horizontal(lengths).alias("bytes")


class Writer:
    """Writes one file; a context manager, returned by `core.output.open_writer`.

    Leaving the block closes the file; leaving it by an exception removes the file. A failed `write`
    or `close` removes the file as well.

    Attributes:
        rows: the rows written so far.
    """

    def __init__(
        self, path: Path, schema: pa.Schema, encoder: EncoderFactory, *, gzip: bool = False
    ) -> None:
        self.rows = 0
        self._path = path
        self._schema = cast(pl.DataFrame, pl.from_arrow(schema.empty_table())).schema
        self._open = True
        self._gzip: GzipFile | None = None
        with _translate_failures(path):
            self._file = open(path, "wb", opener=opener)  # noqa: SIM115
        try:
            if gzip:  # neither name nor time in the header, so that equal rows make equal bytes
                self._gzip = GzipFile("", "wb", _GZIP_LEVEL, fileobj=self._file, mtime=0)
            self._encoder = encoder(cast(IO[bytes], self._gzip or self._file), schema)
        except BaseException:
            self._remove()
            raise
        self._batches = Rebatcher(self._schema, self._encoder.limit)

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
        """Add the rows of `frame`, casting its columns to the types of the schema.

        Args:
            frame: has the columns of the schema, in its order.

        Raises:
            LocalResourceError: there is no space or no memory, or the file cannot be written.
            ValueError: the columns are not those of the schema, or the writer is closed.
        """
        with self._remove_on_failure():
            if frame.columns != self._schema.names():
                raise ValueError(f"columns {frame.columns} instead of {self._schema.names()}")
            # By position, because polars treats a name like "^.*$" as a pattern.
            frame = frame.select(
                pl.nth(index).cast(dtype) for index, dtype in enumerate(self._schema.dtypes())
            )
            for batch in self._batches.add(frame):
                self._encoder.put(batch)
            self.rows += frame.height

    def close(self) -> None:
        """Write the rows that are held back, and close the file. A second call does nothing.

        Raises:
            LocalResourceError: as in `write`.
        """
        if not self._open:
            return
        with self._remove_on_failure():
            for batch in self._batches.rest():
                self._encoder.put(batch)
            self._encoder.finish()
            if self._gzip is not None:
                self._gzip.close()
            self._file.close()
        self._open = False

    @property
    def large_numbers(self) -> tuple[str, ...]:
        """The columns of JSON with numbers that a 64-bit float cannot hold, so far."""
        names = self._schema.names()
        return tuple(names[position] for position in sorted(getattr(self._encoder, "large", ())))

    def discard(self) -> None:
        """Close and remove the file. After `close` this does nothing."""
        if self._open:
            self._encoder.abandon()
            self._remove()

    @contextmanager
    def _remove_on_failure(self) -> Iterator[None]:
        if not self._open:
            raise ValueError("the writer is closed")
        try:
            with _translate_failures(self._path):
                yield
        except BaseException:
            self.discard()
            raise

    def _remove(self) -> None:
        self._open = False
        for file in (self._gzip, self._file):
            if file is not None:
                with suppress(OSError, ValueError):  # closing flushes, and the disk may be full
                    file.close()
        self._path.unlink(missing_ok=True)


@contextmanager
def _translate_failures(path: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        failure = local_failure(error, path)
        if failure is None:
            raise
        raise failure from error


def local_failure(error: Exception, path: Path) -> LocalResourceError | None:
    """Return the `LocalResourceError` for a failure to write; None if `error` is another failure.

    Libraries raise different exceptions for a full disk: an OSError with or without errno, a
    ComputeError.

    Args:
        error: the exception that a library raised.
        path: the file or directory that was being written.
    """
    if isinstance(error, LocalResourceError):
        return error
    if isinstance(error, MemoryError):
        return LocalResourceError(
            f"Out of memory while writing {path.name}.", "Lower the memory limit of this run."
        )
    number = error.errno if isinstance(error, OSError) else None
    if number in _NO_SPACE or _NO_SPACE_TEXT.search(str(error)):
        return LocalResourceError(
            f"The disk is full: {path.name} could not be written in {path.parent}.",
            "Free some space there, or use a temporary directory on another disk.",
        )
    if isinstance(error, OSError):
        return LocalResourceError(
            f"{path.name} could not be written in {path.parent}: {error.strerror or 'I/O error'}.",
            "Check that the directory exists and is writable.",
        )
    return None
