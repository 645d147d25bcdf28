"""Functions of numbers, and conversion to them."""

from __future__ import annotations

from collections.abc import Callable

from core.sandbox.warehouse import failures, types
from core.sandbox.warehouse.translate.arithmetic import (
    divide,
    from_digits,
    modulo,
    numeric,
    to_digits,
)
from core.sandbox.warehouse.translate.binder import Binder
from core.sandbox.warehouse.translate.bound import Bound
from core.sandbox.warehouse.translate.casts import cast
from core.sandbox.warehouse.translate.functions.registry import constant, function
from core.sandbox.warehouse.types import SqlType


def _integer(value: Bound, name: str) -> int:
    text = constant(value, name)
    try:
        return int(text)
    except ValueError as error:
        raise failures.invalid(f"invalid argument '{text}' of {name}") from error


@function("FLOOR", most=2)
def _floor(binder: Binder, value: Bound, digits: Bound | None = None) -> Bound:
    return _to_digits(binder, "floor", value, digits)


@function("CEIL", "CEILING", most=2)
def _ceil(binder: Binder, value: Bound, digits: Bound | None = None) -> Bound:
    return _to_digits(binder, "ceil", value, digits)


@function("ROUND", most=2)
def _round(binder: Binder, value: Bound, digits: Bound | None = None) -> Bound:
    return _to_digits(binder, "round", value, digits)


@function("TRUNC", "TRUNCATE", most=2)
def truncate_number(binder: Binder, value: Bound, digits: Bound | None = None) -> Bound:
    """Translate TRUNC of a number: round towards zero."""
    return _to_digits(binder, "trunc", value, digits)


def _to_digits(binder: Binder, name: str, value: Bound, digits: Bound | None) -> Bound:
    """Translate floor, ceil, round or trunc to a constant number of digits behind the point."""
    number = numeric(binder, value)
    places = _integer(digits, name.upper()) if digits is not None else 0
    if number.type.name == "REAL":
        factor = f"pow(10, {places})"
        moved = f"({number.sql} * {factor})" if places else number.sql
        back = f" / {factor}" if places else ""
        return Bound(f"({name}({moved}){back})", types.REAL)
    if places >= number.type.scale:
        return number
    scale = max(places, 0)
    type_ = types.number(number.type.precision - number.type.scale + scale + 1, scale)
    unit = 10 ** (number.type.scale - places)
    kept = _ROUNDINGS[name](to_digits(number), f"{unit}::HUGEINT")
    if places < 0:
        kept = f"({kept} * {10**-places}::HUGEINT)"
    return Bound(f"CAST({from_digits(kept, scale)} AS {type_.physical})", type_)


_ROUNDINGS: dict[str, Callable[[str, str], str]] = {
    "trunc": lambda x, unit: f"({x} // {unit})",
    "round": lambda x, unit: f"snowflake_divide({x}, {unit})",
    "floor": lambda x, unit: f"(({x} - ({x} % {unit} + {unit}) % {unit}) // {unit})",
    "ceil": lambda x, unit: f"(({x} + ({unit} - {x} % {unit}) % {unit}) // {unit})",
}


@function("ABS")
def _abs(binder: Binder, value: Bound) -> Bound:
    number = numeric(binder, value)
    return Bound(f"abs({number.sql})", number.type)


@function("SIGN")
def _sign(binder: Binder, value: Bound) -> Bound:
    return Bound(f"CAST(sign({numeric(binder, value).sql}) AS DECIMAL(2,0))", types.number(2))


@function("MOD", least=2)
def _mod(binder: Binder, left: Bound, right: Bound) -> Bound:
    return modulo(binder, left, right)


@function("DIV0", least=2)
def _div0(binder: Binder, left: Bound, right: Bound) -> Bound:
    return divide(numeric(binder, left), numeric(binder, right), zero="0")


@function("DIV0NULL", least=2)
def _div0null(binder: Binder, left: Bound, right: Bound) -> Bound:
    b = numeric(binder, right)
    return divide(numeric(binder, left), Bound(f"coalesce({b.sql}, 0)", b.type), zero="0")


def _floating_function(name: str, duckdb_name: str) -> None:
    @function(name)
    def call(binder: Binder, value: Bound) -> Bound:
        return Bound(f"{duckdb_name}({cast(binder, value, types.REAL).sql})", types.REAL)


