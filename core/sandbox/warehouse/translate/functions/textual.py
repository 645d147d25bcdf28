"""Functions of text and bytes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from sqlglot import exp

from core.sandbox.warehouse import failures, types
from core.sandbox.warehouse.translate.binder import Binder, binds
from core.sandbox.warehouse.translate.bound import Bound, quote
from core.sandbox.warehouse.translate.casts import cast, to_text
from core.sandbox.warehouse.translate.functions.registry import constant, function
from core.sandbox.warehouse.types import SqlType

_BINARY = ("", "utf8")  # collations by which a text is what its bytes are


def _text_result(value: Bound, sql: str) -> Bound:
    return Bound(sql, types.text(value.type.length or types.MAX_TEXT))


def _map(name: str, template: Callable[[str], str]) -> None:
    @function(name)
    def call(binder: Binder, value: Bound) -> Bound:
        return _text_result(value, template(to_text(binder, value)))


_map("UPPER", lambda x: f"upper({x})")
_map("LOWER", lambda x: f"lower({x})")
_map("REVERSE", lambda x: f"reverse({x})")


def _trimmer(name: str, duckdb_name: str) -> None:
    @function(name, most=2)
    def call(binder: Binder, value: Bound, characters: Bound | None = None) -> Bound:
        """Translate TRIM, LTRIM or RTRIM; by default only blanks are removed, no tabs."""
        which = to_text(binder, characters) if characters is not None else "' '"
        if value.type.collation not in _BINARY and characters is not None:
            _check_white_space(name, characters)
        text = to_text(binder, value)
        sql = f"{duckdb_name}({text}, {which})"
        white = characters is None or (characters.literal and not characters.literal.strip())
        return _text_result(value, _spare(name, text, sql) if white else sql)


# Of what a text is trimmed on each side: its first character, its last, or both.
_ENDS = {"TRIM": ("1", "-1"), "LTRIM": ("1",), "RTRIM": ("-1",)}


def _spare(name: str, text: str, trimmed: str) -> str:
    """Return SQL that trims white space only where it may be: DuckDB's TRIM is slow.

    It takes 1.2 s for a million texts and 25 characters, and looking at their ends takes 0.1.
    """
    whole = " AND ".join(f"ascii(({text})[{end}]) BETWEEN 33 AND 126" for end in _ENDS[name])
    return f"(CASE WHEN {whole} THEN {text} ELSE {trimmed} END)"


def _check_white_space(name: str, characters: Bound) -> None:
    """Refuse to trim other characters from a collated text; docs.snowflake.com, TRIM."""
    if (characters.literal or "x").strip():
        raise failures.unsupported(f"{name} of other than white space with a collation")


@function("COLLATE", least=2)
def _collate(_: Binder, value: Bound, collation: Bound) -> Bound:
    name = constant(collation, "COLLATE")
    return Bound(value.sql, replace(value.type, collation=name), literal=value.literal)


for _name in ("TRIM", "LTRIM", "RTRIM"):
    _trimmer(_name, _name.lower())


@function("LENGTH", "LEN", "CHAR_LENGTH", "CHARACTER_LENGTH")
def _length(binder: Binder, value: Bound) -> Bound:
    if value.type.name == "BINARY":
        return _integer(f"octet_length({value.sql})")
    return _integer(f"length({to_text(binder, value)})")


@function("OCTET_LENGTH")
def _octet_length(binder: Binder, value: Bound) -> Bound:
    if value.type.name == "BINARY":
        return _integer(f"octet_length({value.sql})")
    return _integer(f"strlen({to_text(binder, value)})")


def _integer(sql: str, precision: int = 18) -> Bound:
    type_ = types.number(precision)
    return Bound(f"CAST({sql} AS {type_.physical})", type_)


def _whole(binder: Binder, value: Bound) -> str:
    return f"CAST({cast(binder, value, types.INTEGER).sql} AS BIGINT)"


@function("LEFT", least=2)
def _left(binder: Binder, value: Bound, count: Bound) -> Bound:
    return _text_result(
        value, f"left({to_text(binder, value)}, greatest({_whole(binder, count)}, 0))"
    )


@function("RIGHT", least=2)
def _right(binder: Binder, value: Bound, count: Bound) -> Bound:
    return _text_result(
        value, f"right({to_text(binder, value)}, greatest({_whole(binder, count)}, 0))"
    )


@function("SUBSTR", "SUBSTRING", least=2, most=3)
def _substr(binder: Binder, value: Bound, start: Bound, length: Bound | None = None) -> Bound:
    first = _whole(binder, start)
    if length is None:
        return _text_result(value, f"substring({to_text(binder, value)}, {first})")
    size = f"greatest({_whole(binder, length)}, 0)"
    return _text_result(value, f"substring({to_text(binder, value)}, {first}, {size})")


@function("CONCAT", least=1, most=-1)
def _concat(binder: Binder, *values: Bound) -> Bound:
    return Bound("(" + " || ".join(to_text(binder, each) for each in values) + ")", types.TEXT)


@function("CONCAT_WS", least=2, most=-1)
def _concat_ws(binder: Binder, *values: Bound) -> Bound:
    separator, *rest = (to_text(binder, each) for each in values)
    joined = f" || {separator} || ".join(rest)
    return Bound(f"({joined})", types.TEXT)


@function("REPLACE", least=2, most=3)
def _replace(binder: Binder, value: Bound, old: Bound, new: Bound | None = None) -> Bound:
    replacement = to_text(binder, new) if new is not None else "''"
    return Bound(
        f"replace({to_text(binder, value)}, {to_text(binder, old)}, {replacement})", types.TEXT
    )


@function("REPEAT", least=2)
def _repeat(binder: Binder, value: Bound, count: Bound) -> Bound:
    return Bound(f"repeat({to_text(binder, value)}, {_whole(binder, count)})", types.TEXT)


@function("LPAD", least=2, most=3)
def _lpad(binder: Binder, value: Bound, length: Bound, fill: Bound | None = None) -> Bound:
    with_ = to_text(binder, fill) if fill is not None else "' '"
    return Bound(
        f"lpad({to_text(binder, value)}, CAST({_whole(binder, length)} AS INTEGER), {with_})",
        types.TEXT,
    )


@function("RPAD", least=2, most=3)
def _rpad(binder: Binder, value: Bound, length: Bound, fill: Bound | None = None) -> Bound:
    with_ = to_text(binder, fill) if fill is not None else "' '"
    return Bound(
        f"rpad({to_text(binder, value)}, CAST({_whole(binder, length)} AS INTEGER), {with_})",
        types.TEXT,
    )


@function("CONTAINS", least=2)
def _contains(binder: Binder, value: Bound, part: Bound) -> Bound:
    return Bound(f"contains({to_text(binder, value)}, {to_text(binder, part)})", types.BOOLEAN)


@function("STARTSWITH", least=2)
def _startswith(binder: Binder, value: Bound, part: Bound) -> Bound:
    return Bound(f"starts_with({to_text(binder, value)}, {to_text(binder, part)})", types.BOOLEAN)


@function("ENDSWITH", least=2)
def _endswith(binder: Binder, value: Bound, part: Bound) -> Bound:
    return Bound(f"ends_with({to_text(binder, value)}, {to_text(binder, part)})", types.BOOLEAN)


@function("CHARINDEX", "POSITION", least=2)
def _charindex(binder: Binder, part: Bound, value: Bound) -> Bound:
    return _integer(f"instr({to_text(binder, value)}, {to_text(binder, part)})")


@binds(exp.StrPosition)
def _position_in(binder: Binder, node: exp.Expr) -> Bound:
    return _charindex(binder, binder.bind(node.args["substr"]), binder.bind(node.this))


@function("SPLIT_PART", least=3)
def _split_part(binder: Binder, value: Bound, separator: Bound, index: Bound) -> Bound:
    pieces = f"{to_text(binder, value)}, {to_text(binder, separator)}"
    return Bound(f"split_part({pieces}, {_whole(binder, index)})", types.TEXT)


@function("ASCII")
def _ascii(binder: Binder, value: Bound) -> Bound:
    return _integer(f"coalesce(ascii({to_text(binder, value)}), 0)", 3)


@function("UNICODE")
def _unicode(binder: Binder, value: Bound) -> Bound:
    return _integer(f"coalesce(unicode({to_text(binder, value)}), 0)", 7)


@function("CHR", "CHAR")
def _chr(binder: Binder, value: Bound) -> Bound:
    return Bound(f"chr(CAST({_whole(binder, value)} AS INTEGER))", types.text(1))


@function("MD5", "MD5_HEX")
def _md5(binder: Binder, value: Bound) -> Bound:
    source = value.sql if value.type.name == "BINARY" else to_text(binder, value)
    return Bound(f"md5({source})", types.text(32))


@function("SHA2", "SHA2_HEX", most=2)
def _sha2(binder: Binder, value: Bound, bits: Bound | None = None) -> Bound:
    if bits is not None and constant(bits, "SHA2") not in ("256",):
        raise failures.unsupported("SHA2 of other than 256 bits")
    source = value.sql if value.type.name == "BINARY" else to_text(binder, value)
    return Bound(f"sha256({source})", types.text(128))


@function("HEX_ENCODE", most=2)
def _hex_encode(binder: Binder, value: Bound, case: Bound | None = None) -> Bound:
    source = value.sql if value.type.name == "BINARY" else to_text(binder, value)
    lower = case is not None and constant(case, "HEX_ENCODE") == "0"
    return Bound(f"lower(hex({source}))" if lower else f"hex({source})", types.TEXT)


@function("BASE64_ENCODE")
def _base64_encode(binder: Binder, value: Bound) -> Bound:
    source = value.sql if value.type.name == "BINARY" else f"encode({to_text(binder, value)})"
    return Bound(f"base64({source})", types.TEXT)


@function("TO_BINARY", "TRY_TO_BINARY", most=2)
def _to_binary(binder: Binder, value: Bound, form: Bound | None = None) -> Bound:
    name = constant(form, "TO_BINARY").upper() if form is not None else "HEX"
    if name in ("UTF-8", "UTF8"):
        return Bound(f"encode({to_text(binder, value)})", types.BINARY)
    if name == "BASE64":
        return Bound(f"from_base64({to_text(binder, value)})", types.BINARY)
    return cast(binder, value, types.BINARY)


@function("REGEXP_LIKE", "RLIKE", least=2, most=3)
def _regexp_like(binder: Binder, value: Bound, pattern: Bound, flags: Bound | None = None) -> Bound:
    """Translate REGEXP_LIKE: the pattern must match the whole text."""
    _check_regex(pattern)
    sql = f"{to_text(binder, value)}, {to_text(binder, pattern)}, {quote(_regex_flags(flags))}"
    return Bound(f"regexp_full_match({sql})", types.BOOLEAN)


def _regex_flags(flags: Bound | None) -> str:
    """Translate Snowflake's i and s; its dot matches no newline unless `s` is given."""
    given = constant(flags, "REGEXP") if flags is not None else ""
    known = "i" if "i" in given else "c"
    return known + ("s" if "s" in given else "n")


