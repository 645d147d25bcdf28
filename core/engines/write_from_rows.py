"""Download the rows, aggregate them by month batch by batch and write them: engine `stream`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Final

from core import query
from core.aggregation.aggregate import aggregate, tally, to_delivery
from core.aggregation.arrow_types import delivered_schema
from core.aggregation.first_rows import FirstRows, take_first_rows
from core.aggregation.partial_sums import ROWS, PartialSums
from core.aggregation.reducer import Reducer
from core.aggregation.rows import Rows, to_chunk
from core.engines.local_file import LocalFile, Written
from core.events import Phase
from core.planning.plan import Plan
from core.query import Field
from core.runtime.disk.workspace import check_space
from core.runtime.memory_budget import Budget
from core.runtime.progress import Reporter
from core.warehouse.results.download import Download
from core.warehouse.statement import Cancel, check, run

if TYPE_CHECKING:
    import polars as pl
    from snowflake.connector import SnowflakeConnection

_SPILL: Final = "spilled"


def write_months(
    connection: SnowflakeConnection,
    plan: Plan,
    file: LocalFile,
    *,
    budget: Budget,
    progress: Reporter,
    cancel: Cancel,
) -> Written:
    """Read the table once, aggregate its rows and write the delivery to a local file.

    Args:
        connection: an open session.
        plan: the role of every column.
        file: the file to write.
        budget: the memory of each stage, in bytes.
        progress: receives every batch.
        cancel: stops the work at any moment.

    Returns:
        The totals, which agree, the first rows, and the id of the statement.

    Raises:
        SourceDataError: dates do not parse, or a sum overflows.
        IntegrityError: the totals do not agree.
        TransferError: the query, the download or the disk failed, or the run was cancelled.
    """
    statement = query.select_rows(plan)
    progress.start(Phase.QUERY)
    result = run(connection, statement, cancel)
    listed = result.batches
    budget = budget.beside_list(len(listed), listed.memory, listed.largest)
    sums = PartialSums(statement.fields)
    download = Download(
        result,
        partial(to_chunk, statement.fields, Reducer(sums).reduce, plan.timestamp_unit),
        budget=budget.batches,
        workers=budget.workers,
        cancel=cancel,
    )
    progress.start(Phase.READ, total_rows=download.total_rows, total_bytes=download.total_bytes)
    rows = Rows(plan, statement.fields, download, progress.add)
    path = file.path.with_name(_SPILL)

    def watch() -> None:
        check(cancel)
        check_space(path.parent)

    groups = aggregate(sums, rows, budget.aggregation, path, watch)
    try:
        with closing(groups):
            first_rows = _write(groups, plan, statement.fields, rows, file, progress)
    finally:
        download.stop()
    rows.totals.check((f.alias, f.column.name) for f in statement.fields if f.is_sum and f.column)
    return Written(rows.totals, first_rows, result.query_id)


def _write(
    pieces: Iterator[pl.DataFrame],
    plan: Plan,
    fields: tuple[Field, ...],
    rows: Rows,
    file: LocalFile,
    progress: Reporter,
) -> FirstRows:
    first = next(pieces, None)  # comes after every row is read
    progress.start(Phase.WRITE)
    schema = delivered_schema(plan)
    first_rows = FirstRows(tuple(schema.names))
    grouped = 0
    with file.open(schema) as writer:
        for piece in chain([] if first is None else [first], pieces):
            grouped += int(piece[ROWS].sum())
            rows.totals.add_written(tally(piece, fields))
            if plan.window:
                rows.totals.months.update(piece["month"].unique())
            ready = to_delivery(piece, plan, fields)
            if piece is first:
                first_rows = take_first_rows(ready)
            writer.write(ready)
            progress.add(piece.height, 0)
    if not file.text.large_numbers_as_text:
        rows.totals.large_numbers = writer.large_numbers
    rows.totals.check_groups(grouped)
    return first_rows
