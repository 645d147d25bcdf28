"""Totals are exact, and differences between what was read and written are found."""

from __future__ import annotations

import math
from decimal import Context, Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.aggregation.reconciliation import RunTotals, Tally, Total, total
from core.errors import IntegrityError

INT64 = st.integers(-(2**63), 2**63 - 1) | st.none()
NUMBER_38 = st.integers(-(10**38) + 1, 10**38 - 1) | st.none()


def test_a_run_keeps_five_examples_of_bad_dates() -> None:
    totals = RunTotals()
    for batch in range(4):
        values = tuple(f"{batch}-{n}" for n in range(2))
        totals.add_read(Tally(rows=10, bad_dates=2, bad_examples=values))
    assert totals.bad_examples == ("0-0", "0-1", "1-0", "1-1", "2-0")
    assert (totals.rows_read, totals.bad_dates) == (40, 8)


@given(st.lists(INT64))
def test_integers_are_summed_exactly(values: list[int | None]) -> None:
    summed = total(pa.array([*values, 1], pa.int64()))
    assert summed
    assert summed.value == 1 + sum(v for v in values if v is not None)


@pytest.mark.parametrize("kind", [pa.int64(), pa.int8(), pa.float64(), pa.decimal128(38, 2)])
def test_nulls_alone_have_no_total(kind: pa.DataType) -> None:
    assert total(pa.array([None, None], kind)) is None
    assert total(pa.array([None, 0], kind)) == Total(0)


def test_a_zero_written_for_nulls_is_found() -> None:
    totals = RunTotals(rows_declared=2)
    totals.add_read(Tally(1, totals={"sum_1": None}))
    totals.add_read(Tally(1, totals={"sum_1": None}))
    totals.check([("sum_1", "AMT")])
    totals.add_written(Tally(1, totals={"sum_1": Total(Decimal(0))}))
    with pytest.raises(IntegrityError, match="NULL over the rows read, 0 over the rows written"):
        totals.check([("sum_1", "AMT")])


@pytest.mark.parametrize("width", [8, 16, 32])
def test_narrow_integers_do_not_wrap(width: int) -> None:
    most = 2 ** (width - 1) - 1
    narrow = {8: pa.int8(), 16: pa.int16(), 32: pa.int32()}[width]
    assert total(pa.array([most] * 1000 + [None], narrow)) == Total(1000 * most)


def test_values_of_few_digits_are_summed_exactly() -> None:
    values = pa.array([Decimal("99.99")] * 999 + [None], pa.decimal128(38, 2))
    assert total(values, digits=4) == Total(Decimal("99890.01"))


@given(st.lists(NUMBER_38), st.sampled_from([0, 2, 38]))
def test_decimals_are_summed_exactly(values: list[int | None], scale: int) -> None:
    exact = Context(prec=200)
    decimals = [None if v is None else exact.scaleb(Decimal(v), -scale) for v in [*values, 1]]
    summed = total(pa.array(decimals, pa.decimal128(38, scale)))
    assert summed
    assert isinstance(summed.value, Decimal)
    assert exact.scaleb(summed.value, scale) == 1 + sum(v for v in values if v is not None)


def test_totals_of_batches_add_up_without_rounding() -> None:
    big = Total(Decimal(10**38 - 1))
    added = big + big + Total(Decimal("0.01"))
    assert str(added.value) == "199999999999999999999999999999999999998.01"


def make_totals(
    read: float | Decimal, written: float | Decimal, magnitude: float = 1.0
) -> RunTotals:
    totals = RunTotals(rows_declared=1)
    totals.add_read(Tally(1, totals={"sum_1": Total(read, magnitude)}))
    totals.add_written(Tally(1, totals={"sum_1": Total(written, magnitude)}))
    return totals


@pytest.mark.parametrize(
    ("read", "written"),
    [
        (Decimal("0.10"), Decimal("0.1")),
        (1.0, 1.0 + 1e-10),
        (0.0, 1e-10),
        (math.nan, math.nan),
        (math.inf, math.inf),
    ],
)
def test_equal_totals_pass(read: float | Decimal, written: float | Decimal) -> None:
    make_totals(read, written).check([("sum_1", "AMT")])


@pytest.mark.parametrize(
    ("read", "written"),
    [
        (Decimal("0.10"), Decimal("0.11")),
        (1.0, 1.0 + 1e-8),
        (math.nan, 1.0),
        (1.0, math.nan),
        (math.inf, -math.inf),
    ],
)
def test_a_difference_names_the_column_and_both_values(
    read: float | Decimal, written: float | Decimal
) -> None:
    with pytest.raises(IntegrityError) as caught:
        make_totals(read, written).check([("sum_1", "AMT")])
    assert "AMT" in caught.value.message
    assert str(read) in caught.value.message
    assert str(written) in caught.value.message


def test_a_missing_row_is_found() -> None:
    totals = RunTotals(rows_declared=2)
    totals.add_read(Tally(1))
    with pytest.raises(IntegrityError, match="1 rows arrived where the warehouse declares 2"):
        totals.check([])


def test_a_lost_group_is_found() -> None:
    totals = RunTotals(rows_declared=1)
    totals.add_read(Tally(1, totals={"sum_1": Total(Decimal(5))}))
    with pytest.raises(IntegrityError):
        totals.check([("sum_1", "AMT")])
