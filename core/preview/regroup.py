"""Group the sampled rows of a look by another plan of its table, without a statement.

When the roles of a table's columns change, its rows do not. So its months are those of the last
statement where they can be: the same month column, and sums that it has. Otherwise they are
computed from the rows that were sampled for the look, by the rules of `core.query.rows`. The number
of rows that come out is estimated from the same sample.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Final

from core import query
from core.planning.date_formats import EpochUnit, TextFormat, parse_number
from core.planning.grain import estimate_groups, is_whole
from core.planning.plan import Plan
from core.planning.source import SourceColumn
from core.preview.month_preview import MonthRow, Months

if TYPE_CHECKING:
    from core.preview.browser import Look

_ISO_MONTH: Final = re.compile(r"([0-9]{4})-([0-9]{2})-")
_WIDEST: Final = Decimal(10) ** 38  # a sum of numbers is less
_DIGITS: Final = 60  # of sums on the way, which are exact


@dataclass(frozen=True)
class _Rows:
    """The sampled rows that a plan reads, by their positions in the sample."""

    months: Mapping[int, date | None]
    blank: int
    bad: int

    @property
    def seen(self) -> int:
        return len(self.months) + self.blank


def can_regroup(plan: Plan, known: Plan) -> bool:
    """Whether `plan` reads the same rows of the same table as `known`."""
    return plan.source == known.source and plan.window == known.window


def regroup(look: Look, plan: Plan, known: tuple[Plan, Months] | None = None) -> Months | None:
    """Return the months of a plan without a statement; takes some 20 ms per million values.

    Args:
        look: the description and the sample of its table.
        plan: the plan.
        known: a plan for which `can_regroup`, and its months as a statement returned them.

    Returns:
        The months, marked as sampled unless all rows of the table were read. `expected_rows` is
        estimated, unless the sample has all rows with their whole keys, or the keys are those of
        `known`. None if the sample cannot be read: it has years of more than four digits.
    """
    rows = _read_months(look, plan)
    if rows is None:
        return None
    whole = query.samples_all(plan.source, look.rows)
    reused = _reuse(plan, *known) if known else None
    if known and reused and _list_keys(plan) == _list_keys(known[0]):
        return reused
    months = reused or _sum_sample(look, plan, rows, whole=whole)
    if not plan.keys and not months.sampled:
        return replace(months, expected_rows=len(months.months), counted=True)
    expected = _estimate_groups(look, plan, rows, months)
    counted = whole and all(is_whole(c.source, look.values[c.name]) for c in plan.keys)
    return replace(months, expected_rows=expected, counted=counted)


def _list_keys(plan: Plan) -> list[str]:
    return [column.name for column in plan.keys]


def _reuse(plan: Plan, known: Plan, months: Months) -> Months | None:
    """Return the months of `known` with the sums of `plan`; None if they lack one."""
    month, before = plan.month, known.month
    if (month.source, plan.month_format) != (before.source, known.month_format):
        return None
    positions = {column.name: n for n, column in enumerate(known.sums)}
    if any(column.name not in positions for column in plan.sums):
        return None
    chosen = [positions[column.name] for column in plan.sums]
    rows = (replace(row, sums=tuple(row.sums[n] for n in chosen)) for row in months.months)
    return replace(months, months=tuple(rows))


def _read_months(look: Look, plan: Plan) -> _Rows | None:
    """Return the month of each sampled row that is read; None if one cannot be read here."""
    column, window = plan.month.source, plan.window
    months: dict[int, date | None] = {}
    blank = bad = 0
    for row, value in enumerate(look.values[column.name]):
        text = value.strip(query.WHITE_SPACE) if isinstance(value, str) else value
        missing = text is None or text == ""
        month = None if missing else _read_month(plan, text)
        wrong = month is None and not missing
        if wrong and plan.month_format is None:
            return None
        if window is not None:
            if wrong and plan.on_bad_date == "fail":
                is_read = _may_be_within(plan, text)
            else:
                is_read = window.undated if month is None else _is_within(plan, month)
            if not is_read:
                continue
        if row in look.blank:
            blank += 1
        else:
            months[row] = month
            bad += wrong
    return _Rows(months, blank, bad)


def _read_month(plan: Plan, value: object) -> date | None:
    """Return the first day of a value's month; None if the value is no date."""
    known = plan.month_format
    if known is None:
        found = _ISO_MONTH.match(str(value))
        return date(int(found[1]), int(found[2]), 1) if found and found[1] != "0000" else None
    if isinstance(known, EpochUnit):
        number = parse_number(value)
        first, last = query.find_extremes(known)
        if number is None or not first <= math.floor(number) <= last:
            return None
    day = known.read(value)
    return day.replace(day=1) if day else None


