"""Results on disk: written once as chunks while the statement runs, served by name, evicted.

A result is a small first rowset kept in memory and any number of chunk files, one directory a
result. Memory stays bounded by a few chunks, whatever the size of the result.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import shutil
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from core.sandbox.warehouse.model import Column

INLINE_ROWS = 1_000
INLINE_BYTES = 256 * 1024
FIRST_CHUNK_ROWS = 10_000  # later chunks double until they reach the byte limit, as Snowflake's do
MAX_CHUNK_BYTES = 8 << 20  # of one uncompressed chunk, even if the session would allow more
MAX_SOURCE_BYTES = 16 << 20  # of the rows from which one chunk is made
COMPRESSORS = 2
GZIP_WINDOW = 31  # zlib's sign for a gzip header around the widest window
BLOCK_BYTES = 1 << 20

RESULT_BYTES = 2 << 30  # on disk, all results together
RESULT_SECONDS = 24 * 3600.0  # Snowflake keeps a result for 24 hours
_ALL_ROWS = 1 << 40
READING_SECONDS = 120.0  # a result touched so recently counts as being read


class Encode(Protocol):
    """Turns rows into the bytes of one chunk."""

    def __call__(self, columns: Sequence[Column], table: pa.Table, /) -> bytes: ...


@dataclass(frozen=True)
class Chunk:
    """One chunk file: its rows, and its bytes before and after gzip."""

    path: Path
    rows: int
    uncompressed: int
    compressed: int


@dataclass
class Result:
    """A complete result. `key` opens its chunks (the header that Snowflake calls chunkHeaders)."""

    columns: tuple[Column, ...]
    format: str
    directory: Path
    inline: bytes = b""
    inline_rows: int = 0
    chunks: list[Chunk] = field(default_factory=list)
    key: str = field(default_factory=lambda: base64.b64encode(secrets.token_bytes(32)).decode())
    made: float = 0.0
    touched: float = 0.0
    readers: int = 0

    @property
    def key_digest(self) -> str:
        """The MD5 of the key, as S3 asks for it beside a key of the customer's."""
        digest = hashlib.md5(base64.b64decode(self.key), usedforsecurity=False).digest()
        return base64.b64encode(digest).decode()

    @property
    def rows(self) -> int:
        return self.inline_rows + sum(chunk.rows for chunk in self.chunks)

    @property
    def bytes_on_disk(self) -> int:
        return sum(chunk.compressed for chunk in self.chunks)


class ResultStore:
    """All results of one server, below its private directory (mode 0700).

    Args:
        directory: made if missing; results left in it by an earlier process are removed.
        chunk_rows: rows a chunk, at most; None to let only bytes decide.
        chunk_bytes: the uncompressed size of a chunk, whatever size a session asks for; None for
            as much as it asks for, and no more than 8 MiB.
        max_bytes: disk space for all results together; the oldest go first.
        max_seconds: age at which a result goes in any case.
        clock: by which results age, in seconds.
    """

    def __init__(
        self,
        directory: Path,
        *,
        chunk_rows: int | None = None,
        chunk_bytes: int | None = None,
        max_bytes: int = RESULT_BYTES,
        max_seconds: float = RESULT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True, mode=0o700)
        self._directory = directory
        self._chunk_rows = chunk_rows
        self._chunk_bytes = chunk_bytes
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds
        self._clock = clock
        self._results: dict[str, Result] = {}
        self._lock = threading.Lock()

    def write(
        self,
        name: str,
        columns: tuple[Column, ...],
        batches: Iterator[pa.RecordBatch],
        *,
        encode: Encode,
        result_format: str,
        max_chunk_bytes: int,
    ) -> Result:
        """Read all batches into a new result called `name`, which others see once it is complete.

        Raises:
            Failure: what the batches raise; nothing of the result is left then.
        """
        result = Result(columns, result_format, self._directory / name)
        result.directory.mkdir(mode=0o700)
        try:
            size = self._chunk_bytes or min(max_chunk_bytes, MAX_CHUNK_BYTES)
            rows = self._chunk_rows or (_ALL_ROWS if self._chunk_bytes else None)
            with _Writer(result, encode, rows, size) as writer:
                for batch in batches:
                    writer.add(batch)
                writer.finish()
        except BaseException:
            shutil.rmtree(result.directory, ignore_errors=True)
            raise
        with self._lock:
            result.made = result.touched = self._clock()
            self._results[name] = result
        self.evict()
        return result

    @contextmanager
    def reading(self, name: str) -> Iterator[Result | None]:
        """Return the result called `name`, or None; it is not evicted inside the `with`."""
        with self._lock:
            result = self._results.get(name)
            if result is not None:
                result.readers += 1
        try:
            yield result
        finally:
            if result is not None:
                with self._lock:
                    result.readers -= 1
                    result.touched = self._clock()

    def evict(self) -> None:
        """Remove results past their age, then the oldest until the rest fits; none being read."""
        now = self._clock()
        with self._lock:
            total = sum(result.bytes_on_disk for result in self._results.values())
            doomed = []
            for name, result in list(self._results.items()):
                if result.readers or now - result.touched < READING_SECONDS:
                    continue
                if total > self._max_bytes or now - result.made > self._max_seconds:
                    total -= result.bytes_on_disk
                    doomed.append(self._results.pop(name))
        for result in doomed:
            shutil.rmtree(result.directory, ignore_errors=True)


