"""The totals of a table by Snowflake, queried after the delivery, in the snapshot of the read."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from core import query
from core.aggregation.reconciliation import Total
from core.errors import SignInError, SourceDataError
from core.planning.plan import Plan
from core.query import Field, Statement
from core.verify.month_totals import Figures, Month, MonthFigures
from core.warehouse.results.read_result import read_result
from core.warehouse.rounded_sums import with_rounded_sums
from core.warehouse.statement import Cancel, Result, run

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection


class Snapshot(StrEnum):
    """Which state of the source a figure describes.

    `read` is the state of the statement that read it, `before` the state before that statement,
    `now` the present one.
    """

    READ = "read"
    BEFORE = "before"
    NOW = "now"


@dataclass(frozen=True)
class SourceTotals:
    """Counts and totals of the source by Snowflake.

    Attributes:
        figures: the groups and totals of each month.
        rows: the rows of the source, blank ones included.
        blank_rows: of those, the fully blank ones.
        null_dates: of the others, those in the NULL month.
        bad_dates: rows whose date does not parse.
        snapshot: the state that the figures describe.
        why: one clause on why it is not the state that the run read; empty if it is.
        query_id: Snowflake's id of the statement.
    """

    figures: Figures
    rows: int
    blank_rows: int
    null_dates: int
    bad_dates: int
    snapshot: Snapshot
    why: str
    query_id: str


def read_source_totals(
    connection: SnowflakeConnection, plan: Plan, read_by: str | None, cancel: Cancel
) -> SourceTotals:
    """Have Snowflake count and sum the source.

    Args:
        connection: an open session.
        plan: the role of every column.
        read_by: the query id of the statement that read the source; None if unknown.
        cancel: aborts the statement.

    Raises:
        CancelledError: `cancel` was set.
        TransferError: the statement failed.
    """
    why = _find_obstacle(plan, read_by)
    if not why:
        try:
            return _query(connection, plan, read_by, cancel, "")
        except (SourceDataError, SignInError) as error:
            why = f"Time Travel to the read is refused: {error.message.rstrip('.')}"
    return _query(connection, plan, None, cancel, why)


def read_totals_before(
    connection: SnowflakeConnection, plan: Plan, read_by: str, cancel: Cancel
) -> SourceTotals:
    """Have Snowflake count and sum the source as it was before the statement that read it.

    Raises:
        CancelledError: `cancel` was set.
        TransferError: the statement failed.
    """
    return _query(connection, plan, read_by, cancel, "", before=True)


def _find_obstacle(plan: Plan, read_by: str | None) -> str:
    """Return why Time Travel to the read is impossible; empty if it may be possible."""
    if plan.source.is_view:
        return "a view or an external table has no Time Travel"
    return "" if read_by else "the statement that read it is unknown"


def _query(
    connection: SnowflakeConnection,
    plan: Plan,
    read_by: str | None,
    cancel: Cancel,
    why: str,
    *,
    before: bool = False,
) -> SourceTotals:
    def attempt(rounded: bool) -> tuple[bool, Statement, Result]:
        statement = query.select_figures(plan, read_by=read_by, before=before, rounded=rounded)
        return rounded, statement, run(connection, statement, cancel)

    rounded, statement, result = with_rounded_sums(attempt)
    columns = read_result(result, statement, cancel)
    names = [field.alias for field in statement.fields]
    rows = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
    filled = [row for row in rows if not row.get("blank")]
    return SourceTotals(
        figures={
            _parse_month(row): _parse_figures(statement, row, rounded=rounded) for row in filled
        },
        rows=sum(int(row["rows"]) for row in rows),
        blank_rows=sum(int(row["rows"]) for row in rows if row.get("blank")),
        null_dates=sum(int(row["rows"]) for row in filled if row["month"] is None),
        bad_dates=sum(int(row.get("bad", 0)) for row in filled),
        snapshot=_name_snapshot(read_by, before=before),
        why=why,
        query_id=result.query_id,
    )


def _name_snapshot(read_by: str | None, *, before: bool) -> Snapshot:
    if read_by is None:
        return Snapshot.NOW
    return Snapshot.BEFORE if before else Snapshot.READ


def _parse_month(row: dict[str, Any]) -> Month:
    return None if row["month"] is None else row["month"].isoformat()


def _parse_figures(statement: Statement, row: dict[str, Any], *, rounded: bool) -> MonthFigures:
    sums = [field for field in statement.fields if field.is_sum]
    totals = (_parse_total(field, row, rounded=rounded) for field in sums)
    return MonthFigures(int(row["groups"]), tuple(totals))


def _parse_total(field: Field, row: dict[str, Any], *, rounded: bool) -> Total | None:
    value = row[field.alias]
    if value is None:
        return None
    if query.is_float(field, rounded=rounded):
        return Total(float(value), float(row[field.alias.replace("sum_", "abs_")]))
    return Total(Decimal(value))
