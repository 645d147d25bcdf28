"""Operators: arithmetic with Snowflake's scale rules, comparison, logic, LIKE, CASE, JSON paths.

Rules: docs.snowflake.com "Arithmetic operators" (scale and precision of +, -, *, /),
"Data type conversion" (which side is converted).
"""

from __future__ import annotations

from sqlglot import exp

from core.sandbox.warehouse import failures, types
from core.sandbox.warehouse.translate.binder import Binder, binds, number_literal, text_literal
from core.sandbox.warehouse.translate.bound import Bound, quote, timestamp
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
    """A comparison as DuckDB SQL, both sides brought to one type first."""
    a, b = comparables(binder, left, right)
    return f"({a} {operator} {b})"


def comparables(binder: Binder, *values: Bound) -> list[str]:
    """DuckDB SQL of values that are compared with each other."""
    same = alike(binder, *values)
    if all(each.type.is_timestamp and each.n == "0" for each in same):
        return [each.t for each in same]
    if same[0].type.is_timestamp and not all(each.type.has_nanos for each in same):
        same = [
            timestamp(SqlType(each.type.name, scale=9), each.t, each.n, each.o) for each in same
        ]
    return [comparable(each) if each.type.name == "TIMESTAMP_TZ" else each.sql for each in same]


def alike(binder: Binder, *values: Bound) -> list[Bound]:
    """The values converted to the type in which Snowflake compares them."""
    kinds = {each.type.name for each in values}
    target = types.common([each.type for each in values])
    if kinds >= {"TEXT", "FIXED"} and target.name == "FIXED":  # text may carry a fraction
        target = types.number(MAX_PRECISION, max(target.scale, 5))
    if target.name == "FIXED" and kinds <= {"FIXED", "NULL"}:
        return list(values)  # DuckDB compares decimals of any scale exactly
    return [cast(binder, each, target) for each in values]


def comparable(value: Bound) -> str:
    """DuckDB SQL that compares, sorts and groups as Snowflake does: TIMESTAMP_TZ by its instant."""
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
    """A condition as DuckDB SQL."""
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
        raise failures.invalid("A scalar subquery must have one column", 1009, "42601")
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
    sql = f"regexp_full_match({to_text(binder, value)}, {to_text(binder, pattern)}, 's')"
    return Bound(sql, types.BOOLEAN)


@binds(exp.DPipe)
def _concat(binder: Binder, node: exp.Expr) -> Bound:
    left, right = binder.bind(node.this), binder.bind(node.expression)
    length = (left.type.length or 64) + (right.type.length or 64)
    return Bound(f"({to_text(binder, left)} || {to_text(binder, right)})", types.text(length))


@binds(exp.Neg)
def _negative(binder: Binder, node: exp.Expr) -> Bound:
    value = numeric(binder, binder.bind(node.this))
    if value.literal is not None:
        negated = number_literal("-" + value.literal)
        return Bound(negated.sql, value.type, literal=negated.literal)
    return Bound(f"(-{value.sql})", value.type)


def numeric(binder: Binder, value: Bound) -> Bound:
    """`value` as a number: text and VARIANT are converted as Snowflake does."""
    if value.type.is_numeric:
        return value
    if value.type.name == "TEXT" and value.literal is not None:
        try:
            written = number_literal(value.literal)
            float(value.literal)
        except ValueError:
            return cast(binder, value, types.INTEGER)
        return cast(binder, value, written.type)
    if value.type.name in ("TEXT", "VARIANT"):
        return cast(binder, value, types.REAL if value.type.is_json else types.number(38, 5))
    if value.type.name in ("BOOLEAN", "NULL"):
        return cast(binder, value, types.INTEGER)
    raise failures.invalid(
        f"Invalid argument types for an arithmetic operator: {value.type.display}", 1044, "42P13"
    )


