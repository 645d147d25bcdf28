"""Operators: arithmetic with Snowflake's scale rules, comparison, logic, LIKE, CASE, JSON paths.

Rules: docs.snowflake.com "Arithmetic operators" (scale and precision of +, -, *, /),
"Data type conversion" (which side is converted).
"""

from __future__ import annotations

from sqlglot import exp

from core.sandbox.warehouse import failures, types
from core.sandbox.warehouse.translate.binder import Binder, binds
from core.sandbox.warehouse.translate.bound import Bound, timestamp
from core.sandbox.warehouse.translate.casts import cast, to_text
from core.sandbox.warehouse.types import MAX_PRECISION, SqlType

_COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
}


def compare(binder: Binder, left: Bound, operator: str, right: Bound) -> str:
    """Translate a comparison to DuckDB SQL; both sides are converted to one type first."""
    a, b = comparables(binder, left, right)
    return f"({a} {operator} {b})"


def comparables(binder: Binder, *values: Bound) -> list[str]:
    """Convert values that are compared with each other to DuckDB SQL."""
    same = alike(binder, *values)
    if all(each.type.is_timestamp and each.n == "0" for each in same):
        return [each.t for each in same]
    if same[0].type.is_timestamp and not all(each.type.has_nanos for each in same):
        same = [
            timestamp(SqlType(each.type.name, scale=9), each.t, each.n, each.o) for each in same
        ]
    own = ("TIMESTAMP_TZ", "TEXT")  # compared otherwise than they are held
    return [comparable(each) if each.type.name in own else each.sql for each in same]


def alike(binder: Binder, *values: Bound) -> list[Bound]:
    """Convert the values to the type in which Snowflake compares them."""
    kinds = {each.type.name for each in values}
    target = types.common([each.type for each in values])
    if kinds >= {"TEXT", "FIXED"} and target.name == "FIXED":  # text may carry a fraction
        target = types.number(MAX_PRECISION, max(target.scale, 5))
    if target.name == "FIXED" and kinds <= {"FIXED", "NULL"}:
        return list(values)  # DuckDB compares decimals of any scale exactly
    return [cast(binder, each, target) for each in values]


def comparable(value: Bound) -> str:
    """Return DuckDB SQL that compares, sorts and groups as Snowflake does.

    A TIMESTAMP_TZ is compared by its instant, a TEXT by its collation: of these only `ci` counts.
    """
    if value.type.ignores_case:
        return f"lower({value.sql})"
    if value.type.name == "TIMESTAMP_TZ":
        return timestamp(SqlType("TIMESTAMP_LTZ", scale=9), value.t, value.n).sql
    if value.type.is_timestamp and value.parts and value.n == "0":
        return value.t
    return value.sql


@binds(*_COMPARISONS)
def _comparison(binder: Binder, node: exp.Expr) -> Bound:
    operator = _COMPARISONS[type(node)]
    right = node.expression
    if isinstance(right, exp.Any | exp.All) or isinstance(node.this, exp.Tuple):
        raise failures.unsupported(f"comparison of {type(right).__name__.upper()}")
    sql = compare(binder, binder.bind(node.this), operator, binder.bind(right))
    return Bound(sql, types.BOOLEAN)


@binds(exp.And, exp.Or)
def _logic(binder: Binder, node: exp.Expr) -> Bound:
    word = "AND" if isinstance(node, exp.And) else "OR"
    terms: list[exp.Expr] = []
    rest: list[exp.Expr] = [node]
    while rest:  # a loop: hundreds of terms are common, recursion would overflow
        each = rest.pop()
        if type(each) is type(node):
            rest += [each.expression, each.this]
        else:
            terms.append(each)
    return Bound("(" + f" {word} ".join(truth(binder, each) for each in terms) + ")", types.BOOLEAN)


def truth(binder: Binder, node: exp.Expr) -> str:
    """Translate a condition to DuckDB SQL."""
    return cast(binder, binder.bind(node), types.BOOLEAN).sql


@binds(exp.Not)
def _not(binder: Binder, node: exp.Expr) -> Bound:
    return Bound(f"(NOT {truth(binder, node.this)})", types.BOOLEAN)


@binds(exp.Is)
def _is(binder: Binder, node: exp.Expr) -> Bound:
    value, right = binder.bind(node.this), node.expression
    negated = isinstance(right, exp.Not)
    target = right.this if isinstance(right, exp.Not) else right
    word = "IS NOT" if negated else "IS"
    if isinstance(target, exp.Boolean):
        condition = cast(binder, value, types.BOOLEAN).sql
        return Bound(f"({condition} {word} {str(target.this).upper()})", types.BOOLEAN)
    if not isinstance(target, exp.Null):
        raise failures.unsupported("IS " + target.sql(dialect="snowflake"))
    tested = value.t if value.parts else value.sql
    return Bound(f"({tested} {word} NULL)", types.BOOLEAN)


