"""The bytes of values and rows that are downloaded, from the values of a sample."""

from __future__ import annotations

import pytest

from core.engines.widths import (
    BITS,
    OFFSET,
    Width,
    find_width,
    integer_bytes,
    is_barely_grouped,
    measure_widths,
    row_bytes,
)
from core.query import BAD_VALUE_CHARACTERS, SHORT_CHARACTERS, select_groups
from tests.support.sources import EVERY_TYPE, plan, source


@pytest.mark.parametrize(
    ("largest", "size"),
    [
        *((0, 1), (127, 1), (128, 2), (2**15 - 1, 2), (2**15, 4), (2**31 - 1, 4)),
        *((2**31, 8), (2**63 - 1, 8), (2**63, 16), (10**38 - 1, 16)),
    ],
)
def test_numbers_are_of_the_narrowest_integer(largest: int, size: int) -> None:
    assert integer_bytes(largest) == size


def test_texts_take_their_bytes_and_an_offset() -> None:
    columns = source({"T": "VARCHAR(20)", "B": "BINARY(8)", "V": "VARIANT"}).columns
    sample = {"T": ["ü", None, "abcd"], "B": ["00FF", "00"], "V": ["{}", "[1]"]}
    found = {name: width.bytes for name, width in measure_widths(columns, sample).items()}
    assert found == {"T": OFFSET + 6 / 3, "B": OFFSET + 3 / 2, "V": OFFSET + 5 / 2}


def test_only_what_is_sampled_is_measured() -> None:
    columns = source({"T": "VARCHAR(20)", "OK": "BOOLEAN"}).columns
    assert measure_widths(columns, {"OK": [True, None]}) == {"OK": Width(BITS)}
    assert measure_widths(columns, {"T": []}) == {"T": Width(OFFSET)}
    numbers = source({"N": "NUMBER(9,2)"}).columns
    assert measure_widths(numbers, {"N": [None]}) == {"N": Width(1, largest=0)}


def test_a_value_that_the_sample_may_have_cut_makes_a_lower_bound() -> None:
    columns = source({"T": "VARCHAR(200)", "V": "VARIANT"}).columns
    for name, most in (("T", BAD_VALUE_CHARACTERS), ("V", SHORT_CHARACTERS)):
        assert measure_widths(columns, {name: ["x" * (most - 1)]})[name].whole
        assert not measure_widths(columns, {name: ["x", "x" * most]})[name].whole


def test_without_a_sample_the_type_decides() -> None:
    made = plan(EVERY_TYPE, date_column="day")
    sizes = {name: find_width(made, name, {}) for name in EVERY_TYPE}
    assert sizes["n"] == Width(8, 10**10 - 1)
    assert sizes["big"] == Width(16, 10**38 - 1)
    assert (sizes["f"].bytes, sizes["t"].bytes, sizes["tz"].bytes) == (8, 8, 16)
    assert sizes["txt"] == sizes["v"] == Width(OFFSET, whole=False)
    known = Width(1.5)
    assert find_width(made, "txt", {"txt": known}) is known


def test_a_sum_takes_more_than_its_values() -> None:
    made = plan({"D": "DATE", "K": "VARCHAR(9)", "N": "NUMBER(9,0)", "F": "FLOAT"})
    fields = [field for field in select_groups(made).fields if field.column is not None]
    widths = {"K": Width(6.0), "N": Width(1.0, 100)}
    fixed = 4 + 6 + 8 + 4 * BITS  # the date, the key and the float, and a bit for each NULL
    assert row_bytes(fields, made, widths, {}) == fixed + 1
    assert row_bytes(fields, made, widths, {}, 1.28) == fixed + 2
    assert row_bytes(fields, made, widths, {}, 1.27) == fixed + 1


def test_what_is_no_column_of_the_table_has_a_size_too() -> None:
    made = plan({"D": "DATE", "F": "FLOAT"})
    extra = [field for field in select_groups(made).fields if field.column is None]
    assert any(field.alias.startswith("magnitude") for field in extra)
    plain = sum(8.0 if f.alias.startswith("magnitude") else 1.0 for f in extra)
    assert row_bytes(extra, made, {}, {}) == plain + len(extra) * BITS
    named = dict.fromkeys((field.alias for field in extra), 8.0)
    assert row_bytes(extra, made, {}, named) == len(extra) * (8 + BITS)


def test_barely_grouped_is_above_four_fifths() -> None:
    assert not is_barely_grouped(100, 80)
    assert is_barely_grouped(100, 81)
