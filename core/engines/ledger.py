"""The books of a grouped statement whose result stays at Snowflake."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from core import query
from core.accounting import BAD_EXAMPLES, Account, Total, too_many_digits
from core.errors import SourceDataError
from core.plan import Plan
from core.query import Statement
from core.query.unload import sum_groups
from core.rows import bad_dates
from core.warehouse.failures import is_overflow
from core.warehouse.small import read_columns
from core.warehouse.statement import Cancel, Result, run

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection


@dataclass(frozen=True)
class Grouped:
    """A plan grouped at the warehouse.

    Attributes:
        statement: what was run.
        result: its result, still at Snowflake.
        account: the books, which agree.
    """

    statement: Statement
    result: Result
    account: Account


def group_at_rest(connection: SnowflakeConnection, plan: Plan, cancel: Cancel) -> Grouped:
    """Run the grouped statement of a plan, and ask the books of its result.

    Raises:
        SourceDataError: dates do not parse, or a sum overflows.
        IntegrityError: the books do not agree.
        TransferError: a statement failed, or the run was cancelled.
    """
    wide = query.select_groups(plan, rounded=True).fields
    # The grand total may have more digits than any group.
    attempts = (False, True) if any(f.alias.startswith("total_") for f in wide) else (False,)
    for rounded in attempts:
        try:
            statement, result, books = _run(connection, plan, cancel, rounded=rounded)
            break
        except SourceDataError as error:
            if not is_overflow(error):
                raise
            cause = error
    else:
        raise too_many_digits() from cause
    account = _account(connection, plan, statement, books, cancel)
    return Grouped(statement, result, account)


def _run(
    connection: SnowflakeConnection, plan: Plan, cancel: Cancel, *, rounded: bool
) -> tuple[Statement, Result, dict[bool, dict[str, Any]]]:
    """The statement, its result, and the books: of the grand total (True), and of the groups."""
    statement = query.select_groups(plan, at_rest=True, ordered=False, rounded=rounded)
    result = run(connection, statement, cancel)
    books = sum_groups(statement, result.query_id)
    columns = read_columns(connection, books, cancel)
    names = [field.alias for field in books.fields]
    rows = (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))
    return statement, result, {bool(row["total"]): row for row in rows}


def _account(
    connection: SnowflakeConnection,
    plan: Plan,
    statement: Statement,
    books: dict[bool, dict[str, Any]],
    cancel: Cancel,
) -> Account:
    total, groups = books.get(True, {}), books.get(False, {})
    rows, blank, bad = (int(total.get(name) or 0) for name in ("rows", "blank", "bad"))
    account = Account(
        rows_declared=rows + blank,
        rows_read=rows + blank,
        blank_rows=blank,
        null_dates=int(groups.get("empty") or 0),
        bad_dates=bad,
        groups=int(groups.get("groups") or 0),
    )
    if bad:
        account.bad_examples = _examples(connection, plan, cancel)
        if plan.on_bad_date == "fail":
            raise bad_dates(plan, account)
    account.check_groups(int(groups.get("rows") or 0))
    sums = [(f.alias, f.column.name) for f in statement.fields if f.is_sum and f.column]
    for alias, _ in sums:
        magnitude = f"magnitude_{alias.rpartition('_')[2]}"
        account.read[alias] = _total(total, alias, magnitude)
        account.written[alias] = _total(groups, alias, magnitude)
    account.check(sums)
    return account


def _examples(connection: SnowflakeConnection, plan: Plan, cancel: Cancel) -> tuple[str, ...]:
    (values,) = read_columns(connection, query.select_bad_dates(plan, BAD_EXAMPLES), cancel)
    return tuple(map(str, values))


def _total(row: dict[str, Any], alias: str, magnitude: str) -> Total:
    value = row.get(alias)
    if isinstance(value, float):
        return Total(value, float(row.get(magnitude) or 0.0))
    return Total(Decimal(0) if value is None else Decimal(value))
