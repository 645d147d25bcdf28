"""The statements of a preview: the months of a plan and its first groups, aggregated in Snowflake.

The inner query is that of `core.query.rows`, so that each rule is written once.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from core.planning.plan import Plan
from core.query.grouped import SAFE_DIGITS, select_groups
from core.query.rows import from_source, limit_to_window, row_fields
from core.query.sample import fits, read_part
from core.query.statement import Binds, Field, Statement, quote, select
from core.query.window import skips_partitions

PREVIEW_ROWS = 100_000
_PREVIEW_PARTITIONS = 8


def reads_all(plan: Plan) -> bool:
    """Whether a sampled preview is known to read all rows of the source."""
    return fits(plan.source, PREVIEW_ROWS, _PREVIEW_PARTITIONS)


def reads_window_first(plan: Plan) -> bool:
    """Whether a preview reads the first rows of a window instead of a sample of its table.

    A sample of the table has few rows of one month, or none, if the table is large. The first rows
    are as good as any if they are of one month.
    """
    if plan.window is None or plan.window.month is None or plan.source.is_view:
        return False
    return skips_partitions(plan)


def count_rows(plan: Plan) -> Statement:
    """Return the statement that counts the rows of a plan's window."""
    bind = Binds()
    return select([Field("rows", "COUNT(*)")], from_source(plan, bind), bind)


def select_months(
    plan: Plan,
    *,
    exact: bool,
    counted: bool = False,
    rounded: bool = False,
    beginning: bool = False,
) -> Statement:
    """Return the statement that selects a row for each month, and one for the blank rows.

    The columns of its result:

    - `month`;
    - `blank`: whether the rows are blank, if rows of this table can be;
    - `rows`: the number of rows;
    - `bad`: the number of rows whose date cannot be parsed, if dates of this type can be invalid;
    - `groups`: the number of distinct keys;
    - `single`: the number of groups of one row, if groups are counted;
    - `sum_1`...

    Args:
        plan: the plan.
        exact: read the whole table, and estimate the number of groups by HyperLogLog. If false,
            read a sample, and count its groups.
        counted: also count the groups of the whole table, which costs Snowflake as much as the
            transfer.
        rounded: sum the widest numbers as floats, because a sum by month can have more than 38
            digits where sums by group have not.
        beginning: read the first rows, instead of those of `core.query.sample.read_part`.
    """
    bind = Binds()
    fields = row_fields(plan, bind)
    groups = [f.alias for f in fields if f.alias == "blank" or f.is_group]
    by_month = [name for name in groups if name in ("month", "blank")]
    if exact and not counted:
        rows = select(fields, from_source(plan, bind), bind)
        counts = [Field("rows", "COUNT(*)"), *_count_bad(fields), _count_distinct(fields)]
        outer = [*_select_by_alias(by_month), *counts, *_sum_columns(fields, rounded)]
    else:
        whole = exact or reads_all(plan)
        part = from_source(plan, bind) if whole else _read_sample(plan, bind, beginning=beginning)
        sample = select(fields, part, bind)
        # Not called `rows`: Snowflake could resolve that name to the outer query's alias.
        counts = [Field("size", "COUNT(*)"), *_count_bad(fields)]
        inner = [*_select_by_alias(groups), *counts, *_sum_columns(fields, rounded)]
        rows = select(inner, _group(sample, groups), bind)
        outer = [
            *_select_by_alias(by_month),
            Field("rows", f"SUM({quote('size')})"),
            *(Field(f.alias, f"SUM({quote(f.alias)})") for f in _count_bad(fields)),
            Field("groups", "COUNT(*)"),
            Field("single", f"COUNT_IF({quote('size')} = 1)"),
            *(Field(f.alias, f"SUM({quote(f.alias)})", f.column) for f in fields if f.is_sum),
        ]
    return select(outer, _group(rows, by_month), bind)


def select_first_groups(
    plan: Plan, groups: int, *, rounded: bool = False, beginning: bool = False
) -> Statement:
    """Return the statement that selects the grand total and the first groups of a plan.

    It is that of `select_groups` with a limit, over the rows of a preview: all rows of the source
    if it has no more, else a sample.

    Args:
        plan: the plan.
        groups: the most groups.
        rounded: as for `select_groups`.
        beginning: as for `select_months`.
    """
    read = from_source if reads_all(plan) else partial(_read_sample, beginning=beginning)
    statement = select_groups(plan, rounded=rounded, read=read)
    return replace(statement, sql=f"{statement.sql}\nLIMIT {groups + 1}")


def _read_sample(plan: Plan, bind: Binds, *, beginning: bool) -> str:
    where = limit_to_window(plan, bind)
    return read_part(
        plan.source, PREVIEW_ROWS, _PREVIEW_PARTITIONS, where=where, beginning=beginning
    )


def _select_by_alias(aliases: list[str]) -> list[Field]:
    return [Field(alias, quote(alias)) for alias in aliases]


def _count_bad(fields: list[Field]) -> list[Field]:
    return [Field("bad", f"COUNT({quote('bad')})") for f in fields if f.alias == "bad"]


def _count_distinct(fields: list[Field]) -> Field:
    keys = ", ".join(quote(f.alias) for f in fields if f.is_group and f.alias != "month")
    # HASH treats NULL as a value; APPROX_COUNT_DISTINCT ignores NULLs.
    return Field("groups", f"APPROX_COUNT_DISTINCT(HASH({keys}))" if keys else "1")


def _sum_columns(fields: list[Field], rounded: bool) -> list[Field]:
    sums: list[Field] = []
    for f in fields:
        if f.is_sum and f.column is not None:
            wide = (f.column.source.type.precision or 0) > SAFE_DIGITS
            cast = "::FLOAT" if rounded and wide else ""
            sums.append(Field(f.alias, f"SUM({quote(f.alias)}{cast})", f.column))
    return sums


def _group(rows: Statement, by: list[str]) -> str:
    return f"FROM (\n{rows.sql}\n)\nGROUP BY {', '.join(map(quote, by))}"