@binds(exp.Add, exp.Sub)
def _add(binder: Binder, node: exp.Expr) -> Bound:
    left = binder.bind(node.this)
    sign = "+" if isinstance(node, exp.Add) else "-"
    if isinstance(node.expression, exp.Interval):
        return _add_interval(binder, left, sign, node.expression)
    right = binder.bind(node.expression)
    if left.type.name == "DATE" and right.type.name == "DATE" and sign == "-":
        return _as(f"({left.sql} - {right.sql})", types.number(9))
    if left.type.name == "DATE" and right.type.name in ("FIXED", "REAL"):
        return Bound(f"({left.sql} {sign} CAST({right.sql} AS INTEGER))", types.DATE)
    left, right = numeric(binder, left), numeric(binder, right)
    if "REAL" in (left.type.name, right.type.name):
        return _floating(left, sign, right)
    scale = max(left.type.scale, right.type.scale)
    whole = max(left.type.precision - left.type.scale, right.type.precision - right.type.scale) + 1
    return _as(f"({left.sql} {sign} {right.sql})", types.number(whole + scale, scale))


def _add_interval(binder: Binder, left: Bound, sign: str, node: exp.Interval) -> Bound:
    from core.sandbox.warehouse.translate.times import add

    amount = node.this.name if node.this is not None else "0"
    unit = node.args["unit"].name if node.args.get("unit") else "SECOND"
    signed = amount if sign == "+" else f"-({amount})"
    return add(binder, left, unit, f"CAST({signed} AS BIGINT)")


def _as(sql: str, type_: SqlType) -> Bound:
    return Bound(f"CAST({sql} AS {type_.physical})", type_)


def _floating(left: Bound, sign: str, right: Bound) -> Bound:
    a, b = (f"CAST({each.sql} AS DOUBLE)" for each in (left, right))
    return Bound(f"({a} {sign} {b})", types.REAL)


@binds(exp.Mul)
def _multiply(binder: Binder, node: exp.Expr) -> Bound:
    left = numeric(binder, binder.bind(node.this))
    right = numeric(binder, binder.bind(node.expression))
    if "REAL" in (left.type.name, right.type.name):
        return _floating(left, "*", right)
    a, b = left.type, right.type
    scale = min(a.scale + b.scale, max(a.scale, b.scale, 12))
    whole = a.precision - a.scale + b.precision - b.scale
    return _as(f"({left.sql} * {right.sql})", types.number(whole + scale, scale))


@binds(exp.Div)
def _divide(binder: Binder, node: exp.Expr) -> Bound:
    left = numeric(binder, binder.bind(node.this))
    right = numeric(binder, binder.bind(node.expression))
    return divide(left, right)


def divide(left: Bound, right: Bound, zero: str | None = None) -> Bound:
    """An exact quotient; division by zero gives the DuckDB SQL `zero`, by default an error."""
    failing = zero or failures.raising(100051, "22012", quote("Division by zero"))
    if "REAL" in (left.type.name, right.type.name):
        a, b = (f"CAST({each.sql} AS DOUBLE)" for each in (left, right))
        failing = failing if zero is None else f"CAST({zero} AS DOUBLE)"
        return Bound(f"(CASE WHEN {b} = 0 THEN {failing} ELSE {a} / {b} END)", types.REAL)
    a_type, b_type = left.type, right.type
    scale = max(a_type.scale, min(a_type.scale + 6, 12))
    whole = a_type.precision - a_type.scale + b_type.scale
    type_ = types.number(whole + scale, min(scale, MAX_PRECISION))
    shift = scale - a_type.scale + b_type.scale
    quotient = f"snowflake_divide({_unscaled(left)} * {10**shift}::HUGEINT, {_unscaled(right)})"
    decimal = f"CAST({_scaled(quotient, scale)} AS {type_.physical})"
    return Bound(f"(CASE WHEN {right.sql} = 0 THEN {failing} ELSE {decimal} END)", type_)


def _unscaled(value: Bound) -> str:
    """A DECIMAL's digits as a HUGEINT."""
    if not value.type.scale:
        return f"CAST({value.sql} AS HUGEINT)"
    power = 10**value.type.scale
    return f"CAST({value.sql} * CAST({power} AS DECIMAL({len(str(power))},0)) AS HUGEINT)"


def _scaled(hugeint: str, scale: int) -> str:
    """A HUGEINT of digits as a DECIMAL with `scale` of them behind the point."""
    whole = f"CAST({hugeint} AS DECIMAL(38,0))"
    if not scale:
        return whole
    return f"({whole} * CAST('{10**-scale:.{scale}f}' AS DECIMAL({scale},{scale})))"


