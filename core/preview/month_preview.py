"""Preview a plan: its months, summed by the warehouse, and the number of rows of the delivery."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from core import query
from core.errors import SourceDataError
from core.planning.grain import estimate_groups
from core.planning.plan import Plan
from core.query import Field, Statement
from core.runtime.cancel import Cancel
from core.warehouse.results.read_result import read_columns
from core.warehouse.rounded_sums import with_rounded_sums
from core.warehouse.sampling import read_some

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection


@dataclass(frozen=True)
class MonthRow:
    """One month.

    Attributes:
        month: its first day; None for rows without a date.
        rows: how many rows of the table fall into it, without blank ones.
        sums: a total for each sum column of the plan, in its order: exact for NUMBER columns,
            None where all values are NULL. A column whose total may exceed 38 digits by month,
            though not by group, has floats.
    """

    month: date | None
    rows: int
    sums: tuple[Decimal | float | None, ...]


@dataclass(frozen=True)
class Months:
    """The months of a plan.

    Attributes:
        months: in order, the rows without a date last.
        sampled: whether only a part of the table was read.
        rows_seen: the rows read, blank ones included.
        blank_rows: of those, the fully blank ones.
        bad_dates: of those, the ones whose date does not parse.
        expected_rows: the estimated number of rows of the delivery; None for a view of which only a
            part was read.
        statement: the statement whose result this is; None for the months of a sample that was read
            before.
        counted: whether `expected_rows` was counted over the whole table rather than estimated.
        total_rows: the rows that a transfer reads, blank ones included: counted if the plan reads
            all months or nothing was sampled, else estimated from the sample; None if unknown.
    """

    months: tuple[MonthRow, ...]
    sampled: bool
    rows_seen: int
    blank_rows: int
    bad_dates: int
    expected_rows: int | None
    statement: Statement | None
    counted: bool = False
    total_rows: int | None = None


def preview_months(
    connection: SnowflakeConnection,
    plan: Plan,
    cancel: Cancel,
    *,
    exact: bool,
    counted: bool = False,
) -> Months:
    """Have the warehouse aggregate the table, or a sample of it, by month.

    Args:
        connection: an open session.
        plan: the role of every column.
        cancel: aborts the statement.
        exact: aggregate the whole table; else a sample of at most 100,000 rows.
        counted: with `exact`, count the groups rather than estimate them. For a table that is no
            larger than a sample they are always counted.

    Raises:
        CancelledError: `cancel` was set.
        TransferError: the statement failed.
    """
    counted = counted or query.reads_all(plan)

    def attempt(rounded: bool, beginning: bool) -> tuple[Statement, list[list[object]]]:
        statement = query.select_months(
            plan, exact=exact, counted=counted, rounded=rounded, beginning=beginning
        )
        return statement, read_columns(connection, statement, cancel)

    def read(beginning: bool) -> tuple[Statement, list[list[object]]]:
        return with_rounded_sums(lambda rounded: attempt(rounded, beginning))

    if exact or query.reads_all(plan):
        statement, columns = read(False)
    else:
        statement, columns = read_some(plan.source, read, is_empty=lambda found: not found[1][0])
    names = [field.alias for field in statement.fields]
    rows = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
    return _parse_months(plan, statement, rows, exact=exact, counted=counted)


def look_at_months(
    connection: SnowflakeConnection, plan: Plan, cancel: Cancel, *, exact: bool
) -> Months | None:
    """Preview a plan, and count its groups if `exact`.

    Returns:
        The months; None if those of a sample cannot be computed: if a sum overflows, or a date is
        one that Python lacks.

    Raises:
        CancelledError: `cancel` was set.
        TransferError: the statement failed otherwise.
    """
    try:
        return preview_months(connection, plan, cancel, exact=exact, counted=exact)
    except SourceDataError:
        if exact:
            raise
        return None


def check_grain(connection: SnowflakeConnection, plan: Plan, cancel: Cancel) -> Plan:
    """Return the plan with its grain measured in a larger sample, if it has a grain.

    That takes one more statement, over the rows of a preview. It is left out for a plan without a
    grain, and if the first sample has all rows of the table.

    Raises:
        CancelledError: `cancel` was set.
        TransferError: the statement failed.
    """
    if plan.grain is None or plan.grain.counted:
        return plan
    return refine_grain(plan, look_at_months(connection, plan, cancel, exact=False))


def refine_grain(plan: Plan, months: Months | None) -> Plan:
    """Return the plan with the figures of its months in its grain, if it has one.

    The sample of a plan has a few thousand rows, that of its months a hundred thousand. So the
    grain is withdrawn if the months show that at most half of the rows come out.

    Args:
        plan: the plan.
        months: its months; None leaves the grain as it is.
    """
    if plan.grain is None or months is None or months.expected_rows is None:
        return plan
    rows = months.total_rows
    known = None if months.sampled else len(months.months)
    grain = plan.grain.with_counts(
        rows or months.rows_seen, months.expected_rows, known, counted=months.counted
    )
    return replace(plan, grain=grain)


def _parse_months(
    plan: Plan, statement: Statement, rows: list[dict[str, Any]], *, exact: bool, counted: bool
) -> Months:
    filled = [row for row in rows if not row.get("blank")]
    seen = sum(row["rows"] for row in rows)
    blank = sum(row["rows"] for row in rows if row.get("blank"))
    sampled = not exact and not query.reads_all(plan)
    if sampled and (plan.source.is_view or plan.source.rows is None):
        sampled = seen >= query.PREVIEW_ROWS
    total = _estimate_rows(plan, seen) if sampled else seen
    sums = [field for field in statement.fields if field.is_sum]
    months = [
        MonthRow(row["month"], row["rows"], tuple(_parse_sum(field, row) for field in sums))
        for row in filled
    ]
    months.sort(key=lambda each: (each.month is None, each.month or date.min))
    return Months(
        tuple(months),
        sampled,
        seen,
        blank,
        sum(row.get("bad", 0) for row in filled),
        _estimate_groups(filled, seen, total) if sampled else sum(row["groups"] for row in filled),
        statement,
        counted=(exact and (counted or not plan.keys)) or not (exact or sampled),
        total_rows=total,
    )


def _parse_sum(field: Field, row: dict[str, Any]) -> Decimal | float | None:
    value = row[field.alias]
    return Decimal(value) if isinstance(value, int) else value


def _estimate_rows(plan: Plan, seen: int) -> int | None:
    """Return the number of rows that a transfer reads; estimated, if it reads only some months.

    Args:
        plan: the plan.
        seen: the rows of its months in a sample of about `query.PREVIEW_ROWS` rows of the table.
    """
    rows = plan.source.rows
    if rows is None or plan.source.is_view or plan.window is None:
        return rows
    # A sample without such a row does not show that the table has none.
    return min(round(seen * rows / query.PREVIEW_ROWS), rows) if seen else None


def _estimate_groups(filled: list[dict[str, Any]], seen: int, total: int | None) -> int | None:
    """Estimate the number of groups of all `total` rows from those of a sample."""
    if total is None:
        return None
    sampled: int = sum(row["rows"] for row in filled)
    groups: int = sum(row["groups"] for row in filled)
    single: int = sum(row["single"] for row in filled)
    if not sampled:
        return 0
    filled_rows = max(total * sampled / seen, sampled)  # without the blank rows
    return estimate_groups(sampled, groups, single, filled_rows)
