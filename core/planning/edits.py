"""Changing a plan by hand: pure functions from one request to the next.

Whoever shows a plan changes the request and has the plan made anew; nothing here asks the
warehouse. A request stays as short as it can: it names what differs from the rule.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import UsageError
from core.planning.date_formats import EpochUnit, TextFormat
from core.planning.plan import Plan, PlannedColumn, Role
from core.planning.source import TIMESTAMPS
from core.request.request import Request

# Kinds of columns that can be the date, in the order in which detection prefers them.
_DETECTED = ({"DATE", *TIMESTAMPS}, {"TEXT"}, {"FIXED"})


def valid_roles(plan: Plan, column: str) -> tuple[Role, ...]:
    """The roles that `column` can have in `plan`, its own among them.

    The month column keeps its role until another takes it: there is always exactly one.
    """
    planned = _column(plan, column)
    if planned.role is Role.MONTH:
        return (Role.MONTH,)
    kind = planned.source.type
    can_be_date = kind.numeric or _preference(planned) < len(_DETECTED)
    month = (Role.MONTH,) if can_be_date else ()
    total = (Role.SUM,) if kind.numeric else ()
    return (*month, *total, Role.KEY, Role.DROP)


def with_role(request: Request, plan: Plan, column: str, role: Role) -> Request:
    """Give one column another role; all others keep theirs.

    Only a column that was the month until now gets the role of the rule: sum if it is numeric,
    else key.

    Args:
        request: what `plan` was made of.
        plan: the plan that is shown.
        column: the name of the column, exactly as in the table.
        role: one of `valid_roles(plan, column)`.

    Returns:
        The request whose plan is that.

    Raises:
        UsageError: the column cannot have the role.
    """
    if role not in valid_roles(plan, column):
        raise UsageError(
            f"Column {column} cannot be {role}.",
            "Make another column the month first." if column == plan.month.name else "",
        )
    roles = {each.name: each.role for each in plan.columns}
    date: dict[str, str | None] = {}
    if role is Role.MONTH and column != plan.month.name:
        roles[plan.month.name] = Role.SUM if plan.month.source.type.numeric else Role.KEY
        date = {"date_column": column, "date_format": None}
    roles[column] = role
    changed = request.model_copy(update={**date, **_columns(request, plan, roles)})
    freed = _free(changed, plan) - _free(request, plan)
    rivals = (c for c in plan.columns if c.name in freed)
    if changed.date_column is None and any(_as_likely(c, plan.month) for c in rivals):
        # What was named until now is none any more: it must not be detected as the date.
        return changed.model_copy(update={"date_column": plan.month.name})
    return changed


def with_date_format(request: Request, plan: Plan, date_format: str | None) -> Request:
    """Read the month column in another format; None has it detected."""
    return request.model_copy(
        update={"date_column": plan.month.name, "date_format": date_format or None}
    )


def get_date_format(plan: Plan) -> str | None:
    """The month column's format as `date_format` takes it; None for real dates."""
    match plan.month_format:
        case TextFormat() as text:
            return text.strptime
        case EpochUnit() as unit:
            return unit.value
        case _:
            return None


def drop_identifiers(request: Request) -> Request:
    """Leave out every number that looks like an identifier, unless it was asked for by name."""
    return request.model_copy(update={"drop_identifiers": True})


def restore_defaults(request: Request) -> Request:
    """Forget every choice about columns and dates; what remains is the rule."""
    names = (
        *("date_column", "date_format", "on_bad_date"),
        *("sum_columns", "key_columns", "drop_columns", "drop_identifiers"),
    )
    return request.model_copy(update={n: Request.model_fields[n].default for n in names})


def _column(plan: Plan, name: str) -> PlannedColumn:
    for column in plan.columns:
        if column.name == name:
            return column
    raise UsageError(f"There is no column {name}.")


def _preference(column: PlannedColumn) -> int:
    kind = column.source.type.kind
    return next((n for n, kinds in enumerate(_DETECTED) if kind in kinds), len(_DETECTED))


def _as_likely(column: PlannedColumn, month: PlannedColumn) -> bool:
    """Whether detection could take `column` for the date instead of `month`."""
    return _preference(column) <= min(_preference(month), len(_DETECTED) - 1)


def _columns(request: Request, plan: Plan, roles: Mapping[str, Role]) -> dict[str, object]:
    """The options of a request that give the columns these roles."""

    def pick(role: Role, *, numeric: bool) -> tuple[str, ...]:
        return tuple(
            c.name
            for c in plan.columns
            if roles[c.name] is role and c.source.type.numeric is numeric
        )

    numbers_as_keys = pick(Role.KEY, numeric=True)
    dropped_numbers, dropped_others = (pick(Role.DROP, numeric=n) for n in (True, False))
    # Lists that exist stay, for they say what a new column of the table becomes.
    name_keys = request.key_columns is not None or bool(numbers_as_keys)
    name_sums = request.sum_columns is not None
    keys = {c.name for c in plan.columns if roles[c.name] is Role.KEY}
    dropped = {
        *(() if name_sums else dropped_numbers),
        *(() if name_keys else dropped_others),
    }
    drop_flagged = request.drop_identifiers and not _sums_identifiers(plan, roles)
    if drop_flagged:
        dropped -= {c.name for c in plan.columns if c.identifier}
    return {
        "sum_columns": pick(Role.SUM, numeric=True) if name_sums else None,
        "key_columns": tuple(c.name for c in plan.columns if c.name in keys) if name_keys else None,
        "drop_columns": tuple(c.name for c in plan.columns if c.name in dropped),
        "drop_identifiers": drop_flagged,
    }


def _sums_identifiers(plan: Plan, roles: Mapping[str, Role]) -> bool:
    return any(c.identifier and roles[c.name] is Role.SUM for c in plan.columns)


def _free(request: Request, plan: Plan) -> frozenset[str]:
    """The columns among which the date is detected."""
    named = {*(request.sum_columns or ()), *(request.key_columns or ()), *request.drop_columns}
    folded = {name.casefold() for name in named}
    return frozenset(
        c.name for c in plan.columns if c.name not in named and c.name.casefold() not in folded
    )