def _check_regex(pattern: Bound) -> None:
    """Refuse what POSIX extended expressions have not: groups that begin with a question mark.

    Escaped characters and classes are replaced before the search.
    """
    given = pattern.literal or ""
    if "(?" in re.sub(r"\\.|\[\^?\]?[^]]*\]", "x", given):
        message = "no argument for repetition operator: ?"
        text = f"Invalid regular expression: '{given}', {message}"
        raise failures.invalid(text, 1008)


@function("REGEXP_REPLACE", least=2, most=6)
def _regexp_replace(
    binder: Binder,
    value: Bound,
    pattern: Bound,
    new: Bound | None = None,
    position: Bound | None = None,
    occurrence: Bound | None = None,
    flags: Bound | None = None,
) -> Bound:
    """Translate REGEXP_REPLACE: of all occurrences (0) or of the first (1)."""
    _check_regex(pattern)
    if position is not None and constant(position, "REGEXP_REPLACE") != "1":
        raise failures.unsupported("REGEXP_REPLACE from a position")
    count = constant(occurrence, "REGEXP_REPLACE") if occurrence is not None else "0"
    if count not in ("0", "1"):
        raise failures.unsupported("REGEXP_REPLACE of another occurrence than the first")
    replacement = to_text(binder, new) if new is not None else "''"
    options = quote(_regex_flags(flags) + ("g" if count == "0" else ""))
    sql = f"{to_text(binder, value)}, {to_text(binder, pattern)}, {replacement}, {options}"
    return Bound(f"regexp_replace({sql})", types.TEXT)