for _name in (
    "SQRT",
    "EXP",
    "LN",
    "SIN",
    "COS",
    "TAN",
    "ASIN",
    "ACOS",
    "ATAN",
    "RADIANS",
    "DEGREES",
):
    _floating_function(_name, _name.lower())


@function("POWER", "POW", least=2)
def _power(binder: Binder, base: Bound, exponent: Bound) -> Bound:
    a, b = (cast(binder, each, types.REAL).sql for each in (base, exponent))
    return Bound(f"pow({a}, {b})", types.REAL)


@function("LOG", least=2)
def _log(binder: Binder, base: Bound, value: Bound) -> Bound:
    a, b = (cast(binder, each, types.REAL).sql for each in (base, value))
    return Bound(f"(ln({b}) / ln({a}))", types.REAL)


def _number_type(arguments: tuple[Bound, ...], name: str) -> SqlType:
    digits = [_integer(each, name) for each in arguments if each.type.name == "FIXED"]
    return types.number(*(digits or [types.MAX_PRECISION]))


@function("TO_NUMBER", "TO_DECIMAL", "TO_NUMERIC", most=4)
def _to_number(binder: Binder, value: Bound, *arguments: Bound) -> Bound:
    _refuse_format(arguments)
    return cast(binder, value, _number_type(arguments, "TO_NUMBER"))


@function("TRY_TO_NUMBER", "TRY_TO_DECIMAL", "TRY_TO_NUMERIC", most=4)
def _try_to_number(binder: Binder, value: Bound, *arguments: Bound) -> Bound:
    _refuse_format(arguments)
    return cast(binder, value, _number_type(arguments, "TRY_TO_NUMBER"), lenient=True)


def _refuse_format(arguments: tuple[Bound, ...]) -> None:
    if any(each.type.name == "TEXT" for each in arguments):
        raise failures.unsupported("number formats")


@function("TO_DOUBLE")
def _to_double(binder: Binder, value: Bound) -> Bound:
    return cast(binder, value, types.REAL)


@function("TRY_TO_DOUBLE")
def _try_to_double(binder: Binder, value: Bound) -> Bound:
    return cast(binder, value, types.REAL, lenient=True)


@function("TO_BOOLEAN")
def _to_boolean(binder: Binder, value: Bound) -> Bound:
    return cast(binder, value, types.BOOLEAN)


@function("TRY_TO_BOOLEAN")
def _try_to_boolean(binder: Binder, value: Bound) -> Bound:
    return cast(binder, value, types.BOOLEAN, lenient=True)


@function("RANDOM", least=0, most=1)
def _random(_: Binder, seed: Bound | None = None) -> Bound:
    del seed  # an order that repeats is not promised across statements
    return Bound("CAST(floor((random() - 0.5) * 1.8e19) AS DECIMAL(19,0))", types.number(19))


@function("UNIFORM", least=3)
def _uniform(binder: Binder, low: Bound, high: Bound, source: Bound) -> Bound:
    if "REAL" in (low.type.name, high.type.name):
        a, b = (cast(binder, each, types.REAL).sql for each in (low, high))
        return Bound(f"({a} + random() * ({b} - {a}))", types.REAL)
    digits = types.common([low.type, high.type])
    span = f"({high.sql} - {low.sql} + 1)"
    unit = (
        "random()"
        if source.literal is None and "random" in source.sql
        else (f"(CAST(hash({source.sql}) AS DOUBLE) / 18446744073709551616.0)")
    )
    return Bound(f"CAST({low.sql} + floor({unit} * {span}) AS {digits.physical})", digits)


@function("SEQ1", "SEQ2", "SEQ4", "SEQ8", least=0, most=1)
def _sequence(_: Binder, signed: Bound | None = None) -> Bound:
    del signed
    return Bound("CAST(row_number() OVER () - 1 AS DECIMAL(19,0))", types.number(19))


@function("BITAND", least=2)
def _bitand(_: Binder, a: Bound, b: Bound) -> Bound:
    return Bound(
        f"CAST(CAST({a.sql} AS HUGEINT) & CAST({b.sql} AS HUGEINT) AS DECIMAL(38,0))", types.INTEGER
    )


@function("HASH", least=1, most=-1)
def _hash(_: Binder, *values: Bound) -> Bound:
    listed = ", ".join(each.sql for each in values)
    signed = f"(CAST(hash({listed}) AS HUGEINT) - 9223372036854775808::HUGEINT)"
    return Bound(f"CAST({signed} AS DECIMAL(19,0))", types.number(19))
