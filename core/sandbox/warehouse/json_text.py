"""VARIANT, OBJECT and ARRAY as text: as it is held, and as Snowflake prints it.

An element of an ARRAY that is a SQL NULL differs from JSON's null. Snowflake prints it `undefined`,
which is no JSON (https://github.com/snowflakedb/snowflake-connector-python/issues/1388); here it is
held as a string of one character that no data has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pyarrow as pa

UNDEFINED = '"\ue000"'  # from the private use area of Unicode
_FLOAT = "\ue001"  # begins a string that stands for a FLOAT
_PRINTED = "undefined"
_INDENT = "  "
_WORD_SQL = r"""("(?:[^"\\]|\\.)*"|[][{}:,]|[^][{}:,"\s]+)"""
_EXPONENT = "-?[0-9]+(\\.[0-9]+)?[eE][-+]?[0-9]+"
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|[][{}:,]|[^][{}:,"\s]+', re.S)


def pretty(text: str) -> str:
    """Format JSON text as results have it: a member a line, indented by two blanks (recorded)."""
    return "".join(_pieces(_WORD.findall(text)))


def _pieces(words: list[str]) -> Iterator[str]:
    depth = 0
    for index, word in enumerate(words):
        opens, closes = word in ("[", "{"), word in ("]", "}")
        if opens and words[index + 1 : index + 2] in (["]"], ["}"]):
            opens = False  # nothing is in it
        if closes and words[index - 1] not in ("[", "{"):
            depth -= 1
            yield f"\n{_INDENT * depth}"
        yield _PRINTED if word == UNDEFINED else word
        if word == ":":
            yield " "
        if opens:
            depth += 1
        if opens or word == ",":
            yield f"\n{_INDENT * depth}"


def compact(text: str) -> str:
    """Convert the text of a result back to the one that is held."""
    return "".join(UNDEFINED if word == _PRINTED else word for word in _WORD.findall(text))


def change(array: pa.Array, convert: Callable[[str], str]) -> pa.Array:
    """Convert each text of an array."""
    return pa.array(
        [None if each is None else convert(each) for each in array.to_pylist()], pa.string()
    )


def printed(sql: str, undefined: str = _PRINTED) -> str:
    """Return DuckDB SQL for the compact text that TO_JSON gives, of the text that is held."""
    return f"replace({sql}, '{UNDEFINED}', '{undefined}')"


def element(sql: str) -> str:
    """Return DuckDB SQL for an element that was read out of an ARRAY: NULL if it is undefined."""
    return f"nullif({sql}, '{UNDEFINED}')"


def double(sql: str) -> str:
    """Return DuckDB SQL for a FLOAT in a VARIANT: 1.912000000000000e+02.

    That loses its last digits. Source: docs.snowflake.com, TYPEOF.
    """
    return f"format('{{:.15e}}', {sql})"


def normalized(sql: str) -> str:
    """Return DuckDB SQL for JSON text as it is held: compact, keys in order, FLOATs as printed.

    DuckDB writes numbers with an exponent in its own way; so they are strings meanwhile.
    """
    words = f"regexp_extract_all({sql}, $w${_WORD_SQL}$w$)"
    kept = f"'\"{_FLOAT}' || {double('w::DOUBLE')} || '\"'"
    each = f"CASE WHEN regexp_full_match(w, '{_EXPONENT}') THEN {kept} ELSE w END"
    marked = f"array_to_string(list_transform({words}, lambda w: {each}), '')"
    restored = f"regexp_replace(json_normalize({marked}), '\"{_FLOAT}([^\"]*)\"', '\\1', 'g')"
    has_float = f"regexp_matches({sql}, '[0-9][eE][-+]?[0-9]')"
    return f"(CASE WHEN {has_float} THEN {restored} ELSE json_normalize({sql}) END)"
