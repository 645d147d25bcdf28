"""Changing a plan by hand: pure functions that return a changed request.

The app changes the request and makes a new plan of it; nothing here queries Snowflake. The request
stays as short as possible: it names only columns whose role differs from the default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.errors import UsageError
from core.planning.names import check_delivered_names
from core.planning.plan import Plan, PlannedColumn, Role
from core.planning.source import TIMESTAMPS
from core.request.lists import check_renames, split_names
from core.request.request import DEFAULTS, Request

# Kinds of columns that can be the date, in the order in which detection prefers them.
_DETECTED = ({"DATE", *TIMESTAMPS}, {"TEXT"}, {"FIXED"})


def valid_roles(plan: Plan, column: str) -> tuple[Role, ...]:
    """Return the roles that `column` can have in `plan`, including its present one.

    The only valid role of the month column is `month`, because a plan has exactly one month column:
    another column must become the month first.
    """
    planned = _find_column(plan, column)
    if planned.role is Role.MONTH:
        return (Role.MONTH,)
    kind = planned.source.type
    can_be_date = kind.numeric or _rank_type(planned) < len(_DETECTED)
    month = (Role.MONTH,) if can_be_date else ()
    total = (Role.SUM,) if kind.numeric else ()
    return (*month, *total, Role.KEY, Role.DROP)


def with_role(request: Request, plan: Plan, column: str, role: Role) -> Request:
    """Return the request that gives one column another role.

    All other columns keep their roles. If another column becomes the month, the previous month
    column gets its default role: sum if it is numeric, else key.

    Args:
        request: the request of which `plan` was made.
        plan: the present plan.
        column: the name of the column, exactly as in the table.
        role: one of `valid_roles(plan, column)`.

    Returns:
        The changed request.

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
    changed = request.replace(**date, **_write_roles(request, plan, roles))
    return _keep_month(changed, request, plan)


def with_roles(request: Request, plan: Plan, columns: Sequence[str], role: Role) -> Request:
    """Return the request that gives several columns one role, which is not that of the month.

    Args:
        request: the request of which `plan` was made.
        plan: the present plan.
        columns: the names of the columns, exactly as in the table.
        role: the role: one of `valid_roles` of each column.

    Raises:
        UsageError: a column cannot have the role.
    """
    if role is Role.MONTH:
        raise UsageError("Only one column can be the month.")
    for column in columns:
        if role not in valid_roles(plan, column):
            raise UsageError(f"Column {column} cannot be {role}.")
    changed = {each.name: each.role for each in plan.columns} | dict.fromkeys(columns, role)
    return _keep_month(request.replace(**_write_roles(request, plan, changed)), request, plan)


def rename_column(plan: Plan, column: str, new: str) -> dict[str, str]:
    """Return the option `rename` of a request of which `column` is delivered as `new`.

    Args:
        plan: the present plan, whose other new names are kept.
        column: the name of the column, exactly as in the table.
        new: its name in the delivery; empty, or its own name, for its own.

    Raises:
        UsageError: it cannot be the name of a column, or another column has it.
    """
    renames = {c.name: c.renamed for c in plan.columns if c.renamed and c.name != column}
    if new and new != column:
        try:
            check_renames({column: new})
        except ValueError as error:
            raise UsageError(f"{error}.") from error
        renames[column] = new
    check_delivered_names((c.name, renames.get(c.name, c.name)) for c in plan.delivered)
    return renames


def with_date_format(request: Request, plan: Plan, date_format: str | None) -> Request:
    """Return the request with another format of the month column; None to detect the format."""
    return request.replace(date_column=plan.month.name, date_format=date_format or None)


def get_date_format(plan: Plan) -> str | None:
    """Return the month column's format as a value of `date_format`; None for a date type."""
    return str(plan.month_format) if plan.month_format is not None else None


def drop_identifiers(request: Request) -> Request:
    """Return the request that leaves out columns that look like identifiers.

    Columns that the request names keep their roles.
    """
    return request.replace(drop_identifiers=True)


def drop_causes(request: Request, plan: Plan) -> Request:
    """Return the request with the first remedy of the plan's grain, if the plan has one.

    It leaves out the keys that keep the rows apart.
    """
    if plan.grain is None:
        return request
    remedy = plan.grain.remedies[0]
    update = {remedy.option: split_names(remedy.value)}
    if request.key_columns is not None:  # what is no key any more must not become the date
        update["date_column"] = plan.month.name
    return request.replace(**update)


def restore_defaults(request: Request) -> Request:
    """Return the request with the defaults of all options about columns and dates."""
    names = (
        *("date_column", "date_format", "on_bad_date"),
        *("sum_columns", "key_columns", "drop_columns", "drop_identifiers", "rename"),
    )
    return request.replace(**{n: DEFAULTS[n] for n in names})


def _keep_month(changed: Request, request: Request, plan: Plan) -> Request:
    """Return the changed request; it names the month if another column could be detected."""
    freed = _find_free(changed, plan) - _find_free(request, plan)
    rivals = (c for c in plan.columns if c.name in freed)
    if changed.date_column is None and any(_is_as_likely(c, plan.month) for c in rivals):
        # A column that the request does not name any more must not be detected as the date.
        return changed.replace(date_column=plan.month.name)
    return changed


def _find_column(plan: Plan, name: str) -> PlannedColumn:
    for column in plan.columns:
        if column.name == name:
            return column
    raise UsageError(f"There is no column {name}.")


def _rank_type(column: PlannedColumn) -> int:
    kind = column.source.type.kind
    return next((n for n, kinds in enumerate(_DETECTED) if kind in kinds), len(_DETECTED))


def _is_as_likely(column: PlannedColumn, month: PlannedColumn) -> bool:
    """Whether detection could choose `column` as the date instead of `month`."""
    return _rank_type(column) <= min(_rank_type(month), len(_DETECTED) - 1)


def _write_roles(request: Request, plan: Plan, roles: Mapping[str, Role]) -> dict[str, object]:
    """Return the options of a request that give the columns these roles."""

    def pick(role: Role, *, numeric: bool) -> tuple[str, ...]:
        return tuple(
            c.name
            for c in plan.columns
            if roles[c.name] is role and c.source.type.numeric is numeric
        )

    numbers_as_keys = pick(Role.KEY, numeric=True)
    dropped_numbers, dropped_others = (pick(Role.DROP, numeric=n) for n in (True, False))
    # A list in the request stays a list: it also decides the role of columns added to the table.
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


def _find_free(request: Request, plan: Plan) -> frozenset[str]:
    """Return the names of the columns among which the date is detected."""
    named = (*(request.sum_columns or ()), *(request.key_columns or ()), *request.drop_columns)
    folded = {name.casefold() for name in named}
    return frozenset(c.name for c in plan.columns if c.name.casefold() not in folded)
