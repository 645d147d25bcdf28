"""The batches of a result, downloaded in parallel within a byte budget, each one checked.

The pool is our own because the connector's prefetching hangs when its memory limit is small,
does not check row counts, and decodes every chunk by the schema of the first.
"""

from __future__ import annotations

import queue
import random
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Generic, TypeVar

from core.errors import IntegrityError, TransferError
from core.warehouse.failures import translate
from core.warehouse.statement import Cancel, Result, check

if TYPE_CHECKING:
    import pyarrow as pa
    from snowflake.connector.result_batch import ResultBatch

T = TypeVar("T")

_ATTEMPTS = 6
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 8.0  # seconds
# A decoded chunk with the buffer it came in takes about twice its uncompressed size (measured).
_BYTES_PER_BYTE = 2
# The inline batch does not tell its size; Snowflake keeps it small.
_INLINE_BYTES = 1_000_000


class Download(Generic[T]):
    """Every batch of a result once, converted by `convert`.

    Args:
        result: the finished statement.
        convert: turns a batch's table into what the reader wants; runs in the pool's threads.
        budget: bytes that batches may take at once; one batch is always allowed.
        workers: download threads.
        cancel: stops the download at the next batch.
        ordered: hand out the batches in the order of the result; else in the order they come. What
            waits for its turn counts against the budget.
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
        self._batches: list[ResultBatch] = list(result.cursor.get_result_batches() or [])
        self._refresh = threading.Lock()
        self._todo: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[int, T | Exception]] = queue.SimpleQueue()
        self._stopped = threading.Event()
        declared = result.cursor.rowcount
        self.total_rows = sum(batch.rowcount for batch in self._batches)
        if declared is not None and declared != self.total_rows:
            raise IntegrityError(
                f"The warehouse declares {declared} rows but lists batches of {self.total_rows}.",
                "Run again; if it stays, report it to Snowflake.",
            )
        self.total_bytes = sum(batch.uncompressed_size or 0 for batch in self._batches)

    def size(self, index: int) -> int:
        """Uncompressed bytes of a batch, 0 if the warehouse does not tell."""
        return self._batches[index].uncompressed_size or 0

    def stop(self) -> None:
        """Let whoever reads on, in whatever thread, meet a CancelledError."""
        self._stopped.set()

    def __iter__(self) -> Iterator[tuple[int, T]]:
        """Yield `(index, converted batch)`; batches without rows are skipped."""
        waiting = deque(n for n, batch in enumerate(self._batches) if batch.rowcount)
        costs: dict[int, int] = {}  # of the batches under way, in their order
        early: dict[int, T] = {}
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
                due = next(iter(costs)) if self._ordered else None
                if due not in early:
                    index, outcome = self._next()
                    if isinstance(outcome, Exception):
                        raise outcome
                    early[index] = outcome
                    del outcome
                    due = index if due is None else due
                if due in early:
                    yield due, early.pop(due)
                    del costs[due]
        finally:
            self._stopped.set()
            for _ in threads:
                self._todo.put(None)

    def _fits(self, index: int, costs: dict[int, int]) -> bool:
        """Whether one more batch may be under way: one ahead of each worker is enough."""
        if len(costs) >= 2 * self._workers:
            return False
        return not costs or sum(costs.values()) + self._cost(index) <= self._budget

    def _cost(self, index: int) -> int:
        return _BYTES_PER_BYTE * (self.size(index) or _INLINE_BYTES)

    def _next(self) -> tuple[int, T | Exception]:
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
                self._done.put((index, self._convert(self._fetch(index))))
            except Exception as error:  # the reader raises it
                self._done.put((index, error))
            except BaseException as error:  # a panic of polars: without it the reader would wait
                failure = self._failure(error)
                failure.__cause__ = error
                self._done.put((index, failure))

    def _fetch(self, index: int) -> pa.Table:
        """Download and decode one batch, with fresh URLs after a failure."""
        for attempt in range(1, _ATTEMPTS + 1):
            batch = self._batches[index]
            try:
                table = batch.to_arrow(number_to_decimal=True)
            except Exception as error:
                failure = self._failure(error)
                if failure.exit_code != 5 or attempt == _ATTEMPTS or self._stopped.is_set():
                    raise failure from error
                pause = min(_FIRST_PAUSE * 2**attempt, _LONGEST_PAUSE)
                self._stopped.wait(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
                self._renew(index, batch)
                continue
            if table.num_rows != batch.rowcount:
                raise IntegrityError(
                    f"A result batch holds {table.num_rows} rows instead of {batch.rowcount}.",
                    "Nothing was delivered; run again.",
                )
            return table
        raise AssertionError("unreachable")

    def _renew(self, index: int, failed: ResultBatch) -> None:
        """Ask for the batch list anew: its URLs expire. The rows are those of the same result."""
        with self._refresh:
            if self._batches[index] is not failed:
                return
            try:
                cursor = self._result.connection.cursor().query_result(self._result.query_id)
                batches = list(cursor.get_result_batches() or [])
            except Exception as error:
                raise translate(error, "reading the result again") from error
            if [b.rowcount for b in batches] != [b.rowcount for b in self._batches]:
                raise IntegrityError(
                    "The warehouse cut the same result differently at a second look.", "Run again."
                )
            self._batches = batches

    @staticmethod
    def _failure(error: BaseException) -> TransferError:
        return translate(error, "downloading the result")
