"""The statement that aggregates a plan in Snowflake: one row for each group, and a grand total.

The inner query is that of `core.query.rows`, so that each rule is written once. The grand total is
one more grouping set: a row of the same statement, computed from the same snapshot.
"""

from __future__ import annotations

from collections.abc import Callable

from core.planning.plan import Plan
from core.planning.source import ColumnType
from core.query.dates import INT64
from core.query.rows import from_source, row_fields
from core.query.statement import Binds, Field, Statement, quote, select

# The aliases of the inner query's flags. They differ from the outer query's aliases because HAVING
# may resolve a name to either a column or an alias if both have it.
FLAGS = {"blank": "blank_row", "bad": "bad_date"}
_GROUP = "group_"
# A sum of 10^10 numbers with this many digits has at most 38 digits.
SAFE_DIGITS = 28


def select_groups(
    plan: Plan,
    *,
    at_rest: bool = False,
    ordered: bool = True,
    rounded: bool = False,
    read: Callable[[Plan, Binds], str] = from_source,
) -> Statement:
    """Return the statement that selects a row for each group, and one for the grand total.

    The columns of its result:

    - `total`: whether the row is the grand total;
    - `month`, `key_1`...: NULL in the grand total;
    - `sum_1`...;
    - `magnitude_1`...: the sum of the absolute values of a float column, to which the tolerance
      for rounding is relative;
    - `rows`, `blank`, `bad`: the number of rows that are not blank, that are blank, and whose date
      cannot be parsed;
    - `unfit_1`...: for each key of 7 to 9 fractional digits of a second, the number of rows whose
      value the plan's unit cannot hold.

    Groups that consist of blank rows only are left out; the grand total counts their rows. The
    result for an empty table may have no grand total.

    Args:
        plan: the plan.
        at_rest: the result stays in Snowflake, so that every key keeps its Snowflake type if files
            have such a type. If false, TIMEs and TIMESTAMPs of 7 to 9 digits are selected as counts
            of nanoseconds.
        ordered: sort the grand total first, then by month and keys, NULLs last.
        rounded: sum the widest numbers of the grand total as floats, in the additional columns
            `total_1`..., because that sum can have more than 38 digits. `sum_1`... is NULL in the
            grand total.
        read: returns the clauses from which the rows are read.
    """
    bind = Binds()
    fields = [normalize_for_grouping(f) for f in row_fields(plan, bind, at_rest=at_rest)]
    groups = [f for f in fields if f.is_group]
    rows = select(fields, read(plan, bind), bind)
    unfit = _count_unfit(plan, fields, bind, at_rest=at_rest)
    measures = [*_list_measures(fields), *unfit]
    by = [f.alias for f in groups]
    if rounded:
        inner = [Field(_GROUP + f.alias, f.sql) for f in measures]
        where = f"FROM (\n{rows.sql}\n)\nGROUP BY {_join_aliases(by)}"
        rows = select([*_select_by_alias(groups), *inner], where, bind)
        by += [_GROUP + f.alias for f in measures if _is_wide(f)]
        measures = [again for f in measures for again in _sum_measure(f)]
    outer = [Field("total", f'GROUPING("{by[0]}") = 1'), *_select_by_alias(groups), *measures]
    counted = next(f.sql for f in measures if f.alias == "rows")
    rest = f"FROM (\n{rows.sql}\n)\nGROUP BY GROUPING SETS (({_join_aliases(by)}), ())"
    if any(f.alias == FLAGS["blank"] for f in fields):
        rest += f"\nHAVING {outer[0].sql} OR {counted} > 0"
    if ordered:
        order = ", ".join(f"{quote(f.alias)} NULLS LAST" for f in groups)
        rest += f'\nORDER BY "total" DESC, {order}'
    return select(outer, rest, bind)


def _list_measures(fields: list[Field]) -> list[Field]:
    """Return the sums and counts of a group."""
    sums = [Field(f.alias, f"SUM({quote(f.alias)})", f.column) for f in fields if f.is_sum]
    sizes = [
        Field(_number_like("magnitude", f), f"SUM(ABS({quote(f.alias)}))")
        for f in fields
        if f.is_sum and _get_type(f).kind != "FIXED"
    ]
    flags = {f.alias for f in fields if f.column is None}
    blank, bad = FLAGS["blank"], FLAGS["bad"]
    counts = [
        Field("rows", f"COUNT_IF(NOT {quote(blank)})" if blank in flags else "COUNT(*)"),
        Field("blank", f"COUNT_IF({quote(blank)})" if blank in flags else "0"),
        Field("bad", f"COUNT({quote(bad)})" if bad in flags else "0"),
    ]
    return [*sums, *sizes, *counts]


def _count_unfit(plan: Plan, fields: list[Field], bind: Binds, *, at_rest: bool) -> list[Field]:
    """Return the counts of times and timestamps that the plan's unit cannot hold.

    Nanoseconds are never at rest: engine `unload`, whose rows are, does not deliver them.
    """
    counts: list[Field] = []
    for f in fields:
        if not (f.is_key and _get_type(f).has_nanoseconds):
            continue
        value = quote(f.alias)
        if plan.timestamp_unit == "us":
            fraction = f"DATE_PART(NANOSECOND, {value})" if at_rest else value
            unfit = f"MOD({fraction}, 1000) <> 0"
        elif _get_type(f).kind == "TIME" or at_rest:
            continue
        else:
            unfit = f"ABS({value}) > {bind(INT64)}"
        counts.append(Field(_number_like("unfit", f), f"COUNT_IF({unfit})"))
    return counts


def normalize_for_grouping(field: Field) -> Field:
    """Return `field` with an expression by which GROUP BY and the delivery agree on equality.

    -0.0 and 0.0 are one key. The same moment in different time zones is one key, because the
    delivery is in UTC. Texts are compared exactly, whatever the collation of the column.
    """
    if field.column is None:
        return Field(FLAGS[field.alias], field.sql)
    kind, sql = field.column.source.type, field.sql
    if not field.is_key or sql != quote(field.column.name):
        return field
    if kind.kind == "REAL":
        sql = f"{sql} + 0"
    elif kind.kind == "TIMESTAMP_TZ":
        sql = f"CONVERT_TIMEZONE('UTC', {sql})"
    elif kind.kind == "TEXT" and " COLLATE " in kind.text.upper():
        sql = f"COLLATE({sql}, 'utf8')"
    return Field(field.alias, sql, field.column)


def _sum_measure(field: Field) -> list[Field]:
    """Return the fields that sum a measure of the groups for the grand total."""
    name = quote(_GROUP + field.alias)
    if not _is_wide(field):
        return [Field(field.alias, f"SUM({name})", field.column)]
    return [
        Field(field.alias, name, field.column),
        Field(_number_like("total", field), f"SUM({name}::FLOAT)"),
        Field(_number_like("magnitude", field), f"SUM(ABS({name}::FLOAT))"),
    ]


def _is_wide(field: Field) -> bool:
    return field.is_sum and (_get_type(field).precision or 0) > SAFE_DIGITS


def _get_type(field: Field) -> ColumnType:
    assert field.column is not None  # noqa: S101 - for the type checker
    return field.column.source.type


def _number_like(name: str, field: Field) -> str:
    return f"{name}_{field.alias.rpartition('_')[2]}"


def _select_by_alias(fields: list[Field]) -> list[Field]:
    return [Field(f.alias, quote(f.alias), f.column) for f in fields]


def _join_aliases(aliases: list[str]) -> str:
    return ", ".join(map(quote, aliases))