@function("REGEXP_SUBSTR", least=2)
def _regexp_substr(binder: Binder, value: Bound, pattern: Bound) -> Bound:
    sql = f"regexp_extract({to_text(binder, value)}, {to_text(binder, pattern)})"
    return Bound(f"nullif({sql}, '')", types.TEXT)


@function("REGEXP_COUNT", least=2)
def _regexp_count(binder: Binder, value: Bound, pattern: Bound) -> Bound:
    return _integer(
        f"len(regexp_extract_all({to_text(binder, value)}, {to_text(binder, pattern)}))"
    )


@function("TO_VARCHAR", "TO_CHAR", most=2)
def _to_varchar(binder: Binder, value: Bound, form: Bound | None = None) -> Bound:
    if form is None or value.type.name in ("TEXT", "NULL"):
        return cast(binder, value, types.TEXT)
    pattern = constant(form, "TO_VARCHAR")
    if value.type.name == "BINARY":
        return _binary_text(value, pattern)
    if value.type.name == "DATE" or value.type.name == "TIME" or value.type.is_timestamp:
        return Bound(to_text(binder, value, pattern), types.TEXT)
    raise failures.unsupported("number formats")


def _binary_text(value: Bound, form: str) -> Bound:
    sql = {"HEX": "hex({})", "BASE64": "base64({})", "UTF-8": "decode({})", "UTF8": "decode({})"}
    if form.upper() not in sql:
        raise failures.invalid(f"'{form}' is not a binary format.")
    return Bound(sql[form.upper()].format(value.sql), SqlType("TEXT", length=types.MAX_TEXT))
