"""Preparing the rows of a plan for polars: casting, removing blank rows, counting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from polars.io.plugins import register_io_source

from core.aggregation.arrow_types import cast_columns, is_nanosecond_key, read_type, timestamp_units
from core.aggregation.reconciliation import BAD_EXAMPLES, MOST_DIGITS, RunTotals, Tally, total
from core.errors import SourceDataError
from core.planning.plan import Plan
from core.query import INT64, Field
from core.remedy import Advice, Remedy
from core.warehouse.results.download import Download


@dataclass(frozen=True)
class Chunk:
    """One batch of rows, ready for the aggregation.

    Attributes:
        frame: `month`, `key_1`..., `sum_1`..., without blank rows.
        tally: what the batch adds to the totals of the run.
        far: the aliases of nanosecond timestamps with a value beyond 64 bits.
        fine: the aliases of nanosecond timestamps with a fraction of a microsecond.
    """

    frame: pl.DataFrame
    tally: Tally
    far: frozenset[str]
    fine: frozenset[str]


def to_chunk(fields: tuple[Field, ...], table: pa.Table) -> Chunk:
    """Cast one batch of the result of `query.select_rows`, remove blank rows, and count.

    Args:
        fields: the columns of the result, by position.
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
    if any(field.is_key for field in fields):
        frame = _copy_to_polars(frame)
    return Chunk(frame, tally, *_find_extents(frame, fields))


def bad_dates(plan: Plan, totals: RunTotals) -> SourceDataError:
    """Return the error for a table that holds dates that cannot be parsed."""
    shown = ", ".join(repr(value) for value in totals.bad_examples)
    found = f"{totals.bad_dates:,} dates of {plan.month.name} cannot be parsed ({plan.month.why})"
    error = SourceDataError(
        f"{found}{f', such as {shown}' if shown else ''}.",
        Advice(
            "Give another format: ",
            Remedy("date_format"),
            "; or put them in the NULL month: ",
            Remedy("on_bad_date", "null"),
            ".",
        ),
    )
    error.stored = f"{found}."
    return error


class Rows:
    """The chunks of a download as a stream of frames, which can be read once.

    Args:
        plan: the plan.
        fields: the columns of the result.
        download: the batches, converted by `to_chunk`.
        on_rows: called after each batch with its number of rows and bytes.

    Attributes:
        totals: the totals of the rows read, complete when the stream has ended.
        error: the exception that ended the stream early. Polars reports only its text.
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
        self.error: Exception | None = None

    def lazy(self) -> pl.LazyFrame:
        """Return the rows as a LazyFrame with columns `month`, `key_1`..., `sum_1`..."""
        empty = pa.schema(
            [(f.alias, read_type(f)) for f in self._fields if f.column is not None]
        ).empty_table()
        frame = pl.from_arrow(empty)
        assert isinstance(frame, pl.DataFrame)  # noqa: S101 - for the type checker
        return register_io_source(self._source, schema=frame.schema)

    @contextmanager
    def raise_own_errors(self) -> Iterator[None]:
        """Raise the error that ended the stream in place of the one that polars made of it."""
        try:
            yield
        except Exception as error:
            if self.error is None or self.error is error:
                raise
            raise self.error from self.error.__cause__

    def units(self) -> dict[str, str]:
        """Return the columns whose nanosecond timestamps must be delivered in microseconds.

        See `core.aggregation.arrow_types.timestamp_units`.
        """
        return timestamp_units(self._fields, self._far.__contains__, self._fine.__contains__)

    def _source(
        self,
        with_columns: list[str] | None,
        predicate: pl.Expr | None,
        n_rows: int | None,
        batch_size: int | None,
    ) -> Iterator[pl.DataFrame]:
        try:
            for frame in self._frames():
                wanted = frame if with_columns is None else frame.select(with_columns)
                yield wanted if predicate is None else wanted.filter(predicate)
        except Exception as error:
            self.error = error
            raise

    def _frames(self) -> Iterator[pl.DataFrame]:
        failing = self._plan.on_bad_date == "fail"
        for index, chunk in self._download:
            self.totals.add_read(chunk.tally)
            self._far |= chunk.far
            self._fine |= chunk.fine
            self._on_rows(chunk.tally.rows, self._download.size(index))
            # After an invalid date the run fails; the other rows are only counted, for the error.
            if not (failing and self.totals.bad_dates):
                yield chunk.frame
        if failing and self.totals.bad_dates:
            raise bad_dates(self._plan, self.totals)


def _copy_to_polars(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a copy of `frame` in memory that polars has allocated.

    With many groups polars keeps its input until it spills, and its budget counts only memory that
    it has allocated: with Arrow's buffers it exceeds the budget by half a gigabyte (measured).
    """
    halves = (frame.head(1), frame.slice(1))
    return pl.concat(halves, rechunk=True).with_columns(pl.col(pl.String) + "")


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
