"""The condition of a window: the rows of its months, as a WHERE clause.

Snowflake keeps the least and the greatest value of every column of a micro-partition, and does not
read the partitions in which no row can meet the WHERE clause
(https://docs.snowflake.com/en/user-guide/tables-clustering-micropartitions, "Query pruning"). That
needs a comparison of the bare column with a constant. So each condition here has one for every type
whose stored order is the order of time:

- DATE, TIMESTAMP_NTZ and numbers since 1970: the first day of the window and the day after it. The
  condition is exact.
- Numbers such as 20240131 and 202401, which begin with year and month: the numbers from the first
  month on and below the month after the window. A number there that is no date, such as 20240230,
  is an invalid date of this window, and of no other. If invalid dates count as no date, the exact
  condition stands beside it. Numbers whose order is not that of time, such as 31012024, are
  compared like text.
- TIMESTAMP_TZ, TIMESTAMP_LTZ: a TIMESTAMP_TZ is stored, and compared, as a moment in UTC, while its
  month is that of its own offset; the month of a TIMESTAMP_LTZ is that of the session's time zone.
  So the comparison is wider by a day at both ends, which is more than any offset, and the exact
  condition stands beside it.
- Text: only the exact condition. The order of texts is not that of their dates.

The constants are literals, not bound values: pruning is documented for constants only. They hold
nothing but the digits of dates and numbers that this module computes.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from core.planning.date_formats import EpochUnit, TextFormat
from core.planning.window import add_months
from core.query.dates import find_number_range
from core.query.statement import quote

if TYPE_CHECKING:
    from core.planning.plan import Plan
    from core.planning.window import Window

_UNIX = date(1970, 1, 1)
_DATE = "TO_DATE('{}', 'YYYY-MM-DD')"
_DAY = timedelta(days=1)  # no time zone of any time is as far from UTC


def is_in_window(plan: Plan, *, month: str, bad: str | None) -> str:
    """Return the condition under which a row is read, for a plan with a window.

    If dates that cannot be parsed end the run, their rows are read whatever the window, because
    their month is not known; but see numbers above. If they count as no date, their rows are read
    as those without a date.

    Args:
        plan: the plan.
        month: the expression for the first day of a row's month.
        bad: the expression for an invalid date as text, NULL if the date is valid or missing; None
            if dates of this type are always valid.
    """
    assert plan.window is not None  # noqa: S101 - for the type checker
    name, undated = quote(plan.month.name), plan.window.undated
    failing, valid = plan.on_bad_date == "fail", find_number_range(plan)
    others: list[str] = []
    if valid is not None and (failing or isinstance(plan.month_format, EpochUnit)):
        if failing or undated:
            first, last = valid  # NaN is above all numbers
            others += [f"{name} < {first}", f"{name} >= {last + 1}"]
        if undated:
            others.append(f"{name} IS NULL")
    elif undated:  # a text can be blank or invalid without being NULL
        others.append(f"{name} IS NULL" if bad is None else f"{month} IS NULL")
    elif bad is not None and failing:
        others.append(f"{bad} IS NOT NULL")
    inside = "\n  AND ".join(_compare(plan, plan.window, month, valid))
    return "\n  OR ".join([f"({inside})" if others else inside, *others])


def skips_partitions(plan: Plan) -> bool:
    """Whether the condition of a plan's window compares the bare column with constants."""
    if plan.window is None or plan.month.source.type.kind == "TEXT":
        return False
    if plan.window.undated and plan.on_bad_date == "null":
        return not isinstance(plan.month_format, TextFormat)
    return plan.month_format is None or find_number_range(plan) is not None


def _compare(plan: Plan, window: Window, month: str, valid: tuple[int, int] | None) -> list[str]:
    """Return the conditions that together select the dates of the window's months."""
    name, kind, known = quote(plan.month.name), plan.month.source.type.kind, plan.month_format
    if valid is not None and known is not None:
        found = _compare_numbers(name, known, window, valid)
        if isinstance(known, EpochUnit):
            return [*found, *_leave_out(window.without, month)]
        if plan.on_bad_date == "fail":
            return [*found, *_leave_out_numbers(name, known, window.without)]
        wide = found
    elif known is None and kind in {"DATE", "TIMESTAMP_NTZ"}:
        constant = f"TO_{kind}('{{}}', 'YYYY-MM-DD')"
        found = _compare_days(name, constant, window.since, window.end)
        return [*(found or [f"{name} IS NOT NULL"]), *_leave_out(window.without, month)]
    elif known is None and kind in {"TIMESTAMP_TZ", "TIMESTAMP_LTZ"}:
        moment = "TO_TIMESTAMP_TZ('{} 00:00 +00:00', 'YYYY-MM-DD HH24:MI TZH:TZM')"
        cast = "" if kind == "TIMESTAMP_TZ" else "::TIMESTAMP_LTZ"
        wide = _compare_days(name, moment + cast, *_widen(window))
    else:
        wide = []
    exact = _compare_days(month, _DATE, window.since, window.end) or [f"{month} IS NOT NULL"]
    return [*wide, *exact, *_leave_out(window.without, month)]


def _leave_out(months: tuple[date, ...], sql: str) -> list[str]:
    """Return the condition that leaves out months within the window, if there are some."""
    if not months:
        return []
    return [f"{sql} NOT IN ({', '.join(_DATE.format(each.isoformat()) for each in months)})"]


def _leave_out_numbers(
    name: str, known: EpochUnit | TextFormat, months: tuple[date, ...]
) -> list[str]:
    """Return the same for numbers, in which an invalid date of another month is kept."""
    firsts = (
        (_find_first(known, each), _find_first(known, add_months(each, 1))) for each in months
    )
    return [f"({name} < {first} OR {name} >= {after})" for first, after in firsts]


def _compare_days(sql: str, constant: str, since: date | None, end: date | None) -> list[str]:
    """Return the comparisons of an expression with the constants of two days."""
    return [
        f"{sql} {operator} {constant.format(day.isoformat())}"
        for operator, day in ((">=", since), ("<", end))
        if day is not None
    ]


def _compare_numbers(
    name: str, known: EpochUnit | TextFormat, window: Window, valid: tuple[int, int]
) -> list[str]:
    """Return the comparisons of numbers; a fraction does not change them."""
    first, last = valid
    least = first if window.since is None else max(first, _find_first(known, window.since))
    beyond = last + 1 if window.end is None else min(last + 1, _find_first(known, window.end))
    return [f"{name} >= {least}", f"{name} < {beyond}"]


def _find_first(known: EpochUnit | TextFormat, month: date) -> int:
    """Return the number from which on numbers are of a month, given by its first day, or later."""
    if isinstance(known, EpochUnit):
        seconds = (month - _UNIX).days * 86_400
        return seconds * int(10**known.scale)
    return (month.year * 100 + month.month) * int(10 ** (known.digits - 6))


def _widen(window: Window) -> tuple[date | None, date | None]:
    """Return the window's first day and the day after it, each a day further out."""
    since, end = window.since, window.end
    return since and (since - _DAY if since > date.min else None), end and end + _DAY
