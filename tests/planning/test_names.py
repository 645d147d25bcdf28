"""Names of tables and columns: parsing, finding, and suggestions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UsageError
from core.planning.names import TableName, find_name, nearest_hint, parse_table


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("orders", ("ORDERS",)),
        (" Public.Orders ", ("PUBLIC", "ORDERS")),
        ('db."my schema"."a.b"', ("DB", "my schema", "a.b")),
        ('"say ""hi"""', ('say "hi"',)),
        ("Größe", ("GRÖSSE",)),
    ],
)
def test_table_names_split_and_fold(text: str, parts: tuple[str, ...]) -> None:
    assert parse_table(text) == parts


@pytest.mark.parametrize(
    "text", ["", ".", "a.", ".a", "a. .b", "a.b.c.d", '"open', 'a"b"', 'a."b"c', '""']
)
def test_invalid_table_names_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a table name"):
        parse_table(text)


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=3, max_size=3)
)
def test_a_name_written_as_text_is_parsed_back(parts: list[str]) -> None:
    assert parse_table(str(TableName(*parts))) == tuple(parts)


def test_names_are_found_exactly_then_in_another_case() -> None:
    assert find_name("id", ["ID", "id"], "column") == "id"
    assert find_name("o_date", ["O_DATE", "X"], "column") == "O_DATE"


def test_an_ambiguous_name_is_refused() -> None:
    with pytest.raises(UsageError, match="could be any of ID, id"):
        find_name("Id", ["ID", "id"], "column")


def test_the_error_about_an_unknown_name_gives_the_most_similar_names() -> None:
    with pytest.raises(UsageError, match="Nearest: O_TOTALPRICE") as caught:
        find_name("TOTALPRICE", ["O_ORDERKEY", "O_TOTALPRICE"], "column")
    assert "no column 'TOTALPRICE'" in caught.value.message


def test_without_a_similar_name_all_names_are_listed() -> None:
    assert nearest_hint("ZZZ", ["A", "B"]) == "There are: A, B."
    assert nearest_hint("ZZZ", []) == ""
