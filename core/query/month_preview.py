"""The months of a plan, aggregated at the warehouse: what a preview shows.

The rows are those of `core.query.rows`, so the rules are written down once.
"""

from __future__ import annotations

from core.planning.plan import Plan
from core.query.grouped import SAFE_DIGITS
from core.query.rows import row_fields
from core.query.sample import sample_clause
from core.query.statement import Binds, Field, Statement, qualify, quote, select

PREVIEW_ROWS = 100_000


def reads_all(plan: Plan) -> bool:
    """Whether a sampled preview of the plan's source is known to read it whole."""
    source = plan.source
    return not source.is_view and source.rows is not None and source.rows <= PREVIEW_ROWS


def select_months(
    plan: Plan, *, exact: bool, counted: bool = False, rounded: bool = False
) -> Statement:
    """A row for each month, and one for the blank rows.

    Its columns: `month`; `blank`, where a row can be blank; `rows`; `bad`, the rows whose date does
    not parse, where that can be; `groups`, the distinct keys; `single`, of those the ones with one
    row (where the groups are counted); `sum_1`...

    Args:
        plan: what happens to each column.
        exact: over the whole table, the groups estimated by HyperLogLog; else over a sample, the
            groups counted.
        counted: count the groups of the whole table too: as much work as the transfer's own.
        rounded: sum the widest numbers as floats: they have more digits by month than by group.
    """
    bind = Binds()
    fields = row_fields(plan, bind)
    groups = [f.alias for f in fields if f.alias == "blank" or f.is_group]
    by_month = [name for name in groups if name in ("month", "blank")]
    where = f"FROM {qualify(plan.source.name)}"
    if exact and not counted:
        rows = select(fields, where, bind)
        counts = [Field("rows", "COUNT(*)"), *_count_bad(fields), _count_distinct(fields)]
        outer = [*_select_by_alias(by_month), *counts, *_sum_columns(fields, rounded)]
    else:
        sample = select(fields, where + ("" if exact else _limit_to_sample(plan)), bind)
        # Not called `rows`: which of a column and an alias of one name is meant is a fine point.
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


def _limit_to_sample(plan: Plan) -> str:
    if reads_all(plan):
        return ""
    return sample_clause(plan.source, PREVIEW_ROWS) or f"\nLIMIT {PREVIEW_ROWS}"


def _select_by_alias(aliases: list[str]) -> list[Field]:
    return [Field(alias, quote(alias)) for alias in aliases]


def _count_bad(fields: list[Field]) -> list[Field]:
    return [Field("bad", f"COUNT({quote('bad')})") for f in fields if f.alias == "bad"]


def _count_distinct(fields: list[Field]) -> Field:
    keys = ", ".join(quote(f.alias) for f in fields if f.is_group and f.alias != "month")
    # HASH takes NULL for a value, which APPROX_COUNT_DISTINCT would not count.
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
