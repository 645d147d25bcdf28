"""Preparing the rows of a plan for the aggregation: casting, removing blank rows, counting."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from core.aggregation.arrow_types import cast_columns, check_units, is_nanosecond_key, read_type
from core.aggregation.reconciliation import BAD_EXAMPLES, MOST_DIGITS, RunTotals, Tally, total
from core.errors import SourceDataError
from core.planning.plan import Plan
from core.query import INT64, Field
from core.remedy import Advice, Remedy
from core.request.options.values import TimestampUnit
from core.warehouse.results.download import Download

_NARROW = 32  # bits; 64-bit sums of 2^31 such integers cannot wrap

# Makes a partial result of rows and the aliases of their narrow sum columns.
Reduce = Callable[[pl.DataFrame, Collection[str]], pl.DataFrame]


@dataclass(frozen=True)
class Chunk:
    """One batch of rows, ready for the aggregation.

    Attributes:
        part: the partial result of its rows without the blank ones.
        tally: what the batch adds to the totals of the run.
        unfit: the aliases of times and timestamps with a value that the plan's unit cannot hold.
    """

    part: pl.DataFrame
    tally: Tally
    unfit: frozenset[str]


def to_chunk(
    fields: tuple[Field, ...], reduce: Reduce, unit: TimestampUnit, table: pa.Table
) -> Chunk:
    """Cast one batch of the result of `query.select_rows`, remove blank rows, count, and reduce.

    Args:
        fields: the columns of the result, by position.
        reduce: makes the partial result; see `core.aggregation.reducer.Reducer.reduce`.
        unit: the unit of times and timestamps.
        table: the batch as the connector decoded it.

    Raises:
        IntegrityError: the batch has other columns or types than the statement selects.
    """
    columns = cast_columns(fields, table, read_type)
    totals = {
        # Before the cast, because narrow types are summed faster.
        field.alias: total(values, field.column.source.type.precision or MOST_DIGITS)
        for field, values in zip(fields, table.columns, strict=True)
        if field.column and field.is_sum
    }
    columns, blank = _without_blank(columns)
    bad = columns.pop("bad", None)
    tally = Tally(
        rows=table.num_rows,
        blank=blank,
        null_dates=columns["month"].null_count,
        bad_dates=0 if bad is None else len(bad) - bad.null_count,
        bad_examples=() if bad is None else _take_examples(bad),
        totals=totals,
    )
    frame = pl.from_arrow(pa.table(columns))
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - for the type checker
    narrow = [
        field.alias
        for field, values in zip(fields, table.columns, strict=True)
        if field.is_sum and _is_narrow(field, values.type)
    ]
    return Chunk(reduce(frame, narrow), tally, _find_unfit(frame, fields, unit))


def bad_dates(plan: Plan, totals: RunTotals) -> SourceDataError:
    """Return the error for a table that holds dates that cannot be parsed."""
    shown = ", ".join(repr(value) for value in totals.bad_examples)
    found = f"{totals.bad_dates:,} dates of {plan.month.name} cannot be parsed ({plan.month.why})"
    error = SourceDataError(
        f"{found}{f', such as {shown}' if shown else ''}.",
        Advice(
            "Give another format: ",
            Remedy("date_format"),
            "; or put these rows in the NULL month, which loses their months: ",
            Remedy("on_bad_date", "null"),
            ".",
        ),
    )
    error.stored = f"{found}."
    return error


class Rows:
    """The chunks of a download as a stream of partial results, which can be read once.

    Args:
        plan: the plan.
        fields: the columns of the result.
        download: the batches, converted by `to_chunk`.
        on_rows: called after each batch with its number of rows and bytes.

    Attributes:
        totals: the totals of the rows read, complete when the stream has ended.
    """

    def __init__(
        self,
        plan: Plan,
        fields: tuple[Field, ...],
        download: Download[Chunk],
        on_rows: Callable[[int, int], None],
    ) -> None:
        self._plan = plan
        self._fields = fields
        self._download = download
        self._on_rows = on_rows
        self.totals = RunTotals(rows_declared=download.total_rows)

    def __iter__(self) -> Iterator[pl.DataFrame]:
        """Yield the partial results of the batches.

        Raises:
            SourceDataError: dates do not parse, and the plan does not allow them; or a key has a
                value that the plan's unit cannot hold.
            TransferError: the download failed, or was stopped.
        """
        failing = self._plan.on_bad_date == "fail"
        for size, chunk in self._download:
            self.totals.add_read(chunk.tally)
            check_units(self._plan.timestamp_unit, self._fields, chunk.unfit.__contains__)
            self._on_rows(chunk.tally.rows, size)
            # After an invalid date the run fails; the other rows are only counted, for the error.
            if not (failing and self.totals.bad_dates):
                yield chunk.part
        if failing and self.totals.bad_dates:
            raise bad_dates(self._plan, self.totals)


def _is_narrow(field: Field, kind: pa.DataType) -> bool:
    """Whether a column is summed as integers, and this batch has none of more than 32 bits."""
    is_int64 = field.column is not None and field.column.source.type.fits_int64
    return is_int64 and pa.types.is_integer(kind) and kind.bit_width <= _NARROW


def _without_blank(columns: dict[str, pa.ChunkedArray]) -> tuple[dict[str, pa.ChunkedArray], int]:
    """Return the columns without the rows flagged `blank`, and the number of rows removed."""
    flags = columns.pop("blank", None)
    blank = 0 if flags is None else pc.sum(flags, min_count=0).as_py()
    if not blank:
        return columns, 0
    keep = pc.invert(flags)
    return {name: column.filter(keep) for name, column in columns.items()}, blank


def _take_examples(bad: pa.ChunkedArray) -> tuple[str, ...]:
    if bad.null_count == len(bad):
        return ()
    return tuple(bad.drop_null().slice(0, BAD_EXAMPLES).to_pylist())


def _find_unfit(
    frame: pl.DataFrame, fields: tuple[Field, ...], unit: TimestampUnit
) -> frozenset[str]:
    """Return the aliases of the keys, in nanoseconds, with a value that `unit` cannot hold."""
    keys = [
        field.alias
        for field in fields
        if field.is_group and field.column and is_nanosecond_key(field.column)
    ]
    if not keys:
        return frozenset()
    counts = pl.col(keys)
    unfit = counts % 1_000 != 0 if unit == "us" else counts.abs() > INT64
    found = frame.select(unfit.any()).row(0, named=True)
    return frozenset(name for name, has_some in found.items() if has_some)
