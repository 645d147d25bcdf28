"""The grouped statement and its totals, for the engines that have Snowflake group the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from core import query
from core.aggregation.arrow_types import check_units
from core.aggregation.reconciliation import BAD_EXAMPLES, RunTotals, Total, too_many_digits
from core.aggregation.rows import bad_dates
from core.errors import NumericOverflowError
from core.planning.plan import Plan
from core.query import Field, Statement
from core.query.unload import sum_groups
from core.warehouse.results.read_result import read_columns
from core.warehouse.rounded_sums import with_rounded_sums
from core.warehouse.statement import Cancel, Result, run

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

T = TypeVar("T")


@dataclass(frozen=True)
class Grouped:
    """A plan grouped by Snowflake.

    Attributes:
        statement: the statement that was run.
        result: its result, which is kept at Snowflake.
        totals: the totals of the rows read and of those written, which agree.
    """

    statement: Statement
    result: Result
    totals: RunTotals


def run_grouped(
    plan: Plan, attempt: Callable[[Statement], T], *, at_rest: bool = False, ordered: bool = True
) -> T:
    """Call `attempt` with the grouped statement of a plan and return its result.

    If the statement overflows, the grand total may be the cause, as it may have more digits than
    any group: `attempt` is then called again with a statement whose grand total is rounded.

    Args:
        plan: the role of every column.
        attempt: runs the statement.
        at_rest, ordered: as for `query.select_groups`.

    Raises:
        SourceDataError: a sum of a group overflows.
        TransferError: any other error of `attempt`.
    """
    exact, rounded = (
        query.select_groups(plan, at_rest=at_rest, ordered=ordered, rounded=each)
        for each in (False, True)
    )
    has_wide = any(field.alias.startswith("total_") for field in rounded.fields)
    try:
        if not has_wide:
            return attempt(exact)
        return with_rounded_sums(lambda is_rounded: attempt(rounded if is_rounded else exact))
    except NumericOverflowError as error:
        raise too_many_digits() from error


def open_totals(fields: tuple[Field, ...], total: Mapping[str, Any]) -> RunTotals:
    """Start the totals of a run that reads groups, from the grand total of the result.

    Args:
        fields: the columns of the result of `query.select_groups`.
        total: the row of its grand total, by alias; empty for an empty table.
    """
    rows, blank, bad = (int(total.get(name) or 0) for name in ("rows", "blank", "bad"))
    totals = RunTotals(rows + blank, rows + blank, blank, bad_dates=bad)
    for field in fields:
        if field.is_sum:
            totals.read[field.alias] = _parse_total(total, field.alias)
    return totals


def check_bad_dates(
    connection: SnowflakeConnection, plan: Plan, totals: RunTotals, cancel: Cancel
) -> None:
    """Query examples of the dates that do not parse, if the totals count any.

    Raises:
        SourceDataError: there are some, and the plan does not allow them.
        TransferError: the statement failed, or the run was cancelled.
    """
    if not totals.bad_dates:
        return
    (values,) = read_columns(connection, query.select_bad_dates(plan, BAD_EXAMPLES), cancel)
    totals.bad_examples = tuple(map(str, values))
    if plan.on_bad_date == "fail":
        raise bad_dates(plan, totals)


def is_unfit(total: Mapping[str, Any], alias: str) -> bool:
    """Whether a key has a value that the plan's unit of times cannot hold.

    Args:
        total: the row of the grand total.
        alias: the alias of the key.
    """
    return bool(total.get(alias.replace("key_", "unfit_")))


def group_at_rest(connection: SnowflakeConnection, plan: Plan, cancel: Cancel) -> Grouped:
    """Run the grouped statement of a plan, and query the totals of its result.

    Raises:
        SourceDataError: dates do not parse, a sum overflows, or a key has a value that the plan's
            unit of times cannot hold.
        IntegrityError: the totals do not agree.
        TransferError: a statement failed, or the run was cancelled.
    """
    attempt = partial(_run, connection, cancel)
    statement, result, rows = run_grouped(plan, attempt, at_rest=True, ordered=False)
    total, groups = rows.get(True, {}), rows.get(False, {})
    totals = open_totals(statement.fields, total)
    check_bad_dates(connection, plan, totals, cancel)
    check_units(plan.timestamp_unit, statement.fields, partial(is_unfit, total))
    totals.null_dates = int(groups.get("empty") or 0)
    totals.groups = int(groups.get("groups") or 0)
    totals.check_groups(int(groups.get("rows") or 0))
    sums = [(f.alias, f.column.name) for f in statement.fields if f.is_sum and f.column]
    for alias, _ in sums:
        totals.written[alias] = _parse_total(groups, alias)
    totals.check(sums)
    return Grouped(statement, result, totals)


def _run(
    connection: SnowflakeConnection, cancel: Cancel, statement: Statement
) -> tuple[Statement, Result, dict[bool, dict[str, Any]]]:
    """Run the statement; return it, its result, and the totals of the result.

    The totals are one row of the grand total, by the key True, and one of the groups, by False.
    """
    result = run(connection, statement, cancel)
    summed = sum_groups(statement, result.query_id)
    columns = read_columns(connection, summed, cancel)
    names = [field.alias for field in summed.fields]
    rows = (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))
    return statement, result, {bool(row["total"]): row for row in rows}


def _parse_total(row: Mapping[str, Any], alias: str) -> Total | None:
    """Return a sum column's total in a row of the result; the rounded one if there is one."""
    number = alias.removeprefix("sum_")
    value = row.get(f"total_{number}", row.get(alias))
    if isinstance(value, float):
        return Total(value, float(row.get(f"magnitude_{number}") or 0.0))
    return None if value is None else Total(Decimal(value))
