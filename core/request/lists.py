"""Lists of names, and of pairs, that are written as text."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from typing import Any


def split_names(value: Any) -> Any:
    """Turn `A,B` into `("A", "B")`.

    A name with a comma is written `"A,B"`, and quotes in it are doubled. `none`, in any case, is an
    empty list. A value that is not text is returned unchanged.

    Raises:
        ValueError: the text is not a list of names.
    """
    if not isinstance(value, str):
        return value
    if value.strip().lower() == "none":
        return ()
    try:
        names = next(csv.reader([value], skipinitialspace=True), [])
    except csv.Error as error:  # a line break outside quotes, a name longer than any
        raise ValueError("not a list of names such as A,B") from error
    return tuple(name.strip() for name in names if name.strip())


def format_names(names: Sequence[str]) -> str:
    """Return names in the form that `split_names` parses.

    Example:
        >>> format_names(["A", "B,C"])
        'A,"B,C"'
    """
    return ",".join(map(_quote_name, names)) if names else "none"


def _quote_name(name: str) -> str:
    plain = name.strip() == name and name.lower() != "none" and not set(name) & set(',"\r\n')
    return name if plain else '"' + name.replace('"', '""') + '"'


def parse_pairs(value: Any) -> Any:
    """Turn `A=B,C=D` into `{"A": "B", "C": "D"}`.

    A pair with a comma is written `"A=B,C"`, as names are. A value that is not text is returned
    unchanged.

    Raises:
        ValueError: the text is not a list of such pairs.

    Example:
        >>> parse_pairs("project=sales, retention=7y")
        {'project': 'sales', 'retention': '7y'}
    """
    if not isinstance(value, str):
        return value
    pairs = [name.partition("=") for name in split_names(value)]
    if not all(name.strip() and separator for name, separator, _ in pairs):
        raise ValueError("must be pairs such as project=sales,retention=7y")
    return {name.strip(): given.strip() for name, _, given in pairs}


def parse_renames(value: Any) -> Any:
    """Turn `A=B,C=D` into `{"A": "B", "C": "D"}`, where the last `=` of a pair separates the names.

    A value that is not text is returned unchanged.

    Raises:
        ValueError: the text is not a list of such pairs, or gives a column two names.
    """
    if not isinstance(value, str):
        return value
    pairs = [pair.rpartition("=") for pair in split_names(value)]
    if not all(name.strip() and separator for name, separator, _ in pairs):
        raise ValueError("must be pairs of names such as O_ORDERDATE=month,O_TOTALPRICE=total")
    renames = {name.strip(): new.strip() for name, _, new in pairs}
    if len(renames) < len(pairs):
        raise ValueError("gives a column two names")
    return renames


def check_renames(renames: Mapping[str, str]) -> None:
    """Check the new names of columns.

    Raises:
        ValueError: one is empty, or has a character that the command line, or a line of a file,
            cannot hold.
    """
    for new in renames.values():
        if not new or new != new.strip() or "=" in new or not new.isprintable():
            raise ValueError(
                f"{new!r} cannot be the name of a column: it is empty, begins or ends with a "
                "blank, or has an equals sign or an invisible character"
            )
