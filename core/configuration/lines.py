"""The line of each key of a TOML file, so that an error can name it.

No parser of TOML that is maintained gives positions. But a statement of TOML, a header or a key
with its value, ends at the end of a line. So the lines are taken one after the other, and as soon
as the standard parser accepts those that were taken since the last statement, they are one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Final

Place = tuple[str | int, ...]
"""The keys that lead to a value, such as `("transfers", 0, "table")`."""

# What the last line of a statement of several lines has: the end of a list, a table or a text.
_ENDS: Final = ("]", "}", '"""', "'''")


def find_lines(text: str) -> dict[Place, int]:
    """Return the line, counted from 1, of each table, key and value of valid TOML.

    Example:
        >>> find_lines("[a]\\nx = 1\\n[[b]]\\ny = 2\\n")[("b", 0, "y")]
        4
    """
    lines: dict[Place, int] = {(): 1}
    sizes: dict[Place, int] = {}  # of the lists of tables
    table: Place = ()
    for number, statement, parsed in _split_statements(text):
        if not statement.lstrip().startswith("["):
            _note(parsed, table, number, lines)
            continue
        place: Place = ()
        value: Any = parsed
        while isinstance(value, dict) and value:  # a header has one key at each level
            (key,) = value
            value = value[key]
            place = (*place, key)
            lines.setdefault(place, number)
            if isinstance(value, list):
                sizes[place] = sizes.get(place, 0) + 1
            if place in sizes:
                place = (*place, sizes[place] - 1)
                lines.setdefault(place, number)
        table = place
    return lines


def get_line(lines: Mapping[Place, int], place: Place) -> int:
    """Return the line of a place, or that of the nearest table around it."""
    while place not in lines:
        place = place[:-1]
    return lines[place]


def _note(value: Any, place: Place, number: int, lines: dict[Place, int]) -> None:
    lines.setdefault(place, number)
    if isinstance(value, dict):
        for key, inner in value.items():
            _note(inner, (*place, key), number, lines)


def _split_statements(text: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Yield each statement with the number of its first line, its text and its content."""
    taken: list[str] = []
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        taken.append(line)
        if len(taken) > 1 and not any(end in line for end in _ENDS):
            continue
        try:
            parsed = tomllib.loads("\n".join(taken))
        except tomllib.TOMLDecodeError:
            continue
        if parsed:
            yield number - len(taken) + 1, taken[0], parsed
        taken = []
