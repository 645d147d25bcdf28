"""The line of each key of a TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from core.configuration.lines import find_lines, get_line

FILE = '''\
# a comment, and [what.is] = "not a table"

[defaults]
since = "2024-01"  # [x]
tags = {project = "sales", "a b" = "c"}
sum_columns = [
    "A",  # ]
    "B]",
]
report = """
[transfers]
x = 1
"""
gzip = true

[[transfers]]
name = "a"
metadata.contract = "x"

[[transfers]]
name = "b"

[transfers.tags]
k = "v"
'''


def test_lines_of_all_forms() -> None:
    lines = find_lines(FILE)
    expected = {
        ("defaults",): 3,
        ("defaults", "since"): 4,
        ("defaults", "tags"): 5,
        ("defaults", "tags", "a b"): 5,
        ("defaults", "sum_columns"): 6,
        ("defaults", "report"): 10,
        ("defaults", "gzip"): 14,
        ("transfers", 0): 16,
        ("transfers", 0, "name"): 17,
        ("transfers", 0, "metadata", "contract"): 18,
        ("transfers", 1): 20,
        ("transfers", 1, "name"): 21,
        ("transfers", 1, "tags"): 23,
        ("transfers", 1, "tags", "k"): 24,
    }
    assert {place: lines.get(place) for place in expected} == expected
    assert find_lines(FILE.replace("\n", "\r\n")) == lines
    assert get_line(lines, ("transfers", 1, "tags", "missing")) == 23
    assert get_line(lines, ("nothing", "here")) == 1


def places(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Each key of tables and of lists of tables."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*place, key)
            yield from places(inner, (*place, key))
    elif isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        for number, inner in enumerate(value):
            yield from places(inner, (*place, number))


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=6)
VALUES = st.recursive(
    st.integers(-9, 9) | TEXTS | st.booleans() | st.lists(TEXTS, max_size=3),
    lambda inner: (
        st.dictionaries(TEXTS, inner, max_size=3)
        | st.lists(st.dictionaries(TEXTS, inner, max_size=2), min_size=1, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=12, deadline=None)
@given(st.dictionaries(TEXTS, VALUES, max_size=4), st.booleans())
def test_every_key_has_a_line_that_holds_it(data: dict[str, Any], multiline: bool) -> None:
    text = tomli_w.dumps(data, multiline_strings=multiline)
    assert tomllib.loads(text) == data
    lines, shown = find_lines(text), text.split("\n")
    for place in places(data):
        around = shown[get_line(lines, place) - 1 :]
        key = tomli_w.dumps({str(place[-1]): 0}).partition(" = ")[0]
        assert key in "\n".join(around), place
    assert all(1 <= line <= len(shown) for line in lines.values())
