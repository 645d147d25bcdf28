"""Type names in SQL text to `SqlType`."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.expressions import DType

from core.sandbox.warehouse import failures, types
from core.sandbox.warehouse.types import SqlType

_FIXED: dict[DType, SqlType] = dict.fromkeys(
    (DType.INT, DType.BIGINT, DType.SMALLINT, DType.TINYINT, DType.INT128, DType.MEDIUMINT),
    types.INTEGER,
)
_OTHER: dict[DType, SqlType] = {
    DType.FLOAT: types.REAL,
    DType.DOUBLE: types.REAL,
    DType.DECFLOAT: SqlType("REAL", alias="DECFLOAT"),
    DType.BOOLEAN: types.BOOLEAN,
    DType.DATE: types.DATE,
    DType.VARIANT: types.VARIANT,
    DType.OBJECT: types.OBJECT,
    DType.STRUCT: types.OBJECT,
    DType.ARRAY: types.ARRAY,
    DType.GEOGRAPHY: SqlType("GEOGRAPHY"),
    DType.GEOMETRY: SqlType("GEOGRAPHY"),
}
_RELABELLED = {DType.VECTOR: "ARRAY", DType.MAP: "OBJECT"}
_TEXT = {DType.VARCHAR, DType.NVARCHAR, DType.TEXT}
_CHAR = {DType.CHAR, DType.NCHAR}
_SCALED = {
    DType.TIME: types.TIME,
    DType.DATETIME: types.NTZ,
    DType.TIMESTAMP: types.NTZ,
    DType.TIMESTAMPNTZ: types.NTZ,
    DType.TIMESTAMPLTZ: types.LTZ,
    DType.TIMESTAMPTZ: types.TZ,
}


def from_ast(node: exp.DataType) -> SqlType:
    """Return the type that a parsed type name means.

    Raises:
        Failure: 2040 for a type that the sandbox does not implement.
    """
    kind = node.this
    parameters = [int(each.name) for each in node.expressions if each.name.isdigit()]
    if kind in _FIXED:
        return _FIXED[kind]
    if kind in _OTHER:
        return _OTHER[kind]
    if kind == DType.DECIMAL:
        return types.number(*(parameters or [types.MAX_PRECISION]))
    if kind in _TEXT:
        return types.text(parameters[0] if parameters else types.MAX_TEXT)
    if kind in _CHAR:
        return types.text(parameters[0] if parameters else 1)
    if kind in (DType.BINARY, DType.VARBINARY):
        return SqlType("BINARY", length=parameters[0] if parameters else types.MAX_BINARY)
    if kind in _SCALED:
        base = _SCALED[kind]
        return SqlType(base.name, scale=min(parameters[0], 9) if parameters else base.scale)
    name = node.sql(dialect="snowflake")
    if kind in _RELABELLED:
        return SqlType(_RELABELLED[kind], alias=name)
    raise failures.invalid(f"Unsupported data type '{name}'.", 2040, "42601")