@binds(exp.Mod)
def _modulo_node(binder: Binder, node: exp.Expr) -> Bound:
    return modulo(binder, binder.bind(node.this), binder.bind(node.expression))


def modulo(binder: Binder, left: Bound, right: Bound) -> Bound:
    """The remainder, with the sign of the dividend."""
    a, b = numeric(binder, left), numeric(binder, right)
    if "REAL" in (a.type.name, b.type.name):
        return _floating(a, "%", b)
    scale = max(a.type.scale, b.type.scale)
    whole = max(a.type.precision - a.type.scale, b.type.precision - b.type.scale)
    failing = failures.raising(100051, "22012", quote("Division by zero"))
    rest = _as(f"({a.sql} % {b.sql})", types.number(whole + scale, scale))
    return Bound(f"(CASE WHEN {b.sql} = 0 THEN {failing} ELSE {rest.sql} END)", rest.type)


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
    """CASE over `conditions`; the last result is ELSE's."""
    target = types.common([each.type for each in results])
    *branches, default = (cast(binder, each, target).sql for each in results)
    whens = " ".join(
        f"WHEN {test} THEN {value}" for test, value in zip(conditions, branches, strict=True)
    )
    return Bound(f"(CASE {whens} ELSE {default} END)", target)


@binds(exp.JSONExtract)
def _path(binder: Binder, node: exp.Expr) -> Bound:
    value = binder.bind(node.this)
    steps = []
    for step in node.expression.expressions:
        if isinstance(step, exp.JSONPathKey):
            steps.append(_key(str(step.this)))
        elif isinstance(step, exp.JSONPathSubscript):
            steps.append(_key(step.this) if isinstance(step.this, str) else f"[{step.this}]")
    return extract(value, quote("$" + "".join(steps)))


@binds(exp.Bracket)
def _bracket(binder: Binder, node: exp.Expr) -> Bound:
    value, index = binder.bind(node.this), node.expressions[0]
    bound = binder.bind(index)
    if isinstance(index, exp.Literal) and index.args.get("is_string"):
        return extract(value, quote("$" + _key(index.this)))
    if bound.type.name == "TEXT":
        return extract(value, f"'$.\"' || {bound.sql} || '\"'")
    return extract(value, f"'$[' || CAST({bound.sql} AS BIGINT) || ']'")


def _key(name: str) -> str:
    return '."' + name.replace('"', '\\"') + '"'


def extract(value: Bound, path: str) -> Bound:
    """The VARIANT at a DuckDB JSON path of a VARIANT."""
    if not value.type.is_json:
        raise failures.invalid(
            f"Invalid argument types for function 'GET': ({value.type.display}, VARCHAR)",
            1044,
            "42P13",
        )
    return Bound(f"CAST(json_extract({value.sql}, {path}) AS VARCHAR)", types.VARIANT)


@binds(exp.Array)
def _array(binder: Binder, node: exp.Expr) -> Bound:
    items = [cast(binder, binder.bind(each), types.VARIANT).sql for each in node.expressions]
    inner = ", ".join(f"coalesce({each}, 'null')" for each in items)
    return Bound(f"('[' || concat_ws(',', {inner or chr(39) * 2}) || ']')", types.ARRAY)


@binds(exp.Struct)
def _struct(binder: Binder, node: exp.Expr) -> Bound:
    pairs = [
        (text_literal(each.this.name), binder.bind(each.expression)) for each in node.expressions
    ]
    return json_object(binder, pairs)


def json_object(binder: Binder, pairs: list[tuple[Bound, Bound]]) -> Bound:
    """An OBJECT; pairs whose value is NULL are left out."""
    pieces = [
        f"CAST(to_json({key.sql}) AS VARCHAR) || ':' || {cast(binder, value, types.VARIANT).sql}"
        for key, value in sorted(pairs, key=lambda pair: pair[0].literal or "")
    ]
    inner = ", ".join(pieces) or "NULL"
    return Bound(f"('{{' || concat_ws(',', {inner}) || '}}')", types.OBJECT)