def _is_within(plan: Plan, month: date) -> bool:
    since, end = (plan.window.since, plan.window.end) if plan.window else (None, None)
    return (since is None or month >= since) and (end is None or month < end)


def _may_be_within(plan: Plan, value: object) -> bool:
    """Whether an invalid date is read: all are, but for numbers that begin with another month."""
    known = plan.month_format
    if not isinstance(known, TextFormat):
        return True
    number, valid = parse_number(value), query.find_number_range(plan)
    if number is None or valid is None or not valid[0] <= number < valid[1] + 1:
        return True
    year, month = divmod(int(number) // 10 ** (known.digits - 6), 100)
    since, end = (plan.window.since, plan.window.end) if plan.window else (None, None)
    return (since is None or (year, month) >= (since.year, since.month)) and (
        end is None or (year, month) < (end.year, end.month)
    )


def _sum_sample(look: Look, plan: Plan, rows: _Rows, *, whole: bool) -> Months:
    """Return the months of the sampled rows."""
    by_month: dict[date | None, list[int]] = {}
    for row, month in rows.months.items():
        by_month.setdefault(month, []).append(row)
    values = [(column.source, look.values[column.name]) for column in plan.sums]
    found = [
        MonthRow(month, len(each), tuple(_sum(column, known, each) for column, known in values))
        for month, each in by_month.items()
    ]
    found.sort(key=lambda each: (each.month is None, each.month or date.min))
    total = _count_total(look, plan, rows.seen, whole=whole)
    return Months(
        tuple(found),
        sampled=not whole,
        rows_seen=rows.seen,
        blank_rows=rows.blank,
        bad_dates=rows.bad,
        expected_rows=None,
        statement=None,
        total_rows=total,
    )


def _sum(
    column: SourceColumn, values: Sequence[object], rows: Sequence[int]
) -> Decimal | float | None:
    given = [value for row in rows if (value := values[row]) is not None]
    if not given:
        return None
    if column.type.kind != "FIXED":
        return sum(float(str(value)) for value in given)
    with localcontext(prec=_DIGITS):
        exact = sum((Decimal(str(value)) for value in given), Decimal(0))
    limit = _WIDEST / 10 ** (column.type.scale or 0)
    return exact if abs(exact) < limit else float(exact)


def _count_total(look: Look, plan: Plan, seen: int, *, whole: bool) -> int | None:
    """Return the rows that a transfer reads, estimated for a window; None if unknown."""
    rows = plan.source.rows
    if whole:
        return seen
    if rows is None or plan.source.is_view:
        return None
    if plan.window is None:
        return rows
    # A sample without such a row does not show that the table has none.
    return min(round(seen * rows / look.rows), rows) if seen else None


def _estimate_groups(look: Look, plan: Plan, rows: _Rows, months: Months) -> int | None:
    """Estimate the rows of the delivery from the groups of the sample; None if that is too small.

    There is at least one group in each of `months`.
    """
    if months.total_rows is None or (months.months and not rows.months):
        return None
    columns = [look.values[column.name] for column in plan.keys]
    groups = Counter(
        (month, *(_tell_apart(values[row]) for values in columns))
        for row, month in rows.months.items()
    )
    sampled, single = len(rows.months), sum(size == 1 for size in groups.values())
    filled = max(months.total_rows * sampled / rows.seen, sampled) if sampled else 0
    return max(estimate_groups(sampled, len(groups), single, filled), len(months.months))


def _tell_apart(value: object) -> object:
    """Return what groups a value; NaN does not equal itself."""
    return "NaN" if value != value else value
