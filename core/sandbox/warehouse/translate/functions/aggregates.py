"""Aggregate and window functions."""

from __future__ import annotations

from sqlglot import exp

from core.sandbox.warehouse import failures, types
from core.sandbox.warehouse.translate.arithmetic import divide, numeric
from core.sandbox.warehouse.translate.binder import Binder, binds
from core.sandbox.warehouse.translate.bound import Bound
from core.sandbox.warehouse.translate.casts import cast, to_text
from core.sandbox.warehouse.translate.functions.registry import (
    AGGREGATES,
    FUNCTIONS,
    check_count,
    function,
    special,
)
from core.sandbox.warehouse.translate.operators import comparable, truth
from core.sandbox.warehouse.types import MAX_PRECISION

_COUNT = types.number(18)


def _as_count(sql: str, *, required: bool = True) -> Bound:
    return Bound(f"CAST({sql} AS {_COUNT.physical})", _COUNT, required=required)


def _arguments(arguments: list[exp.Expr]) -> tuple[str, list[exp.Expr]]:
    """Split arguments into `DISTINCT ` or nothing, and those behind it."""
    if len(arguments) == 1 and isinstance(arguments[0], exp.Distinct):
        return "DISTINCT ", arguments[0].expressions
    return "", arguments


def _single(binder: Binder, name: str, arguments: list[exp.Expr]) -> tuple[str, Bound]:
    distinct, rest = _arguments(arguments)
    check_count(name, len(rest), 1, 1)
    return distinct, binder.bind(rest[0])


@special("COUNT")
def _count(binder: Binder, arguments: list[exp.Expr]) -> Bound:
    distinct, rest = _arguments(arguments)
    if not rest or isinstance(rest[0], exp.Star):
        return _as_count("count(*)")
    values = [binder.bind(each) for each in rest]
    if len(values) == 1:
        only = values[0]
        counted = comparable(only) if distinct else (only.t if only.parts else only.sql)
        return _as_count(f"count({distinct}{counted})")
    present = " AND ".join(f"{each.sql} IS NOT NULL" for each in values)
    row = ", ".join(comparable(each) for each in values)
    return _as_count(f"count({distinct}CASE WHEN {present} THEN row({row}) END)")


@special("COUNT_IF")
def _count_if(binder: Binder, arguments: list[exp.Expr]) -> Bound:
    check_count("COUNT_IF", len(arguments), 1, 1)
    # NULL of no rows, as its documentation says, and in DuckDB.
    return _as_count(f"count_if({truth(binder, arguments[0])})", required=False)


@special("APPROX_COUNT_DISTINCT", "HLL")
def _approximate_count(binder: Binder, arguments: list[exp.Expr]) -> Bound:
    _, value = _single(binder, "APPROX_COUNT_DISTINCT", arguments)
    return _as_count(f"approx_count_distinct({comparable(value)})")


@special("SUM")
def _sum(binder: Binder, arguments: list[exp.Expr]) -> Bound:
    distinct, value = _single(binder, "SUM", arguments)
    number = numeric(binder, value)
    if number.type.name == "REAL":
        return Bound(f"sum({distinct}{number.sql})", types.REAL)
    # 12 digits more than the summed numbers have: SUM of NUMBER(12,2) is NUMBER(24,2).
    type_ = types.number(min(MAX_PRECISION, number.type.precision + 12), number.type.scale)
    return Bound(f"CAST(sum({distinct}{number.sql}) AS {type_.physical})", type_)


@special("AVG")
def _avg(binder: Binder, arguments: list[exp.Expr]) -> Bound:
    distinct, value = _single(binder, "AVG", arguments)
    number = numeric(binder, value)
    if number.type.name == "REAL":
        return Bound(f"avg({distinct}{number.sql})", types.REAL)
    sum_type = types.number(MAX_PRECISION, number.type.scale)
    total = Bound(f"CAST(sum({distinct}{number.sql}) AS {sum_type.physical})", sum_type)
    count = Bound(f"CAST(count({distinct}{number.sql}) AS {_COUNT.physical})", _COUNT)
    return divide(total, count, zero="NULL")


def _extreme(name: str) -> None:
    @special(name)
    def call(binder: Binder, arguments: list[exp.Expr]) -> Bound:
        _, value = _single(binder, name, arguments)
        return Bound(f"{name.lower()}({value.sql})", value.type)


_extreme("MIN")
_extreme("MAX")


@special("ANY_VALUE")
def _any_value(binder: Binder, arguments: list[exp.Expr]) -> Bound:
    _, value = _single(binder, "ANY_VALUE", arguments)
    return Bound(f"any_value({value.sql})", value.type)


