"""Download the batches of a result in parallel, within a byte budget, and check each one.

The connector's prefetching is not used: it hangs when its memory limit is small, does not check row
counts, and decodes every chunk by the schema of the first.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain, islice
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from core.errors import IntegrityError, TemporaryError, TransferError
from core.runtime.background import run_within
from core.runtime.cancel import Cancel, check
from core.runtime.retry import as_temporary
from core.warehouse.ask import ask_once
from core.warehouse.failures import translate
from core.warehouse.results.batch_list import BatchList
from core.warehouse.results.chunks import Fetch
from core.warehouse.statement import Result

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")

# Attempts at a batch whose row count differs from the declared one, before the run fails.
_WRONG = 3
# Of uncompressed data; a slower download is treated as stalled.
_SLOWEST_BYTES_PER_SECOND = 256 * 1024
# A decoded chunk with the buffer it came in takes about twice its uncompressed size (measured).
_BYTES_PER_BYTE = 2
# The size of the inline batch is not declared; Snowflake keeps it small.
INLINE_BYTES = 1_000_000


class _Piece(NamedTuple, Generic[T]):
    """A converted piece of a batch.

    Attributes:
        batch: the index of the batch.
        size: its part of the uncompressed bytes of the batch.
        value: the converted rows; or the error that ended the batch.
        is_last: whether it is the last of its batch.
    """

    batch: int
    size: int
    value: T | Exception
    is_last: bool


class Download(Generic[T]):
    """An iterator over all batches of a result, each in pieces that `convert` has converted.

    Args:
        result: the finished statement.
        convert: converts the table of a piece; runs in the download threads.
        budget: bytes that batches in flight may take; one batch is always allowed.
        workers: download threads.
        cancel: stops the download at the next batch.
        ordered: yield the rows in the order of the result; else batches in the order of arrival.
            Batches that wait for their turn count against the budget.
    """

    def __init__(
        self,
        result: Result,
        convert: Callable[[pa.Table], T],
        *,
        budget: int,
        workers: int,
        cancel: Cancel,
        ordered: bool = False,
    ) -> None:
        self._result = result
        self._convert = convert
        self._budget = budget
        self._workers = workers
        self._cancel = cancel
        self._ordered = ordered
        self._batches = result.batches
        self._refresh = threading.Lock()
        self._todo: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        # Bounded, so that a large batch is not converted faster than its pieces are read.
        self._done: queue.Queue[_Piece[T]] = queue.Queue(workers)
        self._stopped = threading.Event()
        self._retry = result.retry
        self._chunks = Fetch(result.connection, self._retry.patience, self._stopped)
        declared = self._batches.declared
        self.total_rows = sum(self._batches.rows)
        if declared is not None and declared != self.total_rows:
            raise IntegrityError(
                f"The warehouse declares {declared} rows but lists batches of {self.total_rows}.",
                "Run again; if it stays, report it to Snowflake.",
            )
        # A URL that is listed twice would be read twice, in place of other rows.
        urls = [url for url in self._batches.urls if url]
        if len(set(urls)) < len(urls) or any(rows < 0 for rows in self._batches.rows):
            raise IntegrityError("The warehouse's list of batches is invalid.", "Run again.")
        self.total_bytes = sum(self._batches.sizes)

    def stop(self) -> None:
        """End the download threads; a reader in any thread then gets a CancelledError."""
        self._stopped.set()
        for _ in range(self._workers):
            self._todo.put(None)

    def __iter__(self) -> Iterator[tuple[int, T]]:
        """Yield each converted piece after its bytes; batches without rows are skipped.

        The bytes are those of the batch before compression, as Snowflake declares them.
        """
        waiting = deque(n for n, rows in enumerate(self._batches.rows) if rows)
        costs: dict[int, int] = {}  # of the batches in flight, in their order
        early: list[_Piece[T]] = []
        threads = [
            threading.Thread(target=self._work, name=f"download-{n}", daemon=True)
            for n in range(min(self._workers, len(waiting)))
        ]
        for thread in threads:
            thread.start()
        try:
            while waiting or costs:
                while waiting and self._fits(waiting[0], costs):
                    index = waiting.popleft()
                    costs[index] = self._cost(index)
                    self._todo.put(index)
                piece = self._take(next(iter(costs)) if self._ordered else None, early)
                if isinstance(piece.value, Exception):
                    raise piece.value
                yield piece.size, piece.value
                if piece.is_last:
                    del costs[piece.batch]
                del piece  # its rows take memory until the next one is there
        finally:
            self.stop()
            self._chunks.close()

    def _fits(self, index: int, costs: dict[int, int]) -> bool:
        """Whether one more batch may be requested: at most two per worker, within the budget."""
        if len(costs) >= 2 * self._workers:
            return False
        return not costs or sum(costs.values()) + self._cost(index) <= self._budget

    def _cost(self, index: int) -> int:
        return _BYTES_PER_BYTE * (self._batches.sizes[index] or INLINE_BYTES)

    def _take(self, due: int | None, early: list[_Piece[T]]) -> _Piece[T]:
        """Return the next piece, of batch `due` if that is not None; others wait in `early`."""
        for n, piece in enumerate(early):
            if piece.batch == due:
                return early.pop(n)
        while (piece := self._next()).batch != due:
            if due is None or isinstance(piece.value, Exception):
                break
            early.append(piece)
        return piece

    def _next(self) -> _Piece[T]:
        while True:
            check(self._cancel)
            check(self._stopped)
            try:
                return self._done.get(timeout=0.1)
            except queue.Empty:
                continue

    def _work(self) -> None:
        while (index := self._todo.get()) is not None and not self._stopped.is_set():
            try:
                self._convert_all(index)
            except Exception as error:  # the reader raises it
                self._put(_Piece(index, 0, error, is_last=True))
            except BaseException as error:  # a panic of polars; otherwise the reader would wait
                failure = self._translate(error)
                failure.__cause__ = error
                self._put(_Piece(index, 0, failure, is_last=True))

    def _convert_all(self, index: int) -> None:
        rows, size, done = self._batches.rows[index], self._batches.sizes[index], 0
        for table in self._fetch(index):
            before, done = done, done + table.num_rows
            part = size * done // rows - size * before // rows
            value = self._convert(table)
            del table
            self._put(_Piece(index, part, value, is_last=done == rows))
            del value
        if done != rows:  # without its last piece, the reader would wait for ever
            raise _wrong_count(done, rows)

    def _put(self, piece: _Piece[T]) -> None:
        while not self._stopped.is_set():
            with suppress(queue.Full):
                self._done.put(piece, timeout=0.1)
                return

    def _fetch(self, index: int) -> Iterator[pa.Table]:
        """Download a batch and decode its pieces; after a failure, retry with fresh URLs.

        Once the first piece is decoded, the batch is not downloaded again.
        """
        failed: BatchList | None = None
        wrong = 0

        def once() -> Iterator[pa.Table]:
            nonlocal failed
            if failed is not None:
                self._renew(failed)
            failed = self._batches
            return self._download(failed, index)

        def why(error: Exception) -> TemporaryError | None:
            nonlocal wrong
            if isinstance(error, IntegrityError):
                wrong += 1
                return TemporaryError(error.message, again=True) if wrong < _WRONG else None
            return as_temporary(error)

        what = f"Batch {index + 1} of {len(self._batches)}"
        pieces = self._retry.tries(what, self._stopped, why).call(once)
        self._batches.drop(index)
        return pieces

    def _download(self, batches: BatchList, index: int) -> Iterator[pa.Table]:
        """Make one attempt, with a time limit that depends on the size of the batch."""
        limit = self._retry.patience + batches.sizes[index] / _SLOWEST_BYTES_PER_SECOND

        def attempt() -> tuple[int, Iterator[pa.Table]]:
            rows, pieces = self._chunks.pieces(batches, index)
            return rows, chain(list(islice(pieces, 1)), pieces)

        try:
            rows, pieces = run_within(limit, self._stopped, attempt)
        except Exception as error:
            raise self._translate(error) from error
        if rows != batches.rows[index]:
            raise _wrong_count(rows, batches.rows[index])
        return pieces

    def _renew(self, failed: BatchList) -> None:
        """Request the batch list of the same result again, because its URLs expire.

        If the warehouse does not answer, the old URLs are tried again, as they may still be valid.
        """
        connection, query_id = self._result.connection, self._result.query_id

        def batches() -> BatchList:
            fresh = BatchList.of(connection, connection.cursor().query_result(query_id))
            if failed.is_counted:
                fresh.count()
            return fresh

        with self._refresh:
            if self._batches is not failed:
                return
            try:
                fresh = ask_once(connection, batches, "reading the result again", self._stopped)
            except TemporaryError as error:
                if error.again:
                    return
                raise  # for example, because the result is no longer stored
            if fresh.rows != failed.rows:
                raise IntegrityError(
                    "The warehouse split the same result into different batches the second time.",
                    "Run again.",
                )
            fresh.drop_as(failed)
            self._batches = fresh

    @staticmethod
    def _translate(error: BaseException) -> TransferError:
        return translate(error, "downloading the result")


def _wrong_count(rows: int, declared: int) -> IntegrityError:
    return IntegrityError(
        f"A result batch holds {rows} rows instead of {declared}.",
        "Run again.",
    )
