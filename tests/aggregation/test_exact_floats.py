"""Exact sums of floats, compared with `math.fsum`."""

from __future__ import annotations

import math
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


def exact_sum(batches: list[list[float | None]]) -> float | None:
    """Split each batch alone, add the parts, and join them."""
    frames = [pl.DataFrame({"x": batch}, schema={"x": pl.Float64}) for batch in batches]
    parts = [frame.select(exact_floats.split(frame, "x")) for frame in frames]
    sums = pl.concat(
        [
            part.select(pl.when(c.is_not_null().any()).then(c.sum()) for c in map(pl.col, names))
            for part in parts
            if (names := part.columns)
        ],
        how="diagonal",
    )
    total = sums.select(
        pl.when(c.is_not_null().any()).then(c.sum()) for c in map(pl.col, sums.columns)
    )
    (value,) = exact_floats.join(total, "x")["x"]
    assert value is None or isinstance(value, float)
    return value


def round_sum(values: list[float]) -> float:
    """Return the rounded sum, an infinity beyond the largest float."""
    exact = sum(map(Fraction, values))
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


def bits(value: float | None) -> bytes | None:
    return None if value is None else struct.pack("<d", value)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(FLOATS, min_size=1, max_size=12), min_size=1, max_size=5))
def test_sums_are_those_of_fsum_in_any_order(batches: list[list[float]]) -> None:
    every = [value for batch in batches for value in batch]
    try:
        expected = math.fsum(every) + 0.0
    except OverflowError:  # on its way
        expected = round_sum(every)
    got = exact_sum([list(batch) for batch in batches])
    assert bits(got) == bits(expected)
    assert bits(exact_sum([[value] for value in reversed(every)])) == bits(got)


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
    ],
)
def test_rounding_happens_once(values: list[float], expected: float) -> None:
    assert bits(exact_sum([[value] for value in values])) == bits(expected)
    assert bits(exact_sum([list(values)])) == bits(expected)


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
