"""Conditional functions."""

from __future__ import annotations

from sqlglot import exp

from core.sandbox.warehouse import types
from core.sandbox.warehouse.translate.arithmetic import numeric
from core.sandbox.warehouse.translate.binder import Binder, number_literal
from core.sandbox.warehouse.translate.bound import Bound
from core.sandbox.warehouse.translate.casts import cast
from core.sandbox.warehouse.translate.functions.registry import check_count, function, special
from core.sandbox.warehouse.translate.operators import choose, compare, truth

NOTHING = Bound("NULL::VARCHAR", types.NULL)


@special("IFF")
def _iff(binder: Binder, arguments: list[exp.Expr]) -> Bound:
    check_count("IFF", len(arguments), 3, 3)
    condition, *results = arguments
    return choose(binder, [truth(binder, condition)], [binder.bind(each) for each in results])


@function("COALESCE", "NVL", "IFNULL", least=2, most=-1)
def _coalesce(binder: Binder, *values: Bound) -> Bound:
    target = types.common([each.type for each in values])
    listed = ", ".join(cast(binder, each, target).sql for each in values)
    return Bound(f"coalesce({listed})", target)


@function("NVL2", least=3)
def _nvl2(binder: Binder, value: Bound, present: Bound, absent: Bound) -> Bound:
    return choose(binder, [f"{value.sql} IS NOT NULL"], [present, absent])


@function("NULLIF", "EQUAL_NULL_TO_NULL", least=2)
def _nullif(binder: Binder, value: Bound, other: Bound) -> Bound:
    return choose(binder, [compare(binder, value, "=", other)], [NOTHING, value])


@function("ZEROIFNULL")
def _zeroifnull(binder: Binder, value: Bound) -> Bound:
    number = numeric(binder, value)
    zero = cast(binder, number_literal("0"), number.type)
    return Bound(f"coalesce({number.sql}, {zero.sql})", number.type)


@function("NULLIFZERO")
def _nullifzero(binder: Binder, value: Bound) -> Bound:
    return _nullif(binder, numeric(binder, value), number_literal("0"))


@function("EQUAL_NULL", least=2)
def _equal_null(binder: Binder, left: Bound, right: Bound) -> Bound:
    return Bound(compare(binder, left, "IS NOT DISTINCT FROM", right), types.BOOLEAN)


@function("GREATEST", least=1, most=-1)
def _greatest(binder: Binder, *values: Bound) -> Bound:
    return _extreme(binder, "greatest", values)


@function("LEAST", least=1, most=-1)
def _least(binder: Binder, *values: Bound) -> Bound:
    return _extreme(binder, "least", values)


def _extreme(binder: Binder, name: str, values: tuple[Bound, ...]) -> Bound:
    """Translate GREATEST or LEAST: NULL if any argument is NULL, unlike DuckDB's function."""
    target = types.common([each.type for each in values])
    same = [cast(binder, each, target) for each in values]
    missing = " OR ".join(f"{each.sql} IS NULL" for each in same)
    listed = ", ".join(each.sql for each in same)
    return Bound(f"(CASE WHEN NOT ({missing}) THEN {name}({listed}) END)", target)


@function("DECODE", least=3, most=-1)
def _decode(binder: Binder, value: Bound, *rest: Bound) -> Bound:
    pairs = [(rest[i], rest[i + 1]) for i in range(0, len(rest) - 1, 2)]
    default = rest[-1] if len(rest) % 2 else NOTHING
    tests = []
    for option, _ in pairs:
        tests.append(compare(binder, value, "IS NOT DISTINCT FROM", option))
    return choose(binder, tests, [*(result for _, result in pairs), default])