def _floating(name: str, duckdb_name: str) -> None:
    @special(name)
    def call(binder: Binder, arguments: list[exp.Expr]) -> Bound:
        distinct, value = _single(binder, name, arguments)
        number = cast(binder, value, types.REAL).sql
        return Bound(f"{duckdb_name}({distinct}{number})", types.REAL)


for _name, _duckdb_name in (
    ("STDDEV", "stddev_samp"), ("STDDEV_SAMP", "stddev_samp"), ("STDDEV_POP", "stddev_pop"),
    ("VARIANCE", "var_samp"), ("VAR_SAMP", "var_samp"), ("VAR_POP", "var_pop"),
):  # fmt: skip
    _floating(_name, _duckdb_name)


@special("MEDIAN")
def _median(binder: Binder, arguments: list[exp.Expr]) -> Bound:
    _, value = _single(binder, "MEDIAN", arguments)
    number = numeric(binder, value)
    if number.type.name == "REAL":
        return Bound(f"median({number.sql})", types.REAL)
    type_ = types.number(MAX_PRECISION, number.type.scale + 3)
    return Bound(f"CAST(median({number.sql}) AS {type_.physical})", type_)


@special("BOOLAND_AGG")
def _bool_and(binder: Binder, arguments: list[exp.Expr]) -> Bound:
    return Bound(f"bool_and({truth(binder, arguments[0])})", types.BOOLEAN)


@special("BOOLOR_AGG")
def _bool_or(binder: Binder, arguments: list[exp.Expr]) -> Bound:
    return Bound(f"bool_or({truth(binder, arguments[0])})", types.BOOLEAN)


@special("LISTAGG")
def _listagg(binder: Binder, arguments: list[exp.Expr]) -> Bound:
    return _list(binder, arguments, "")


def _list(binder: Binder, arguments: list[exp.Expr], order: str) -> Bound:
    distinct = ""
    if arguments and isinstance(arguments[0], exp.Distinct):
        distinct, arguments = "DISTINCT ", [*arguments[0].expressions, *arguments[1:]]
    check_count("LISTAGG", len(arguments), 1, 2)
    value = to_text(binder, binder.bind(arguments[0]))
    separator = binder.bind(arguments[1]).sql if len(arguments) > 1 else "''"
    return Bound(f"coalesce(string_agg({distinct}{value}, {separator}{order}), '')", types.TEXT)


@special("ARRAY_AGG")
def _array_agg(binder: Binder, arguments: list[exp.Expr]) -> Bound:
    distinct, value = _single(binder, "ARRAY_AGG", arguments)
    item = cast(binder, value, types.VARIANT).sql
    return Bound(f"('[' || coalesce(string_agg({distinct}{item}, ','), '') || ']')", types.ARRAY)


@special("MAX_BY")
def _max_by(binder: Binder, arguments: list[exp.Expr]) -> Bound:
    check_count("MAX_BY", len(arguments), 2, 2)
    value, by = (binder.bind(each) for each in arguments)
    return Bound(f"arg_max({value.sql}, {comparable(by)})", value.type)


@special("MIN_BY")
def _min_by(binder: Binder, arguments: list[exp.Expr]) -> Bound:
    check_count("MIN_BY", len(arguments), 2, 2)
    value, by = (binder.bind(each) for each in arguments)
    return Bound(f"arg_min({value.sql}, {comparable(by)})", value.type)


@special("GROUPING", "GROUPING_ID")
def _grouping(binder: Binder, arguments: list[exp.Expr]) -> Bound:
    check_count("GROUPING", len(arguments), 1, -1)
    keys = ", ".join(comparable(binder.bind(each)) for each in arguments)
    return _as_count(f"GROUPING({keys})")


AGGREGATES.update(
    """
    COUNT COUNT_IF APPROX_COUNT_DISTINCT HLL SUM AVG MIN MAX ANY_VALUE STDDEV STDDEV_SAMP STDDEV_POP
    VARIANCE VAR_SAMP VAR_POP MEDIAN BOOLAND_AGG BOOLOR_AGG LISTAGG ARRAY_AGG MAX_BY MIN_BY
    GROUPING GROUPING_ID
    """.split()  # noqa: SIM905 - a list would be thrice as long
)


def _ranking(name: str) -> None:
    @function(name, least=0)
    def call(_: Binder) -> Bound:
        return Bound(f"{name.lower()}()", _COUNT)


for _name in ("ROW_NUMBER", "RANK", "DENSE_RANK"):
    _ranking(_name)


@function("PERCENT_RANK", least=0)
def _percent_rank(_: Binder) -> Bound:
    return Bound("percent_rank()", types.REAL)


