"""The aggregation by month in a thread of its own, and its groups as totals and as delivered rows.

Neither polars nor the disk can be interrupted. So the work is done in a thread, and whoever waits
for its groups can leave at any moment.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import polars as pl

from core.aggregation.aggregator import Aggregator
from core.aggregation.arrow_types import is_nanosecond_key
from core.aggregation.partial_sums import PartialSums
from core.aggregation.reconciliation import Tally, too_many_digits, total
from core.errors import CancelledError, LocalResourceError, TransferError
from core.planning.plan import Plan, Role
from core.query import Field
from core.request.options.values import TimestampUnit

_NO_ROOM: Final = (
    "os error 28",
    "no space left",
    "os error 27",
    "file too large",
    "quota exceeded",
)


def aggregate(
    sums: PartialSums,
    parts: Iterable[pl.DataFrame],
    budget: int,
    path: Path,
    watch: Callable[[], None],
) -> Generator[pl.DataFrame]:
    """Add partial results in a thread, and yield the groups in order.

    The groups are ordered by month, then by the keys, NULLs last. The last column, `rows`, is the
    number of rows of each group. A sum is NULL if its group has only NULLs. Sums of NUMBERs are
    exact DECIMAL(38,s) values; those of floats are exact until they are rounded to the nearest.

    If the generator is closed early, the thread ends with the step of polars that it is at.

    Args:
        sums: adds the partial results.
        parts: the partial results; read in the thread.
        budget: bytes of memory; beyond it they are written to `path`.
        path: a file that may be created; it is removed at the end.
        watch: called ten times a second; an exception that it raises ends the run.

    Raises:
        SourceDataError: a sum has more than 38 digits.
        LocalResourceError: the disk of `path` is full.
        Exception: an error that `parts` raised.
    """
    work = _Work(lambda check: _add_up(Aggregator(sums, budget, path, check), parts, check))
    try:
        while (piece := work.next(watch)) is not None:
            yield piece
    finally:
        work.leave()


def _add_up(
    aggregator: Aggregator, parts: Iterable[pl.DataFrame], check: Callable[[], None]
) -> Iterator[pl.DataFrame]:
    for part in parts:
        check()
        aggregator.add(part)
    yield from aggregator.results()


class _Work:
    """An iterator of frames that runs in a thread, two frames ahead.

    Args:
        start: makes the iterator; takes a function that raises CancelledError once `leave` was
            called.
    """

    def __init__(self, start: Callable[[Callable[[], None]], Iterator[pl.DataFrame]]) -> None:
        self._pieces: queue.Queue[pl.DataFrame | BaseException | None] = queue.Queue(maxsize=2)
        self._left = threading.Event()
        threading.Thread(target=self._run, args=[start], name="aggregate", daemon=True).start()

    def next(self, watch: Callable[[], None]) -> pl.DataFrame | None:
        """Wait for the next frame; None at the end. Raises the iterator's errors."""
        while True:
            watch()
            try:
                piece = self._pieces.get(timeout=0.1)
            except queue.Empty:
                continue
            if isinstance(piece, BaseException):
                raise _translate_error(piece) from piece
            return piece

    def leave(self) -> None:
        """Stop waiting; the iterator ends with the step that it is at."""
        self._left.set()

    def _run(self, start: Callable[[Callable[[], None]], Iterator[pl.DataFrame]]) -> None:
        try:
            for piece in start(self._check):
                self._put(piece)
            self._put(None)
        except BaseException as error:  # `next` raises it
            self._put(error)

    def _put(self, piece: pl.DataFrame | BaseException | None) -> None:
        while not self._left.is_set():
            with suppress(queue.Full):
                self._pieces.put(piece, timeout=0.1)
                return

    def _check(self) -> None:
        if self._left.is_set():
            raise CancelledError


def tally(frame: pl.DataFrame, fields: tuple[Field, ...]) -> Tally:
    """Return what a batch of the result adds to the totals of the run."""
    sums = frame.select(field.alias for field in fields if field.is_sum)
    table = sums.to_arrow(compat_level=pl.CompatLevel.oldest())
    return Tally(rows=frame.height, totals={name: total(table[name]) for name in sums.columns})


def to_delivery(frame: pl.DataFrame, plan: Plan, fields: tuple[Field, ...]) -> pl.DataFrame:
    """Return a batch of the result with the names, order and types of the delivery.

    Args:
        frame: `month`, `key_1`..., `sum_1`...
        plan: the plan.
        fields: the fields of `frame`.
    """
    aliases = {f.column.name: f for f in fields if f.column is not None}
    columns = [
        frame.select(_convert(aliases[c.name], plan.timestamp_unit))
        .to_series()
        .alias(c.delivered_name)
        for c in plan.delivered
    ]
    return pl.DataFrame(columns)


def _convert(field: Field, unit: TimestampUnit) -> pl.Expr:
    assert field.column is not None  # noqa: S101 - for the type checker
    column = pl.col(field.alias)
    kind = field.column.source.type
    if field.column.role is not Role.KEY:
        return column
    if kind.kind == "TIME":
        return column.cast(pl.Time)
    if is_nanosecond_key(field.column):
        count = column if unit == "ns" else column // 1_000
        stamp = count.cast(pl.Int64).cast(pl.Datetime(unit))
        return stamp if kind.kind == "TIMESTAMP_NTZ" else stamp.dt.replace_time_zone("UTC")
    return column


def _translate_error(error: BaseException) -> Exception:
    """Return the `TransferError` for an error or panic of polars; other errors unchanged."""
    if isinstance(error, TransferError):
        return error
    text = str(error).lower()
    if "overflow" in text:
        return too_many_digits()
    if any(word in text for word in _NO_ROOM):
        return LocalResourceError(
            "The disk is full: rows could not be written to it.",
            "Free space, or name another directory in AMPLIFY_SPILL_DIR.",
        )
    if isinstance(error, Exception):
        return error
    return TransferError(f"Unexpected {type(error).__name__} of polars.")
