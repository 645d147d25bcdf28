"""Exact sums of floats, compared with `math.fsum`."""

from __future__ import annotations

import math
import random
import struct
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.aggregation import exact_floats

EDGES = [
    *(0.0, -0.0, 1.0, -1.0, 5e-324, -5e-324, 2.2250738585072014e-308, 1e308, -1e308),
    *(2.0**53, 2.0**-53, 2.0**-54, -(2.0**-106), 2.0**22, 2.0**22 - 1, 2.0**-10, 2.0**-11),
]
FLOATS = (
    st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(EDGES)
    | st.integers(-(10**6), 10**6).map(lambda cents: cents / 100)
)


def exact_sum(batches: list[list[float | None]], *, rows_alone: bool = False) -> float | None:
    """Add each batch alone, add the sums, and join them.

    Args:
        batches: the floats of each batch.
        rows_alone: whether the rows of a batch are split, as where grouping it does not pay.
    """
    frames = [pl.DataFrame({"x": batch}, schema={"x": pl.Float64}) for batch in batches]
    sums = pl.concat(
        [
            add(frame.select(exact_floats.split(frame, "x"))) if rows_alone else add_batch(frame)
            for frame in frames
        ],
        how="diagonal",
    )
    total = add(sums)
    (value,) = exact_floats.join(total, "x")["x"]
    assert value is None or isinstance(value, float)
    return value


def add_batch(frame: pl.DataFrame) -> pl.DataFrame:
    addends = exact_floats.divide(frame, "x")
    return add(pl.DataFrame(addends.columns)).select(addends.exact)


def add(parts: pl.DataFrame) -> pl.DataFrame:
    return parts.select(
        pl.when(c.is_not_null().any()).then(c.sum()) for c in map(pl.col, parts.columns)
    )


def round_sum(values: list[float]) -> float:
    """Return the rounded sum, an infinity beyond the largest float."""
    exact = sum(map(Fraction, values))
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


def bits(value: float | None) -> bytes | None:
    return None if value is None else struct.pack("<d", value)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(FLOATS, min_size=1, max_size=8), min_size=1, max_size=4))
def test_sums_are_those_of_fsum_in_any_order(batches: list[list[float]]) -> None:
    every = [value for batch in batches for value in batch]
    try:
        expected = math.fsum(every) + 0.0
    except OverflowError:  # on its way
        expected = round_sum(every)
    got = exact_sum([list(batch) for batch in batches])
    assert bits(got) == bits(expected)
    assert bits(exact_sum([[value] for value in reversed(every)])) == bits(got)
    assert bits(exact_sum([list(batch) for batch in batches], rows_alone=True)) == bits(got)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, 2.0**-53], 1.0),  # a tie: to even
        ([1.0, 2.0**-53, 2.0**-1074], 1.0 + 2.0**-52),
        ([1.0, 2.0**-53, -(2.0**-1074)], 1.0),
        ([1e16, 1.0, -1e16], 1.0),
        ([1e308, 1.0, -1e308, 5e-324], 1.0),
        ([-0.0, -0.0], 0.0),
        ([1.5, -1.5], 0.0),
        ([1e308, 1e308, -1e308], 1e308),
        ([1e308, 1e308], math.inf),
        ([0.0, 1e-300], 1e-300),  # 0 is not the least size
        ([-0.0, -1e-300], -1e-300),
    ],
)
def test_rounding_happens_once(values: list[float], expected: float) -> None:
    assert bits(exact_sum([[value] for value in values])) == bits(expected)
    assert bits(exact_sum([list(values)])) == bits(expected)
    assert bits(exact_sum([list(values)], rows_alone=True)) == bits(expected)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, math.nan, 2.0], "nan"),
        ([math.inf, 1.0], "inf"),
        ([-math.inf, 1e308], "-inf"),
        ([math.inf, -math.inf], "nan"),
        ([math.nan], "nan"),
        ([None, math.inf], "inf"),
        ([None, None], "None"),
        ([None, -0.0], "0.0"),
    ],
)
def test_special_values(values: list[float | None], expected: str) -> None:
    assert str(exact_sum([[value] for value in values])) == expected
    assert str(exact_sum([list(values)])) == expected
    assert str(exact_sum([list(values)], rows_alone=True)) == expected


@pytest.mark.parametrize(
    ("rows", "least", "most", "slices"),
    [
        (1_023, 1.0, 1.99, 1),  # 53 bits, and 10 of the number of rows: those of an integer
        (1_024, 1.0, 1.99, 2),
        (65_535, 2.0**-7, 1023.9, 2),  # 37 bits of a float, and 47 of an integer
        (65_535, 2.0**-40, 1023.9, 3),
        (65_535, 2.0**-170, 1023.9, 6),
        (65_535, 2.0**-1060, 2.0**-1050, 1),  # where floats have fewer bits
        (65_535, 2.0**985, 1.99 * 2.0**1000, 2),  # near the greatest
    ],
)
def test_a_batch_of_like_sizes_is_added_in_slices(
    rows: int, least: float, most: float, slices: int
) -> None:
    """Values that need all bits that their number leaves are added without rounding."""
    generator = random.Random(7)
    values = [most, least, *(generator.uniform(least, 2 * least) for _ in range(100))]
    values += [generator.uniform(0.99 * most, most) for _ in range(rows - len(values))]
    generator.shuffle(values)
    frame = pl.DataFrame({"x": values})
    addends = exact_floats.divide(frame, "x")
    assert [column.name for column in addends.columns] == [f"x@slice{n}" for n in range(slices)]
    assert not addends.has_gaps
    expected = math.fsum(frame["x"])
    assert bits(exact_sum([values])) == bits(expected)
    assert bits(exact_sum([[-value for value in values]])) == bits(-expected)


@pytest.mark.parametrize(
    "values",
    [
        [1e-300, 1.0],  # more slices than six
        [1e308, 1.0],  # the power to add would be no float
        [1e308, 1e308],
        [1.0, math.nan],
        [1.0, -math.inf],
    ],
)
def test_a_batch_of_unlike_sizes_is_added_as_integers(values: list[float]) -> None:
    addends = exact_floats.divide(pl.DataFrame({"x": values}), "x")
    assert {column.dtype for column in addends.columns} <= {pl.Int128(), pl.Float64()}
    assert not any("slice" in column.name for column in addends.columns)