@binds(exp.Between)
def _between(binder: Binder, node: exp.Expr) -> Bound:
    value = binder.bind(node.this)
    low = compare(binder, value, ">=", binder.bind(node.args["low"]))
    high = compare(binder, value, "<=", binder.bind(node.args["high"]))
    return Bound(f"({low} AND {high})", types.BOOLEAN)


@binds(exp.In)
def _in(binder: Binder, node: exp.Expr) -> Bound:
    value = binder.bind(node.this)
    query = node.args.get("query")
    if query is not None:
        inner = binder.translation.query(query.unnest(), binder.scope)
        if len(inner.columns) != 1:
            raise failures.invalid("Invalid argument types for function 'IN'", 1044, "42P13")
        alias = binder.translation.fresh("r")
        column = Bound(f"{alias}.c0", inner.columns[0][1])
        left, right = comparables(binder, value, column)
        return Bound(f"({left} IN (SELECT {right} FROM ({inner.sql}) AS {alias}))", types.BOOLEAN)
    options = [binder.bind(each) for each in node.expressions]
    left, *rest = comparables(binder, value, *options)
    return Bound(f"({left} IN ({', '.join(rest)}))", types.BOOLEAN)


@binds(exp.Exists)
def _exists(binder: Binder, node: exp.Expr) -> Bound:
    inner = binder.translation.query(node.this.unnest(), binder.scope)
    return Bound(f"EXISTS ({inner.sql})", types.BOOLEAN)


@binds(exp.Subquery)
def _scalar_subquery(binder: Binder, node: exp.Expr) -> Bound:
    inner = binder.translation.query(node.unnest(), binder.scope)
    if len(inner.columns) != 1:
        raise failures.invalid("A scalar subquery must have one column", 1789, "42601")
    return Bound(f"({inner.sql})", inner.columns[0][1])


@binds(exp.Select, exp.Union, exp.Except, exp.Intersect)
def _bare_subquery(binder: Binder, node: exp.Expr) -> Bound:
    inner = binder.translation.query(node, binder.scope)
    return Bound(f"({inner.sql})", inner.columns[0][1])


@binds(exp.Like, exp.ILike, exp.Escape)
def _like(binder: Binder, node: exp.Expr) -> Bound:
    escape = ""
    if isinstance(node, exp.Escape):
        escape = f" ESCAPE {binder.bind(node.expression).sql}"
        node = node.this
    word = "ILIKE" if isinstance(node, exp.ILike) else "LIKE"
    value = to_text(binder, binder.bind(node.this))
    right = node.expression
    joiner = " AND " if isinstance(right, exp.All) else " OR "
    options = [right]
    if isinstance(right, exp.Any | exp.All):
        inner = right.this.unnest() if isinstance(right.this, exp.Paren) else right.this
        options = list(inner.expressions) if isinstance(inner, exp.Tuple) else [inner]
    tests = [
        f"({value} {word} {to_text(binder, binder.bind(option))}{escape})" for option in options
    ]
    return Bound("(" + joiner.join(tests) + ")", types.BOOLEAN)


@binds(exp.RegexpLike)
def _rlike(binder: Binder, node: exp.Expr) -> Bound:
    value, pattern = binder.bind(node.this), binder.bind(node.expression)
    sql = f"regexp_full_match({to_text(binder, value)}, {to_text(binder, pattern)}, 'cn')"
    return Bound(sql, types.BOOLEAN)


@binds(exp.DPipe)
def _concat(binder: Binder, node: exp.Expr) -> Bound:
    left, right = binder.bind(node.this), binder.bind(node.expression)
    length = (left.type.length or 64) + (right.type.length or 64)
    return Bound(f"({to_text(binder, left)} || {to_text(binder, right)})", types.text(length))


@binds(exp.Case)
def _case(binder: Binder, node: exp.Expr) -> Bound:
    subject = binder.bind(node.this) if node.this is not None else None
    conditions, results = [], []
    for branch in node.args["ifs"]:
        if subject is None:
            conditions.append(truth(binder, branch.this))
        else:
            conditions.append(compare(binder, subject, "=", binder.bind(branch.this)))
        results.append(binder.bind(branch.args["true"]))
    default = node.args.get("default")
    results.append(binder.bind(default) if default is not None else Bound("NULL", types.NULL))
    return choose(binder, conditions, results)


def choose(binder: Binder, conditions: list[str], results: list[Bound]) -> Bound:
    """Build a CASE over `conditions`; the last result is that of ELSE."""
    target = types.common([each.type for each in results])
    *branches, default = (cast(binder, each, target).sql for each in results)
    whens = " ".join(
        f"WHEN {test} THEN {value}" for test, value in zip(conditions, branches, strict=True)
    )
    return Bound(f"(CASE {whens} ELSE {default} END)", target)