class _Writer:
    """Cuts a stream of batches into the inline rowset and chunk files of a result."""

    def __init__(
        self, result: Result, encode: Encode, chunk_rows: int | None, max_chunk_bytes: int
    ) -> None:
        self._result = result
        self._encode = encode
        self._chunk_rows = chunk_rows
        self._max_bytes = max_chunk_bytes
        self._max_source = max(MAX_SOURCE_BYTES, 2 * max_chunk_bytes)
        self._target_rows = min(INLINE_ROWS, chunk_rows or INLINE_ROWS)
        self._inline_done = False
        self._pending: deque[pa.RecordBatch] = deque()
        self._pending_rows = 0
        self._pending_bytes = 0
        self._pool = ThreadPoolExecutor(COMPRESSORS, thread_name_prefix="gzip")
        self._compressing: deque[Future[Chunk]] = deque()
        self._names = 0

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def add(self, batch: pa.RecordBatch) -> None:
        """Append rows, and write the chunks that are then complete."""
        if batch.num_rows == 0:
            return
        self._pending.append(batch)
        self._pending_rows += batch.num_rows
        self._pending_bytes += batch.nbytes
        while self._pending_rows >= self._target_rows or self._pending_bytes >= self._max_source:
            self._cut(min(self._target_rows, self._pending_rows))
            if not self._pending_rows:
                break

    def finish(self) -> None:
        """Write the rest and wait for the files."""
        while self._pending_rows:
            self._cut(min(self._target_rows, self._pending_rows))
        while self._compressing:
            self._result.chunks.append(self._compressing.popleft().result())

    def _cut(self, rows: int) -> None:
        table = self._take(rows)
        rows = table.num_rows
        data = self._encode(self._result.columns, table)
        if not self._inline_done:
            self._inline_done = True
            if len(data) <= INLINE_BYTES:
                self._result.inline, self._result.inline_rows = data, rows
                self._target_rows = self._chunk_rows or FIRST_CHUNK_ROWS
                return
        if len(data) > self._max_bytes and rows > 1:
            self._target_rows = max(rows * self._max_bytes * 9 // len(data) // 10, 1)
            self._put_back(table)
            return
        del table  # its memory is needed while this waits for the compressors
        self._write(data, rows)
        fitting = max(rows * self._max_bytes * 9 // max(len(data), 1) // 10, 1)
        limit = self._chunk_rows or max(2 * self._target_rows, FIRST_CHUNK_ROWS)
        self._target_rows = min(limit, fitting)

    def _take(self, rows: int) -> pa.Table:
        """Remove and return the next `rows` rows, or fewer where a timestamp changes its unit."""
        parts: list[pa.RecordBatch] = []
        left = rows
        while left and (not parts or self._pending[0].schema == parts[0].schema):
            batch = self._pending.popleft()
            self._pending_bytes -= batch.nbytes
            if batch.num_rows > left:
                rest = batch.slice(left)
                self._pending.appendleft(rest)
                self._pending_bytes += rest.nbytes
                batch = batch.slice(0, left)
            parts.append(batch)
            left -= batch.num_rows
        self._pending_rows -= rows - left
        return pa.Table.from_batches(parts)

    def _put_back(self, table: pa.Table) -> None:
        for batch in reversed(table.to_batches()):
            self._pending.appendleft(batch)
            self._pending_bytes += batch.nbytes
        self._pending_rows += table.num_rows

    def _write(self, data: bytes, rows: int) -> None:
        path = self._result.directory / f"{self._names:06d}.gz"
        self._names += 1
        self._compressing.append(self._pool.submit(_compress, path, data, rows))
        while len(self._compressing) > COMPRESSORS:
            self._result.chunks.append(self._compressing.popleft().result())


def _compress(path: Path, data: bytes, rows: int) -> Chunk:
    gzip = zlib.compressobj(1, zlib.DEFLATED, GZIP_WINDOW)
    with path.open("wb") as file:
        for start in range(0, len(data), BLOCK_BYTES):
            file.write(gzip.compress(memoryview(data)[start : start + BLOCK_BYTES]))
        file.write(gzip.flush())
        return Chunk(path, rows, len(data), file.tell())
