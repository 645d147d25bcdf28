"""The rule as one lazy query: rows in, months out, in bounded memory.

Polars' streaming engine runs it and spills to disk. The in-memory engine must never see it:
its decimal sums overflow without an error.
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

# The rows of each group. Where polars panics its result just ends, without an error: these tell.
ROWS = "rows"
_NO_ROOM = ("os error 28", "no space left", "os error 27", "file too large")
_BATCH_ROWS = 64 * 1024


def limit_memory(size: int, spill: Path) -> None:
    """Let polars hold at most `size` bytes and spill the rest below `spill`.

    The limit is polars' own, for the whole process: it is one budget however many transfers run.
    """
    os.environ["POLARS_OOC_MEMORY_BUDGET_MB"] = str(size // 2**20)
    os.environ["POLARS_OOC_SPILL_DIR"] = str(spill)
    # A bucket of a sort is held several times over while it is merged; the default, of fixed
    # size, takes 250 MB beyond the budget, and longer (measured).
    os.environ["POLARS_SORT_TARGET_BUCKET_BYTES"] = str(size // 40)
    os.environ["POLARS_SORT_PARTITION_THRESHOLD_BYTES"] = str(size // 20)
    pl.Config.reload_env_vars()


def group_by_month(rows: pl.LazyFrame, fields: tuple[Field, ...]) -> pl.LazyFrame:
    """Group by month and keys, sum the sums; ordered by month, then keys, NULLs last.

    The last column, `rows`, counts the rows of each group.

    A sum is NULL where a group has only NULLs. Sums of NUMBERs are DECIMAL(38,s) and exact: a sum
    past 38 digits ends the query with an error.
    """
    by = [field for field in fields if field.is_group]
    sums = [field for field in fields if field.is_sum]
    grouped = rows.group_by([_grouping(field) for field in by])
    result = grouped.agg(*(_sum(field) for field in sums), pl.len().alias(ROWS))
    names = [field.alias for field in by]
    return result.sort(names, nulls_last=True).with_columns(
        pl.col(field.alias).cast(pl.Decimal(38, 0)) for field in sums if _is_int64(field)
    )


def collect_batches(query: pl.LazyFrame, watch: Callable[[], None]) -> Generator[pl.DataFrame]:
    """Run `query` and hand out its result piece by piece.

    Polars cannot be interrupted while it merges or sorts, so it works in a thread that a run
    which ends early leaves behind: it ends at its next piece.

    Args:
        query: what `group_by_month` made.
        watch: called ten times a second; what it raises ends the run.

    Raises:
        SourceDataError: a sum has more than 38 digits.
        LocalResourceError: the disk for spilling is full.
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
        except BaseException as error:  # the reader raises it
            put(error)

    threading.Thread(target=collect, name="aggregate", daemon=True).start()
    try:
        while (piece := _next_piece(pieces, watch)) is not None:
            if isinstance(piece, BaseException):
                raise _failure(piece) from piece
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
    """What a piece of the result adds to the books."""
    sums = frame.select(field.alias for field in fields if field.is_sum)
    table = sums.to_arrow(compat_level=pl.CompatLevel.oldest())
    return Tally(rows=frame.height, totals={name: total(table[name]) for name in sums.columns})


def to_delivery(
    frame: pl.DataFrame, plan: Plan, fields: tuple[Field, ...], units: Mapping[str, str]
) -> pl.DataFrame:
    """A piece of the result under the table's names, in the table's order.

    Args:
        frame: `month`, `key_1`..., `sum_1`...
        units: `us` for a nanosecond timestamp column whose years need it, by column name.
    """
    aliases = {f.column.name: f for f in fields if f.column is not None}
    columns = [
        frame.select(_convert(aliases[c.name], units.get(c.name, "ns"))).to_series().alias(c.name)
        for c in plan.delivered
    ]
    return pl.DataFrame(columns)


def _is_int64(field: Field) -> bool:
    return field.column is not None and field.column.source.type.fits_int64


def _grouping(field: Field) -> pl.Expr:
    column = pl.col(field.alias)
    if field.is_key and field.column and field.column.source.type.kind == "REAL":
        return (column + 0.0).alias(field.alias)  # -0.0 and 0.0 are one key: 0.0
    return column


def _sum(field: Field) -> pl.Expr:
    column = pl.col(field.alias)
    # 64-bit sums wrap; in 128 bits they cannot, below 2^64 rows.
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


def _failure(error: BaseException) -> Exception:
    """The error of ours for one of polars', and for its panics; any other as it is."""
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
