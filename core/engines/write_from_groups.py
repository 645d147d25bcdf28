"""Have Snowflake group the rows, and write the groups as they arrive: engine `pushdown`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from core.aggregation.aggregate import tally, to_delivery
from core.aggregation.arrow_types import cast_columns, check_units, delivered_schema, group_type
from core.aggregation.first_rows import ROWS, FirstRows, take_first_rows
from core.aggregation.reconciliation import RunTotals
from core.engines.grouped import check_bad_dates, is_unfit, open_totals, run_grouped
from core.engines.local_file import LocalFile, Written
from core.errors import IntegrityError
from core.events import Phase
from core.planning.plan import Plan
from core.query import Field
from core.runtime.disk.workspace import check_space
from core.runtime.memory_budget import Budget
from core.runtime.progress import Reporter
from core.warehouse.results.download import Download
from core.warehouse.statement import Cancel, run

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection


@dataclass(frozen=True)
class Groups:
    """One batch of the grouped result.

    Attributes:
        frame: the groups: `month`, `key_1`..., `sum_1`..., `rows`.
        totals: the row of the grand total, if it is in this batch; else empty.
    """

    frame: pl.DataFrame
    totals: list[dict[str, Any]]


def to_groups(fields: tuple[Field, ...], table: pa.Table) -> Groups:
    """Cast one batch of the result of `query.select_groups`, and separate the grand total.

    Args:
        fields: the columns of the result, by position.
        table: the batch as the connector decoded it.

    Raises:
        IntegrityError: the batch does not have the selected columns.
    """
    cast = pa.table(cast_columns(fields, table, group_type))
    total = cast["total"]
    frame = pl.from_arrow(cast.filter(pc.invert(total)))
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - for the type checker
    return Groups(frame, cast.filter(total).to_pylist())


def write_months(
    connection: SnowflakeConnection,
    plan: Plan,
    file: LocalFile,
    *,
    budget: Budget,
    progress: Reporter,
    cancel: Cancel,
) -> Written:
    """Have Snowflake aggregate the table, and write the result to a local file.

    Args:
        connection: an open session.
        plan: the role of every column.
        file: the file to write.
        budget: the memory of each stage, in bytes.
        progress: receives every batch; its rows are the groups.
        cancel: stops the work at any moment.

    Returns:
        The totals, which agree, the first rows, and the id of the statement.

    Raises:
        SourceDataError: dates do not parse, or a sum overflows.
        IntegrityError: the totals do not agree.
        TransferError: the query, the download or the disk failed, or the run was cancelled.
    """
    progress.start(Phase.QUERY)
    statement, result = run_grouped(
        plan, lambda statement: (statement, run(connection, statement, cancel))
    )
    listed = result.batches
    budget = budget.beside_list(len(listed), listed.memory, listed.largest)
    download = Download(
        result,
        partial(to_groups, statement.fields),
        budget=budget.batches,
        workers=budget.workers,
        cancel=cancel,
        ordered=True,
    )
    expected = max(download.total_rows - 1, 0)  # without the grand total
    progress.start(Phase.READ, total_rows=expected, total_bytes=download.total_bytes)
    try:
        batches = iter(download)
        first = list(islice(batches, 1))
        total = _take_grand_total(first)
        totals = open_totals(statement.fields, total)
        check_bad_dates(connection, plan, totals, cancel)
        check_units(plan.timestamp_unit, statement.fields, partial(is_unfit, total))
        frames = _read_frames(chain(first, batches), file, progress)
        first_rows = _write(plan, statement.fields, frames, file, totals)
    finally:
        download.stop()
    return Written(totals, first_rows, result.query_id)


def _take_grand_total(first: list[tuple[int, Groups]]) -> Mapping[str, Any]:
    """Return the grand total, which precedes the groups; empty for a table without rows."""
    if not first:
        return {}
    (_, groups), *_ = first
    if len(groups.totals) != 1:
        raise _wrong_totals()
    return groups.totals[0]


def _wrong_totals() -> IntegrityError:
    return IntegrityError(
        "The warehouse's result does not begin with its one grand total.",
        "Run again; if it stays, report it to Snowflake.",
    )


def _read_frames(
    batches: Iterable[tuple[int, Groups]],
    file: LocalFile,
    progress: Reporter,
) -> Iterator[pl.DataFrame]:
    """Yield the groups of each batch; report progress and check the disk between them."""
    rows = 0
    for number, (size, groups) in enumerate(batches):
        if number and groups.totals:
            raise _wrong_totals()
        check_space(file.path.parent)
        yield groups.frame
        rows += groups.frame.height
        progress.add(groups.frame.height, size)
    progress.start(Phase.WRITE, total_rows=rows)
    progress.add(rows, 0)


def _write(
    plan: Plan,
    fields: tuple[Field, ...],
    frames: Iterable[pl.DataFrame],
    file: LocalFile,
    totals: RunTotals,
) -> FirstRows:
    schema = delivered_schema(plan)
    first_rows = FirstRows(tuple(schema.names))
    grouped = 0
    with file.open(schema) as writer:
        for frame in frames:
            grouped += int(frame["rows"].sum())
            totals.null_dates += int(frame.filter(pl.col("month").is_null())["rows"].sum())
            totals.add_written(tally(frame, fields))
            if plan.window:
                totals.months.update(frame["month"].unique())
            ready = to_delivery(frame, plan, fields)
            if len(first_rows.rows) < ROWS:
                more = take_first_rows(ready).rows
                first_rows = replace(first_rows, rows=(*first_rows.rows, *more)[:ROWS])
            writer.write(ready)
    if not file.text.large_numbers_as_text:
        totals.large_numbers = writer.large_numbers
    totals.check_groups(grouped)
    totals.check((f.alias, f.column.name) for f in fields if f.is_sum and f.column)
    return first_rows