@function("CUME_DIST", least=0)
def _cume_dist(_: Binder) -> Bound:
    return Bound("cume_dist()", types.REAL)


@function("NTILE")
def _ntile(_: Binder, buckets: Bound) -> Bound:
    return Bound(f"ntile(CAST({buckets.sql} AS BIGINT))", _COUNT)


def _neighbour(name: str) -> None:
    @function(name, most=3)
    def call(
        binder: Binder, value: Bound, offset: Bound | None = None, default: Bound | None = None
    ) -> Bound:
        steps = f", CAST({offset.sql} AS BIGINT)" if offset is not None else ""
        other = f", {cast(binder, default, value.type).sql}" if default is not None else ""
        return Bound(f"{name.lower()}({value.sql}{steps}{other})", value.type)


_neighbour("LAG")
_neighbour("LEAD")


@function("FIRST_VALUE")
def _first_value(_: Binder, value: Bound) -> Bound:
    return Bound(f"first_value({value.sql})", value.type)


@function("LAST_VALUE")
def _last_value(_: Binder, value: Bound) -> Bound:
    return Bound(f"last_value({value.sql})", value.type)


@function("NTH_VALUE", least=2)
def _nth_value(_: Binder, value: Bound, index: Bound) -> Bound:
    return Bound(f"nth_value({value.sql}, CAST({index.sql} AS BIGINT))", value.type)


def order_terms(binder: Binder, order: exp.Expr | None) -> str:
    """Translate ORDER BY; NULL is the largest value unless NULLS FIRST or LAST is given."""
    if order is None:
        return ""
    terms = []
    for each in order.expressions:
        descending = bool(each.args.get("desc"))
        nulls = "FIRST" if _nulls_first(each, descending) else "LAST"
        direction = "DESC" if descending else "ASC"
        terms.append(f"{comparable(binder.bind(each.this))} {direction} NULLS {nulls}")
    return " ORDER BY " + ", ".join(terms)


def _nulls_first(ordered: exp.Expr, descending: bool) -> bool:
    given = ordered.args.get("nulls_first")
    return descending if given is None else bool(given)


@binds(exp.WithinGroup)
def _within_group(binder: Binder, node: exp.Expr) -> Bound:
    call = node.this
    if not isinstance(call, exp.Anonymous) or str(call.this).upper() != "LISTAGG":
        raise failures.unsupported("WITHIN GROUP of other than LISTAGG")
    binder.scope.in_aggregate += 1
    try:
        return _list(binder, call.expressions, order_terms(binder, node.expression))
    finally:
        binder.scope.in_aggregate -= 1


@binds(exp.Window)
def _window(binder: Binder, node: exp.Expr) -> Bound:
    call = node.this
    name = str(call.this).upper() if isinstance(call, exp.Anonymous) else ""
    if node.args.get("over") is None or not name:
        raise failures.unsupported("this window clause")
    if name not in FUNCTIONS:
        raise failures.unknown_function(name)
    if name in ("LISTAGG", "ARRAY_AGG"):
        raise failures.unsupported(f"{name} with OVER")
    parts = [comparable(binder.bind(each)) for each in node.args.get("partition_by") or []]
    partition = "PARTITION BY " + ", ".join(parts) if parts else ""
    order = order_terms(binder, node.args.get("order"))
    over = f" OVER ({partition}{order}{_frame(node.args.get('spec'))})"
    if name == "AVG":
        total, count = (_over(FUNCTIONS[each](binder, call.expressions), over)
                        for each in ("SUM", "COUNT"))  # fmt: skip
        return divide(total, count, zero="NULL")
    return _over(FUNCTIONS[name](binder, call.expressions), over)


def _over(call: Bound, over: str) -> Bound:
    """Add the window to a function.

    Its SQL is one call, perhaps inside one CAST, which stays outside.
    """
    start, end = "CAST(", f" AS {call.type.physical})"
    inner = call.sql
    if inner.startswith(start) and inner.endswith(end):
        inner = inner[len(start) : -len(end)]
    return Bound(f"CAST({inner}{over} AS {call.type.physical})", call.type)


def _frame(spec: exp.Expr | None) -> str:
    if spec is None:
        return ""
    bounds = []
    for side in ("start", "end"):
        value = spec.args.get(side)
        text = (
            value
            if isinstance(value, str)
            else str(value.name if value is not None else "CURRENT ROW")
        )
        if text != "CURRENT ROW" and text != "UNBOUNDED" and not text.isdigit():
            raise failures.unsupported("this window frame")
        bounds.append(f"{text} {spec.args.get(side + '_side') or ''}".strip())
    return f" {spec.args.get('kind') or 'ROWS'} BETWEEN {bounds[0]} AND {bounds[1]}"
