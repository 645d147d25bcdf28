"""Preview a plan: its months, summed by the warehouse, and the number of rows of the delivery."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from core import query
from core.errors import SourceDataError
from core.planning.grain import Grain, estimate_groups
from core.planning.plan import Plan
from core.query import Field, Statement
from core.runtime.cancel import Cancel
from core.warehouse.results.read_result import read_columns
from core.warehouse.rounded_sums import with_rounded_sums
from core.warehouse.sampling import read_some

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

_ENOUGH_PAIRS = 20


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

    @property
    def is_least(self) -> bool:
        """Whether `expected_rows` is only what was seen: a row for each month of a sample.

        Snowflake samples whole micro-partitions, and those of a table that grows hold few months.
        """
        return self.sampled and self.expected_rows == len(self.months)


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

    If Snowflake can skip the other rows of a window of one month, the rows of that month take the
    place of the sample: all of them, or the first 100,000.

    Raises:
        CancelledError: `cancel` was set.
        TransferError: the statement failed.
    """
    counted = counted or query.reads_all(plan)
    found = _read_months(connection, plan, cancel, exact=exact, counted=counted)
    total = None
    if found.beginning and found.seen >= query.PREVIEW_ROWS and query.reads_window_first(plan):
        ((count,),) = read_columns(connection, query.count_rows(plan), cancel)
        total = int(str(count))
    return _parse_months(plan, found, exact=exact, counted=counted, total=total)


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
    grain, and if the first sample has all rows of the table, or enough of them to be certain.

    Raises:
        CancelledError: `cancel` was set.
        TransferError: the statement failed.
    """
    if plan.grain is None or plan.grain.counted or _is_certain(plan, plan.grain):
        return plan
    return refine_grain(plan, look_at_months(connection, plan, cancel, exact=False))


def _is_certain(plan: Plan, grain: Grain) -> bool:
    """Whether the sample of a plan shows that more than half of the rows remain.

    If half of the rows remained, two rows to a group, n of N rows drawn one by one would have about
    n² / 2N pairs of one group. Where 20 are expected, hardly any sample has so few that nearly all
    groups are found to have one row.
    """
    drawn = query.samples_rows(plan.source) and plan.window is None
    return drawn and grain.sampled**2 >= 2 * _ENOUGH_PAIRS * grain.rows


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


@dataclass(frozen=True)
class _Read:
    """What a statement of `query.select_months` returned.

    Attributes:
        statement: the statement.
        rows: a row for each month and one for the blank rows, by the aliases of the statement.
        beginning: whether the first rows were read instead of a sample.
    """

    statement: Statement
    rows: list[dict[str, Any]]
    beginning: bool

    @property
    def seen(self) -> int:
        """The number of rows of the table that were read."""
        return sum(row["rows"] for row in self.rows)


def _read_months(
    connection: SnowflakeConnection, plan: Plan, cancel: Cancel, *, exact: bool, counted: bool
) -> _Read:
    """Run the statement of a preview, which may need another one: see `read_some`."""

    def attempt(rounded: bool, beginning: bool) -> _Read:
        statement = query.select_months(
            plan, exact=exact, counted=counted, rounded=rounded, beginning=beginning
        )
        # To find the rows of a window, Snowflake may read more than a part of the table.
        short = not (exact or plan.source.is_view or plan.window)
        columns = read_columns(connection, statement, cancel, short=short)
        names = [field.alias for field in statement.fields]
        rows = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
        return _Read(statement, rows, beginning=beginning)

    def read(beginning: bool) -> _Read:
        return with_rounded_sums(lambda rounded: attempt(rounded, beginning))

    if exact or query.reads_all(plan):
        return read(False)
    if query.reads_window_first(plan):
        return read(True)
    return read_some(plan.source, read, is_empty=lambda part: not part.rows)


def _parse_months(
    plan: Plan, found: _Read, *, exact: bool, counted: bool, total: int | None
) -> Months:
    """Return the months that were read; `total` is the number of rows of the plan, if counted."""
    statement, rows, seen = found.statement, found.rows, found.seen
    filled = [row for row in rows if not row.get("blank")]
    blank = sum(row["rows"] for row in rows if row.get("blank"))
    sampled = not exact and not query.reads_all(plan)
    if sampled and (found.beginning or plan.source.is_view or plan.source.rows is None):
        sampled = seen >= query.PREVIEW_ROWS
    if not sampled:
        total = seen
    elif total is None:
        total = _estimate_rows(plan, found)
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


def _estimate_rows(plan: Plan, found: _Read) -> int | None:
    """Return the number of rows that a transfer reads, estimated if it reads only some months.

    A sample has about `query.PREVIEW_ROWS` rows of the table. From the first rows of a window
    nothing can be estimated.
    """
    rows, seen = plan.source.rows, found.seen
    if rows is None or plan.source.is_view or plan.window is None:
        return rows
    if found.beginning:
        return None
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
