"""VARIANT, OBJECT and ARRAY: paths into them, and their constructors."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from core.sandbox.warehouse import failures, json_text, types
from core.sandbox.warehouse.translate.binder import Binder, binds, text_literal
from core.sandbox.warehouse.translate.bound import Bound, quote
from core.sandbox.warehouse.translate.casts import cast


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
    """Return the VARIANT at a DuckDB JSON path of a VARIANT."""
    if not value.type.is_json:
        raise failures.invalid(
            f"Invalid argument types for function 'GET': ({value.type.display}, VARCHAR)",
            1044,
            "42P13",
        )
    found = f"CAST(json_extract({value.sql}, {path}) AS VARCHAR)"
    return Bound(json_text.element(found), types.VARIANT)


@binds(exp.Array)
def _array(binder: Binder, node: exp.Expr) -> Bound:
    return json_array(binder, [binder.bind(each) for each in node.expressions])


def json_array(binder: Binder, values: Sequence[Bound]) -> Bound:
    """Build an ARRAY; a NULL in it is undefined."""
    items = (cast(binder, each, types.VARIANT).sql for each in values)
    inner = ", ".join(f"coalesce({each}, '{json_text.UNDEFINED}')" for each in items)
    return Bound(f"('[' || concat_ws(',', {inner or chr(39) * 2}) || ']')", types.ARRAY)


@binds(exp.Struct)
def _struct(binder: Binder, node: exp.Expr) -> Bound:
    pairs = [
        (text_literal(each.this.name), binder.bind(each.expression)) for each in node.expressions
    ]
    return json_object(binder, pairs)


def json_object(binder: Binder, pairs: list[tuple[Bound, Bound]]) -> Bound:
    """Build an OBJECT, its keys in order; pairs whose value is NULL are left out."""
    pieces = [
        f"CAST(to_json({key.sql}) AS VARCHAR) || ':' || {cast(binder, value, types.VARIANT).sql}"
        for key, value in pairs
    ]
    inner = ", ".join(pieces) or "NULL"
    return Bound(f"json_normalize('{{' || concat_ws(',', {inner}) || '}}')", types.OBJECT)
