"""Batches are grouped where they are read, as long as that pays."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from core import query
from core.aggregation.partial_sums import PartialSums
from core.aggregation.reducer import Reducer
from tests.support.sources import plan

ENOUGH = 4096  # rows, by which other batches are judged


def batch(rows: int, groups: int) -> pl.DataFrame:
    return pl.select(
        month=pl.lit(date(2024, 1, 1)),
        key_1=(pl.int_range(rows) % groups).cast(pl.String),
        sum_1=pl.int_range(rows),
    )


@pytest.fixture
def reducer() -> Reducer:
    fields = query.select_rows(plan({"D": "DATE", "K": "TEXT", "N": "NUMBER(9,0)"})).fields
    return Reducer(PartialSums(fields))


def are_grouped(reducer: Reducer, batches: int) -> list[bool]:
    """Whether the next batches, which have a group in two rows, are grouped."""
    same = batch(2, 1)  # too few rows to say anything of those that follow
    return [reducer.reduce(same).height == 1 for _ in range(batches)]


@pytest.mark.parametrize(
    ("rows", "groups", "paid"),
    [
        (ENOUGH, ENOUGH // 2, True),
        (ENOUGH, ENOUGH // 2 + 1, False),
        (ENOUGH - 1, ENOUGH - 1, True),
    ],
)
def test_more_groups_than_half_the_rows_do_not_pay(
    reducer: Reducer, rows: int, groups: int, paid: bool
) -> None:
    assert reducer.reduce(batch(rows, groups)).height == groups
    assert are_grouped(reducer, 1) == [paid]


def test_grouping_is_tried_again_after_a_pause_that_grows(reducer: Reducer) -> None:
    for pause in (8, 16, 32, 64, 128, 128):
        reducer.reduce(batch(ENOUGH, ENOUGH))
        assert are_grouped(reducer, pause + 1) == [*[False] * pause, True]
    reducer.reduce(batch(ENOUGH, 1))
    reducer.reduce(batch(ENOUGH, ENOUGH))
    assert are_grouped(reducer, 9) == [*[False] * 8, True]
