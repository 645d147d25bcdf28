"""Functions of VARIANT, OBJECT and ARRAY, which are held as JSON text."""

from __future__ import annotations

from core.sandbox.warehouse import failures, json_text, types
from core.sandbox.warehouse.translate.binder import Binder
from core.sandbox.warehouse.translate.bound import Bound
from core.sandbox.warehouse.translate.casts import cast, to_text
from core.sandbox.warehouse.translate.functions.registry import function
from core.sandbox.warehouse.translate.variant import extract, json_array, json_object


@function("PARSE_JSON")
def _parse_json(binder: Binder, value: Bound) -> Bound:
    return _parse(binder, value, lenient=False)


@function("TRY_PARSE_JSON")
def _try_parse_json(binder: Binder, value: Bound) -> Bound:
    return _parse(binder, value, lenient=True)


def _parse(binder: Binder, value: Bound, *, lenient: bool) -> Bound:
    """Convert a text to compact JSON, keys in Snowflake's order; only white space gives NULL."""
    text = to_text(binder, value)
    failing = ""
    if not lenient:
        failing = f" ELSE {failures.raising(100069, '22P02', _json_complaint(text))}"
    return Bound(
        f"(CASE WHEN {text} IS NULL OR trim({text}, ' \t\r\n') = '' THEN NULL"
        f" WHEN json_valid({text}) THEN"
        f" {json_text.normalized(text)}{failing} END)",
        types.VARIANT,
    )


def _json_complaint(text: str) -> str:
    return f"'Error parsing JSON: ' || left({text}, 100)"


@function("TO_JSON")
def _to_json(binder: Binder, value: Bound) -> Bound:
    return Bound(json_text.printed(cast(binder, value, types.VARIANT).sql), types.TEXT)


@function("TO_VARIANT")
def _to_variant(binder: Binder, value: Bound) -> Bound:
    return cast(binder, value, types.VARIANT)


@function("TO_OBJECT")
def _to_object(binder: Binder, value: Bound) -> Bound:
    return cast(binder, value, types.OBJECT)


@function("TO_ARRAY")
def _to_array(binder: Binder, value: Bound) -> Bound:
    if value.type.name == "ARRAY":
        return value
    item = cast(binder, value, types.VARIANT).sql
    wrapped = f"(CASE WHEN json_type({item}) = 'ARRAY' THEN {item} ELSE '[' || {item} || ']' END)"
    return Bound(wrapped, types.ARRAY)


@function("TO_GEOGRAPHY", "TRY_TO_GEOGRAPHY")
def _to_geography(binder: Binder, value: Bound) -> Bound:
    return Bound(_parse(binder, value, lenient=False).sql, types.SqlType("GEOGRAPHY"))


@function("ST_ASGEOJSON")
def _as_geojson(_: Binder, value: Bound) -> Bound:
    return Bound(value.sql, types.OBJECT)


_TYPE_NAMES = {
    "NULL": "NULL_VALUE", "BOOLEAN": "BOOLEAN", "VARCHAR": "VARCHAR", "OBJECT": "OBJECT",
    "ARRAY": "ARRAY", "BIGINT": "INTEGER", "UBIGINT": "INTEGER", "HUGEINT": "INTEGER",
}  # fmt: skip


@function("TYPEOF")
def _typeof(binder: Binder, value: Bound) -> Bound:
    item = cast(binder, value, types.VARIANT).sql
    whens = " ".join(f"WHEN '{name}' THEN '{kind}'" for name, kind in _TYPE_NAMES.items())
    other = f"CASE WHEN regexp_matches({item}, '[eE]') THEN 'DOUBLE' ELSE 'DECIMAL' END"
    sql = f"CASE json_type({item}) {whens} ELSE {other} END"
    return Bound(f"(CASE WHEN {item} IS NOT NULL THEN {sql} END)", types.TEXT)


@function("IS_NULL_VALUE")
def _is_null_value(binder: Binder, value: Bound) -> Bound:
    return Bound(f"({cast(binder, value, types.VARIANT).sql} = 'null')", types.BOOLEAN)


def _type_test(name: str, json_types: str) -> None:
    @function(name)
    def call(binder: Binder, value: Bound) -> Bound:
        item = cast(binder, value, types.VARIANT).sql
        return Bound(f"(json_type({item}) IN ({json_types}))", types.BOOLEAN)


_type_test("IS_ARRAY", "'ARRAY'")
_type_test("IS_OBJECT", "'OBJECT'")
_type_test("IS_BOOLEAN", "'BOOLEAN'")
_type_test("IS_VARCHAR", "'VARCHAR'")
_type_test("IS_INTEGER", "'BIGINT','UBIGINT','HUGEINT'")


@function("GET", "GET_PATH", least=2)
def _get(binder: Binder, value: Bound, index: Bound) -> Bound:
    if index.type.name == "TEXT":
        return extract(value, f"'$.' || {index.sql}")
    return extract(value, f"'$[' || CAST({index.sql} AS BIGINT) || ']'")


@function("OBJECT_CONSTRUCT", least=0, most=-1)
def _object_construct(binder: Binder, *arguments: Bound) -> Bound:
    if len(arguments) % 2:
        raise failures.invalid("OBJECT_CONSTRUCT needs an even number of arguments", 1007, "22023")
    return json_object(binder, list(zip(arguments[::2], arguments[1::2], strict=True)))


@function("ARRAY_CONSTRUCT", least=0, most=-1)
def _array_construct(binder: Binder, *arguments: Bound) -> Bound:
    return json_array(binder, arguments)


@function("ARRAY_SIZE")
def _array_size(_: Binder, value: Bound) -> Bound:
    length = f"json_array_length({value.sql})"
    sql = f"(CASE WHEN json_type({value.sql}) = 'ARRAY' THEN CAST({length} AS DECIMAL(9,0)) END)"
    return Bound(sql, types.number(9))


@function("OBJECT_KEYS")
def _object_keys(_: Binder, value: Bound) -> Bound:
    return Bound(f"CAST(to_json(json_keys({value.sql})) AS VARCHAR)", types.ARRAY)
