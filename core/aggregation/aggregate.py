"""The aggregation by month as one lazy query, in bounded memory.

Polars' streaming engine must run it: that engine spills to disk, while the decimal sums of the
in-memory engine overflow without an error.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from pathlib import Path

import polars as pl

from core.aggregation.arrow_types import is_nanosecond_key
from core.aggregation.reconciliation import Tally, too_many_digits, total
from core.errors import LocalResourceError, TransferError
from core.planning.plan import Plan, Role
from core.query import Field

# The number of rows of each group. If polars panics, its result ends early without an error; the
# sum of these counts is then too small.
ROWS = "rows"
_NO_ROOM = ("os error 28", "no space left", "os error 27", "file too large")
_BATCH_ROWS = 64 * 1024


def limit_memory(size: int, spill: Path) -> None:
    """Limit the memory of polars, which spills to disk beyond it.

    Polars applies the limit to the whole process, so all transfers in it share one budget.

    Args:
        size: the limit in bytes.
        spill: the directory to spill to.
    """
    os.environ["POLARS_OOC_MEMORY_BUDGET_MB"] = str(size // 2**20)
    os.environ["POLARS_OOC_SPILL_DIR"] = str(spill)
    # Merging holds several copies of a sort's bucket in memory. The default bucket, of a fixed
    # size, exceeds the budget by 250 MB, and is slower (measured).
    os.environ["POLARS_SORT_TARGET_BUCKET_BYTES"] = str(size // 40)
    os.environ["POLARS_SORT_PARTITION_THRESHOLD_BYTES"] = str(size // 20)
    pl.Config.reload_env_vars()


def group_by_month(rows: pl.LazyFrame, fields: tuple[Field, ...]) -> pl.LazyFrame:
    """Group rows by month and keys, and sum the sum columns.

    The result is ordered by month, then by the keys, NULLs last. Its last column, `rows`, is the
    number of rows of each group. A sum is NULL if its group has only NULLs. Sums of NUMBERs are
    exact DECIMAL(38,s) values; a sum of more than 38 digits ends the query with an error.
    """
    by = [field for field in fields if field.is_group]
    sums = [field for field in fields if field.is_sum]
    grouped = rows.group_by([_make_key(field) for field in by])
    result = grouped.agg(*(_sum(field) for field in sums), pl.len().alias(ROWS))
    names = [field.alias for field in by]
    return result.sort(names, nulls_last=True).with_columns(
        pl.col(field.alias).cast(pl.Decimal(38, 0)) for field in sums if _is_int64(field)
    )


def collect_batches(query: pl.LazyFrame, watch: Callable[[], None]) -> Generator[pl.DataFrame]:
    """Run `query` in a thread, and yield the batches of its result.

    Polars cannot be interrupted while it merges or sorts. If the generator is closed early, the
    thread goes on until its next batch, and ends there.

    Args:
        query: the result of `group_by_month`.
        watch: called ten times a second; an exception that it raises ends the run.

    Raises:
        SourceDataError: a sum has more than 38 digits.
        LocalResourceError: the disk that polars spills to is full.
    """
    pieces: queue.Queue[pl.DataFrame | BaseException | None] = queue.Queue(maxsize=2)
    left = threading.Event()

    def put(piece: pl.DataFrame | BaseException | None) -> None:
        while not left.is_set():
            with suppress(queue.Full):
                pieces.put(piece, timeout=0.1)
                return

    def collect() -> None:
        try:
            for frame in query.collect_batches(
                chunk_size=_BATCH_ROWS, maintain_order=True, lazy=True, engine="streaming"
            ):
                put(frame)
                if left.is_set():
                    return
            put(None)
        except BaseException as error:  # the generator raises it
            put(error)

    threading.Thread(target=collect, name="aggregate", daemon=True).start()
    try:
        while (piece := _next_piece(pieces, watch)) is not None:
            if isinstance(piece, BaseException):
                raise _translate_error(piece) from piece
            yield piece
    finally:
        left.set()


def _next_piece(
    pieces: queue.Queue[pl.DataFrame | BaseException | None], watch: Callable[[], None]
) -> pl.DataFrame | BaseException | None:
    while True:
        watch()
        try:
            return pieces.get(timeout=0.1)
        except queue.Empty:
            continue


def tally(frame: pl.DataFrame, fields: tuple[Field, ...]) -> Tally:
    """Return what a batch of the result adds to the totals of the run."""
    sums = frame.select(field.alias for field in fields if field.is_sum)
    table = sums.to_arrow(compat_level=pl.CompatLevel.oldest())
    return Tally(rows=frame.height, totals={name: total(table[name]) for name in sums.columns})


def to_delivery(
    frame: pl.DataFrame, plan: Plan, fields: tuple[Field, ...], units: Mapping[str, str]
) -> pl.DataFrame:
    """Return a batch of the result with the names, order and types of the delivery.

    Args:
        frame: `month`, `key_1`..., `sum_1`...
        plan: the plan.
        fields: the fields of `frame`.
        units: the unit `us`, by column name, of nanosecond timestamps whose years need it.
    """
    aliases = {f.column.name: f for f in fields if f.column is not None}
    columns = [
        frame.select(_convert(aliases[c.name], units.get(c.name, "ns"))).to_series().alias(c.name)
        for c in plan.delivered
    ]
    return pl.DataFrame(columns)


def _is_int64(field: Field) -> bool:
    return field.column is not None and field.column.source.type.fits_int64


def _make_key(field: Field) -> pl.Expr:
    column = pl.col(field.alias)
    if field.is_key and field.column and field.column.source.type.kind == "REAL":
        return (column + 0.0).alias(field.alias)  # -0.0 and 0.0 are one key: 0.0
    return column


def _sum(field: Field) -> pl.Expr:
    column = pl.col(field.alias)
    # 64-bit sums wrap silently; 128-bit sums of fewer than 2^64 rows cannot.
    addend = column.cast(pl.Int128) if _is_int64(field) else column
    if field.column is not None and not field.column.source.nullable:
        return addend.sum().alias(field.alias)
    return pl.when(column.is_not_null().any()).then(addend.sum()).alias(field.alias)


def _convert(field: Field, unit: str) -> pl.Expr:
    assert field.column is not None  # noqa: S101 - for the type checker
    column = pl.col(field.alias)
    kind = field.column.source.type
    if field.column.role is not Role.KEY:
        return column
    if kind.kind == "TIME":
        return column.cast(pl.Time)
    if is_nanosecond_key(field.column):
        count = column if unit == "ns" else column // 1_000
        stamp = count.cast(pl.Int64).cast(pl.Datetime("ns" if unit == "ns" else "us"))
        return stamp if kind.kind == "TIMESTAMP_NTZ" else stamp.dt.replace_time_zone("UTC")
    return column


def _translate_error(error: BaseException) -> Exception:
    """Return the `TransferError` for an error or panic of polars; other errors unchanged."""
    text = str(error).lower()
    if "overflow" in text:
        return too_many_digits()
    if any(word in text for word in _NO_ROOM):
        return LocalResourceError(
            "The disk for temporary files is full.",
            "Free space, or name another directory in AMPLIFY_SPILL_DIR.",
        )
    if isinstance(error, Exception):
        return error
    return TransferError(f"Unexpected {type(error).__name__} of polars.")
