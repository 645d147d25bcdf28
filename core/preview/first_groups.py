"""Preview the rows of a delivery: its first groups, in the form in which they are delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from core import query
from core.aggregation.aggregate import to_delivery
from core.aggregation.first_rows import FirstRows, take_first_rows
from core.engines.write_from_groups import to_groups
from core.planning.plan import Plan
from core.runtime.cancel import Cancel
from core.warehouse.results.download import Download
from core.warehouse.rounded_sums import with_rounded_sums
from core.warehouse.sampling import read_some
from core.warehouse.statement import run

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

_BUDGET = 32 * 1024 * 1024  # bytes of batches in flight


def preview_first_rows(
    connection: SnowflakeConnection, plan: Plan, cancel: Cancel, *, rows: int
) -> FirstRows:
    """Return the first rows of the delivery of `plan`.

    They are computed from the rows of a preview. If these are all rows of the source, they are the
    first ones of the file; else their sums are those of a sample.

    Args:
        connection: an open session.
        plan: the role of every column.
        cancel: aborts the statement.
        rows: the most rows.

    Raises:
        CancelledError: `cancel` was set.
        TransferError: the statement failed.
    """

    def attempt(rounded: bool, beginning: bool) -> FirstRows:
        statement = query.select_first_groups(plan, rows, rounded=rounded, beginning=beginning)
        result = run(connection, statement, cancel)
        batches = Download(
            result,
            lambda table: to_groups(statement.fields, table),
            budget=_BUDGET,
            workers=2,
            cancel=cancel,
            ordered=True,
        )
        read = [groups for _, groups in batches]
        frames = [to_delivery(groups.frame, plan, statement.fields) for groups in read]
        if not frames:
            return FirstRows(tuple(column.name for column in plan.delivered))
        return take_first_rows(pl.concat(frames).head(rows))

    def read_part(beginning: bool) -> FirstRows:
        return with_rounded_sums(lambda rounded: attempt(rounded, beginning))

    if query.reads_all(plan):
        return read_part(False)
    if query.reads_window_first(plan):
        return read_part(True)
    return read_some(plan.source, read_part, is_empty=lambda found: not found.rows)
