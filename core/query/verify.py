"""The question of a verification: the months of a plan, counted exactly, as the table was read.

The rows are those of `core.query.rows`; grouping and sums are Snowflake's, whatever engine made the
delivery.
"""

from __future__ import annotations

from core.planning.plan import Plan
from core.query.grouped import FLAGS, SAFE_DIGITS, normalize_for_grouping
from core.query.rows import row_fields
from core.query.statement import Binds, Field, Statement, literal, qualify, quote, select

_BLANK, _BAD = FLAGS["blank"], FLAGS["bad"]


def select_figures(plan: Plan, *, read_by: str | None, rounded: bool = False) -> Statement:
    """A row for each month, and one a month for its blank rows.

    Its columns: `month`; `blank`, where a row can be blank; `rows`; `bad`, the rows whose date does
    not parse, where that can be; `groups`, the distinct keys; `sum_1`...; and `abs_1`..., the sum
    of magnitudes of what is summed as a float, the yardstick of its rounding.

    Args:
        plan: what happens to each column.
        read_by: the query id of a statement, in whose snapshot to look (Time Travel); None for the
            table as it is now.
        rounded: sum the widest numbers as floats: they may have more than 38 digits by month,
            though not by group.
    """
    bind = Binds()
    fields = [normalize_for_grouping(f) for f in row_fields(plan, bind)]
    then = f" AT(STATEMENT => {literal(read_by)})" if read_by is not None else ""
    rows = select(fields, f"FROM {qualify(plan.source.name)}{then}", bind)
    flags = {f.alias for f in fields if f.column is None}
    by = ["month", *(flags & {_BLANK})]
    sums = [f for f in fields if f.is_sum]
    floats = [f for f in sums if is_float(f, rounded=rounded)]
    # Not called `rows`: which of a column and an alias of one name is meant is a fine point.
    groups = [
        *(Field(name, quote(name)) for name in by),
        Field("size", "COUNT(*)"),
        *(Field(name, f"COUNT({quote(name)})") for name in flags & {_BAD}),
        *(Field(f.alias, f"SUM({quote(f.alias)})", f.column) for f in sums),
        *(Field(_yardstick(f), f"SUM(ABS({quote(f.alias)}::FLOAT))") for f in floats),
    ]
    keys = [f.alias for f in fields if f.is_key]
    grouped = select(groups, _group(rows, [*by, *keys]), bind)
    months = [
        Field("month", quote("month")),
        *(Field("blank", quote(name)) for name in flags & {_BLANK}),
        Field("rows", f"SUM({quote('size')})"),
        *(Field("bad", f"SUM({quote(name)})") for name in flags & {_BAD}),
        Field("groups", "COUNT(*)"),
        *(Field(f.alias, _total(f, rounded=rounded), f.column) for f in sums),
        *(Field(_yardstick(f), f"SUM({quote(_yardstick(f))})") for f in floats),
    ]
    return select(months, _group(grouped, by), bind)


def is_float(field: Field, *, rounded: bool) -> bool:
    """Whether a sum of `select_figures` is a float, and so comes with its yardstick."""
    if field.column is None or field.column.source.type.kind != "FIXED":
        return True
    return rounded and (field.column.source.type.precision or 0) > SAFE_DIGITS


def _yardstick(field: Field) -> str:
    return field.alias.replace("sum_", "abs_")


def _total(field: Field, *, rounded: bool) -> str:
    cast = "::FLOAT" if is_float(field, rounded=rounded) else ""
    return f"SUM({quote(field.alias)}{cast})"


def _group(rows: Statement, by: list[str]) -> str:
    return f"FROM (\n{rows.sql}\n)\nGROUP BY {', '.join(map(quote, by))}"
