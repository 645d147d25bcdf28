"""The statement of a verification: the exact counts and sums of each month of a plan.

The inner query is that of `core.query.rows`. Snowflake groups and sums, whichever engine made the
delivery.
"""

from __future__ import annotations

from core.planning.plan import Plan
from core.query.grouped import FLAGS, SAFE_DIGITS, normalize_for_grouping
from core.query.rows import from_source, row_fields
from core.query.statement import Binds, Field, Statement, literal, quote, select

_BLANK, _BAD = FLAGS["blank"], FLAGS["bad"]


def select_figures(
    plan: Plan, *, read_by: str | None, before: bool = False, rounded: bool = False
) -> Statement:
    """Return the statement that selects a row for each month, and one for its blank rows.

    The columns of its result:

    - `month`;
    - `blank`: whether the rows are blank, if rows of this table can be;
    - `rows`: the number of rows;
    - `bad`: the number of rows whose date cannot be parsed, if dates of this type can be invalid;
    - `groups`: the number of distinct keys;
    - `sum_1`...;
    - `abs_1`...: the sum of the absolute values of what is summed as a float, to which the
      tolerance for rounding is relative.

    Args:
        plan: the plan.
        read_by: the id of the query whose snapshot of the table is read (Time Travel); None for
            the present state of the table.
        before: read the state before that query, not the state that includes what was committed
            while it ran (docs.snowflake.com, "AT | BEFORE").
        rounded: sum the widest numbers as floats, because a sum by month can have more than 38
            digits where sums by group have not.
    """
    bind = Binds()
    fields = [normalize_for_grouping(f) for f in row_fields(plan, bind)]
    point = "BEFORE" if before else "AT"
    then = f" {point}(STATEMENT => {literal(read_by)})" if read_by is not None else ""
    rows = select(fields, from_source(plan, bind, then), bind)
    flags = {f.alias for f in fields if f.column is None}
    by = ["month", *(flags & {_BLANK})]
    sums = [f for f in fields if f.is_sum]
    floats = [f for f in sums if is_float(f, rounded=rounded)]
    # Not called `rows`: Snowflake could resolve that name to the outer query's alias.
    groups = [
        *(Field(name, quote(name)) for name in by),
        Field("size", "COUNT(*)"),
        *(Field(name, f"COUNT({quote(name)})") for name in flags & {_BAD}),
        *(Field(f.alias, f"SUM({quote(f.alias)})", f.column) for f in sums),
        *(Field(_name_magnitude(f), f"SUM(ABS({quote(f.alias)}::FLOAT))") for f in floats),
    ]
    keys = [f.alias for f in fields if f.is_key]
    grouped = select(groups, _group(rows, [*by, *keys]), bind)
    months = [
        Field("month", quote("month")),
        *(Field("blank", quote(name)) for name in flags & {_BLANK}),
        Field("rows", f"SUM({quote('size')})"),
        *(Field("bad", f"SUM({quote(name)})") for name in flags & {_BAD}),
        Field("groups", "COUNT(*)"),
        *(Field(f.alias, _sum_total(f, rounded=rounded), f.column) for f in sums),
        *(Field(_name_magnitude(f), f"SUM({quote(_name_magnitude(f))})") for f in floats),
    ]
    return select(months, _group(grouped, by), bind)


def is_float(field: Field, *, rounded: bool) -> bool:
    """Whether a sum of `select_figures` is a float, and so has a column `abs_...`."""
    if field.column is None or field.column.source.type.kind != "FIXED":
        return True
    return rounded and (field.column.source.type.precision or 0) > SAFE_DIGITS


def _name_magnitude(field: Field) -> str:
    return field.alias.replace("sum_", "abs_")


def _sum_total(field: Field, *, rounded: bool) -> str:
    cast = "::FLOAT" if is_float(field, rounded=rounded) else ""
    return f"SUM({quote(field.alias)}{cast})"


def _group(rows: Statement, by: list[str]) -> str:
    return f"FROM (\n{rows.sql}\n)\nGROUP BY {', '.join(map(quote, by))}"
