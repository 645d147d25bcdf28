"""Preparing the rows of a plan for the aggregation: casting, removing blank rows, counting."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from core.aggregation.arrow_types import cast_columns, is_nanosecond_key, read_type, timestamp_units
from core.aggregation.reconciliation import BAD_EXAMPLES, MOST_DIGITS, RunTotals, Tally, total
from core.errors import SourceDataError
from core.planning.plan import Plan
from core.query import INT64, Field
from core.remedy import Advice, Remedy
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
        far: the aliases of nanosecond timestamps with a value beyond 64 bits.
        fine: the aliases of nanosecond timestamps with a fraction of a microsecond.
    """

    part: pl.DataFrame
    tally: Tally
    far: frozenset[str]
    fine: frozenset[str]


def to_chunk(fields: tuple[Field, ...], reduce: Reduce, table: pa.Table) -> Chunk:
    """Cast one batch of the result of `query.select_rows`, remove blank rows, count, and reduce.

    Args:
        fields: the columns of the result, by position.
        reduce: makes the partial result; see `core.aggregation.reducer.Reducer.reduce`.
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
    return Chunk(reduce(frame, narrow), tally, *_find_extents(frame, fields))


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
        self._far: frozenset[str] = frozenset()
        self._fine: frozenset[str] = frozenset()
        self.totals = RunTotals(rows_declared=download.total_rows)

    def __iter__(self) -> Iterator[pl.DataFrame]:
        """Yield the partial results of the batches.

        Raises:
            SourceDataError: dates do not parse, and the plan does not allow them.
            TransferError: the download failed, or was stopped.
        """
        failing = self._plan.on_bad_date == "fail"
        for index, chunk in self._download:
            self.totals.add_read(chunk.tally)
            self._far |= chunk.far
            self._fine |= chunk.fine
            self._on_rows(chunk.tally.rows, self._download.size(index))
            # After an invalid date the run fails; the other rows are only counted, for the error.
            if not (failing and self.totals.bad_dates):
                yield chunk.part
        if failing and self.totals.bad_dates:
            raise bad_dates(self._plan, self.totals)

    def units(self) -> dict[str, str]:
        """Return the columns whose nanosecond timestamps must be delivered in microseconds.

        See `core.aggregation.arrow_types.timestamp_units`.
        """
        return timestamp_units(self._fields, self._far.__contains__, self._fine.__contains__)


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


def _find_extents(
    frame: pl.DataFrame, fields: tuple[Field, ...]
) -> tuple[frozenset[str], frozenset[str]]:
    """Return the aliases of the nanosecond timestamps that are `far`, and that are `fine`."""
    stamps = [
        field.alias
        for field in fields
        if field.is_group and field.column and is_nanosecond_key(field.column)
    ]
    if not stamps:
        return frozenset(), frozenset()
    far = frame.select((pl.col(stamps).abs() > INT64).any()).row(0, named=True)
    fine = frame.select((pl.col(stamps) % 1_000 != 0).any()).row(0, named=True)
    return (
        frozenset(name for name, found in far.items() if found),
        frozenset(name for name, found in fine.items() if found),
    )
