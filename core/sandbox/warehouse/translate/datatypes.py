"""Type names in SQL text to `SqlType`."""

from __future__ import annotations

from sqlglot import exp

from core.sandbox.warehouse import failures, types
from core.sandbox.warehouse.types import SqlType

_D = exp.DataType.Type
_FIXED: dict[_D, SqlType] = dict.fromkeys(
    (_D.INT, _D.BIGINT, _D.SMALLINT, _D.TINYINT, _D.INT128, _D.MEDIUMINT, _D.UBIGINT), types.INTEGER
)
_OTHER: dict[_D, SqlType] = {
    _D.FLOAT: types.REAL,
    _D.DOUBLE: types.REAL,
    _D.BOOLEAN: types.BOOLEAN,
    _D.DATE: types.DATE,
    _D.VARIANT: types.VARIANT,
    _D.OBJECT: types.OBJECT,
    _D.STRUCT: types.OBJECT,
    _D.ARRAY: types.ARRAY,
    _D.GEOGRAPHY: SqlType("GEOGRAPHY"),
    _D.GEOMETRY: SqlType("GEOGRAPHY"),
}
_TEXT = {_D.VARCHAR, _D.NVARCHAR, _D.TEXT}
_CHAR = {_D.CHAR, _D.NCHAR}
_SCALED = {
    _D.TIME: types.TIME,
    _D.DATETIME: types.NTZ,
    _D.TIMESTAMP: types.NTZ,
    _D.TIMESTAMPNTZ: types.NTZ,
    _D.TIMESTAMPLTZ: types.LTZ,
    _D.TIMESTAMPTZ: types.TZ,
}


def from_ast(node: exp.DataType) -> SqlType:
    """The type that a parsed type name means.

    Raises:
        Failure: 2040 for a type that the sandbox does not know.
    """
    kind = node.this
    parameters = [int(each.name) for each in node.expressions if each.name.isdigit()]
    if kind in _FIXED:
        return _FIXED[kind]
    if kind in _OTHER:
        return _OTHER[kind]
    if kind == _D.DECIMAL:
        return types.number(*(parameters or [types.MAX_PRECISION]))
    if kind in _TEXT:
        return types.text(parameters[0] if parameters else types.MAX_TEXT)
    if kind in _CHAR:
        return types.text(parameters[0] if parameters else 1)
    if kind in (_D.BINARY, _D.VARBINARY):
        return SqlType("BINARY", length=parameters[0] if parameters else types.MAX_BINARY)
    if kind in _SCALED:
        base = _SCALED[kind]
        return SqlType(base.name, scale=min(parameters[0], 9) if parameters else base.scale)
    name = node.sql(dialect="snowflake")
    raise failures.invalid(f"Unsupported data type '{name}'.", 2040, "42601")
