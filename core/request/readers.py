"""Reads the values of options: each reader returns the value in its one form, or refuses it.

A reader raises ValueError for a value that is invalid or of another type. Its message does not hold
the value, unless it is a word that names nothing secret.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from core.request.lists import parse_pairs, split_names
from core.request.sizes import StreamLimit, format_size

Reader = Callable[[Any], Any]

_FLAGS: Final = {
    **dict.fromkeys(("true", "yes", "on", "t", "y", "1"), True),
    **dict.fromkeys(("false", "no", "off", "f", "n", "0"), False),
}
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,30}")


def read_text(value: Any) -> str:
    """Return a text."""
    if not isinstance(value, str):
        raise ValueError("must be text")
    return value


def read_filled_text(value: Any) -> str:
    """Return a text that is not empty."""
    if not read_text(value):
        raise ValueError("is empty")
    return str(value)


def read_flag(value: Any) -> bool:
    """Return true or false, which may be a word for it, or 1 or 0."""
    found = _FLAGS.get(str(value).strip().lower()) if isinstance(value, bool | int | str) else None
    if found is None:
        raise ValueError("must be true or false")
    return found


def read_number(value: Any) -> int:
    """Return a whole number, which may be written as text."""
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    raise ValueError("must be a number")


def read_names(value: Any) -> tuple[str, ...]:
    """Return a list of names, which may be written as `A,B`."""
    names = split_names(value)
    if isinstance(names, str | bytes | Mapping) or not isinstance(names, Iterable):
        raise ValueError("must be a list of names such as A,B")
    return tuple(map(read_text, names))


def read_pairs(value: Any) -> dict[str, str]:
    """Return a mapping of texts, which may be written as `A=B,C=D`."""
    pairs = read_mapping(parse_pairs(value))
    return {name: read_text(each) for name, each in pairs.items()}


def read_mapping(value: Any) -> dict[str, Any]:
    """Return a mapping with texts as its keys."""
    if not isinstance(value, Mapping):
        raise ValueError("must be a mapping")
    return {read_text(name): each for name, each in value.items()}


def read_connection(value: Any) -> str | dict[str, Any]:
    """Return the name of a connection, or its arguments."""
    if isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
        return dict(value)
    if not isinstance(value, str):
        raise ValueError("must be a name or a mapping")
    if "://" in value:
        raise ValueError("must be the name of a connection, not a URL")
    return value


def read_limit(value: Any) -> StreamLimit:
    """Return a limit, which is usually written as `50M,5GB`."""
    limit = StreamLimit.parse(value)
    if not isinstance(limit, StreamLimit):
        raise ValueError("must be text")
    return limit


def choose(*choices: str) -> Reader:
    """Return the reader of an option that is one of some words."""

    def read(value: Any) -> str:
        if value in choices:
            return str(value)
        *others, last = choices
        listed = f"{', '.join(others)} or {last}" if others else last
        known = {each.lower(): each for each in choices}
        near = difflib.get_close_matches(str(value).lower(), known, n=1)
        hint = f"; did you mean {known[near[0]]}?" if near else ""
        raise ValueError(f"must be {listed}{hint}")

    return read


def match(pattern: str, form: str) -> Reader:
    """Return the reader of a text that matches `pattern` as a whole; `form` says which do."""

    def read(value: Any) -> str:
        if not re.fullmatch(pattern, read_text(value)):
            raise ValueError(form)
        return str(value)

    return read


def keep_within(least: int, most: int | None = None) -> Reader:
    """Return the reader of a number that is limited."""

    def read(value: Any) -> int:
        number = read_number(value)
        if number < least:
            raise ValueError(f"must be at least {format_size(least)}")
        if most is not None and number > most:
            raise ValueError(f"must be at most {format_size(most)}")
        return number

    return read


def passing(check: Callable[[Any], None]) -> Reader:
    """Return the reader of a value that `check` does not refuse."""

    def read(value: Any) -> Any:
        check(value)
        return value

    return read


def chain(*readers: Reader) -> Reader:
    """Return the reader that passes the value from each reader to the next."""

    def read(value: Any) -> Any:
        for each in readers:
            value = each(value)
        return value

    return read
