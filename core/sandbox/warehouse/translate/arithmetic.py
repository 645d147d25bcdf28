"""Arithmetic with Snowflake's types.

Rules: docs.snowflake.com "Arithmetic operators" (scale and precision of +, -, *, /).
"""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from core.sandbox.warehouse import failures, types
from core.sandbox.warehouse.translate import times
from core.sandbox.warehouse.translate.binder import Binder, binds, number_literal
from core.sandbox.warehouse.translate.bound import Bound, quote
from core.sandbox.warehouse.translate.casts import cast
from core.sandbox.warehouse.types import MAX_PRECISION, SqlType

_INT64_DIGITS = 18


@binds(exp.Neg)
def _negative(binder: Binder, node: exp.Expr) -> Bound:
    value = numeric(binder, binder.bind(node.this))
    if value.literal is not None:
        negated = number_literal("-" + value.literal)
        return replace(negated, type=value.type)
    return Bound(f"(-{value.sql})", value.type)


def numeric(binder: Binder, value: Bound) -> Bound:
    """Convert `value` to a number; text and VARIANT are converted as Snowflake does."""
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
    type_ = types.number(whole + scale, scale)
    return _as(f"({_wide(left, type_)} {sign} {_wide(right, type_)})", type_)


def _add_interval(binder: Binder, left: Bound, sign: str, node: exp.Interval) -> Bound:
    amount = node.this.name if node.this is not None else "0"
    unit = node.args["unit"].name if node.args.get("unit") else "SECOND"
    signed = amount if sign == "+" else f"-({amount})"
    return times.add(binder, left, unit, f"CAST({signed} AS BIGINT)")


def _wide(value: Bound, result: SqlType) -> str:
    """Cast an operand to 128 bits if the result needs them: DuckDB stays at 64 and overflows."""
    if result.precision <= _INT64_DIGITS:
        return value.sql
    return f"CAST({value.sql} AS DECIMAL({MAX_PRECISION},{value.type.scale}))"


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
    full = types.number(a.precision + b.precision, a.scale + b.scale)
    product = f"({_wide(left, full)} * {_wide(right, full)})"
    return _as(product, types.number(whole + scale, scale))


@binds(exp.Div)
def _divide(binder: Binder, node: exp.Expr) -> Bound:
    left = numeric(binder, binder.bind(node.this))
    right = numeric(binder, binder.bind(node.expression))
    return divide(left, right)


def divide(left: Bound, right: Bound, zero: str | None = None) -> Bound:
    """Translate a division: in integers for NUMBER, in floating point for FLOAT.

    Division by zero gives the DuckDB SQL `zero`, by default an error.
    """
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
    quotient = f"snowflake_divide({to_digits(left)} * {10**shift}::HUGEINT, {to_digits(right)})"
    decimal = f"CAST({from_digits(quotient, scale)} AS {type_.physical})"
    return Bound(f"(CASE WHEN {right.sql} = 0 THEN {failing} ELSE {decimal} END)", type_)


def to_digits(value: Bound) -> str:
    """Convert a DECIMAL to its digits as a HUGEINT."""
    if not value.type.scale:
        return f"CAST({value.sql} AS HUGEINT)"
    scale, power = value.type.scale, 10**value.type.scale
    wide = f"CAST({value.sql} AS DECIMAL({MAX_PRECISION},{scale}))"
    fraction = f"({wide} - trunc({wide})) * CAST({power} AS DECIMAL({scale + 1},0))"
    return f"(CAST(trunc({wide}) AS HUGEINT) * {power}::HUGEINT + CAST({fraction} AS HUGEINT))"


def from_digits(hugeint: str, scale: int) -> str:
    """Convert a HUGEINT of digits to a DECIMAL with `scale` of them behind the point."""
    whole = f"CAST({hugeint} AS DECIMAL(38,0))"
    if not scale:
        return whole
    return f"({whole} * CAST('{10**-scale:.{scale}f}' AS DECIMAL({scale},{scale})))"


@binds(exp.Mod)
def _modulo_node(binder: Binder, node: exp.Expr) -> Bound:
    return modulo(binder, binder.bind(node.this), binder.bind(node.expression))


def modulo(binder: Binder, left: Bound, right: Bound) -> Bound:
    """Translate the remainder, which has the sign of the dividend."""
    a, b = numeric(binder, left), numeric(binder, right)
    if "REAL" in (a.type.name, b.type.name):
        return _floating(a, "%", b)
    scale = max(a.type.scale, b.type.scale)
    whole = max(a.type.precision - a.type.scale, b.type.precision - b.type.scale)
    failing = failures.raising(100051, "22012", quote("Division by zero"))
    rest = _as(f"({a.sql} % {b.sql})", types.number(whole + scale, scale))
    return Bound(f"(CASE WHEN {b.sql} = 0 THEN {failing} ELSE {rest.sql} END)", rest.type)
