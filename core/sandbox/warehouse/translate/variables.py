"""Bind variables: `?`, `:1` and their values.

The drivers send every value as text, together with its type: dates as milliseconds, times and
timestamps as nanoseconds since midnight or 1970, a TIMESTAMP_TZ with its offset in minutes plus
1440.
"""

from __future__ import annotations

from datetime import date, timedelta

from sqlglot import exp

from core.sandbox.warehouse import failures, types
from core.sandbox.warehouse.translate.binder import (
    Binder,
    binds,
    blob_literal,
    number_literal,
    text_literal,
)
from core.sandbox.warehouse.translate.bound import Bound, time_of_day, timestamp
from core.sandbox.warehouse.translate.casts import cast
from core.sandbox.warehouse.types import SqlType

_MS_PER_DAY = 86_400_000
_TYPES = {
    "TEXT": types.TEXT, "FIXED": types.INTEGER, "REAL": types.REAL, "BOOLEAN": types.BOOLEAN,
    "DATE": types.DATE, "TIME": types.TIME, "BINARY": types.BINARY, "TIMESTAMP_NTZ": types.NTZ,
    "TIMESTAMP_LTZ": types.LTZ, "TIMESTAMP_TZ": types.TZ, "TIMESTAMP": types.NTZ,
    "VARIANT": types.VARIANT, "OBJECT": types.OBJECT, "ARRAY": types.ARRAY,
}  # fmt: skip


@binds(exp.Placeholder)
def _placeholder(binder: Binder, node: exp.Expr) -> Bound:
    kind, value = binder.translation.bind(str(node.this or ""))  # `?` is named "?"
    return variable(binder, kind.upper(), value)


def variable(binder: Binder, kind: str, value: object) -> Bound:
    """Return the constant that a bind variable of wire type `kind` contains.

    Raises:
        Failure: 2 for a type or a value that cannot be bound.
    """
    if value is None or kind == "ANY":
        return Bound("NULL::VARCHAR", types.NULL)
    type_ = _TYPES.get(kind)
    if type_ is None or not isinstance(value, str):
        raise failures.unsupported(f"binding of {kind}")
    try:
        return _constant(binder, type_, value)
    except (ValueError, OverflowError) as error:
        raise failures.invalid(f"Invalid value of bind type {kind}: '{value[:50]}'") from error


def _constant(binder: Binder, type_: SqlType, value: str) -> Bound:
    if type_.name == "TEXT":
        return Bound(text_literal(value).sql, types.TEXT, literal=value)
    if type_.name == "FIXED":
        float(value)
        return number_literal(value)
    if type_.name == "DATE":
        day = date(1970, 1, 1) + timedelta(days=int(value) // _MS_PER_DAY)
        return Bound(f"DATE '{day.isoformat()}'", type_)
    if type_.name == "TIME":
        return Bound(time_of_day(str(int(value))), type_)
    if type_.name == "BINARY":
        return blob_literal(bytes.fromhex(value))
    if type_.is_timestamp:
        nanos, _, offset = value.partition(" ")
        micros, left = divmod(int(nanos), 1000)
        minutes = int(offset) - 1440 if offset else 0
        return timestamp(type_, f"make_timestamp({micros}::BIGINT)", str(left), str(minutes))
    return cast(binder, text_literal(value), type_)
