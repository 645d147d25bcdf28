"""Casting one batch to the declared types, removing blank rows, counting."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from core import query
from core.aggregation.arrow_types import NANOSECONDS, check_units
from core.aggregation.rows import Chunk, to_chunk
from core.errors import IntegrityError, SourceDataError
from core.remedy import Remedy
from core.request.options.values import TimestampUnit
from tests.support.sources import plan

NS = "TIMESTAMP_NTZ(9)"


def fields(columns: dict[str, str], **options: Any) -> tuple[query.Field, ...]:
    return query.select_rows(plan(columns, **options)).fields


def chunk_of(wanted: tuple[query.Field, ...], table: pa.Table, unit: TimestampUnit = "us") -> Chunk:
    """Return the chunk of a table, with its rows as they are instead of a partial result."""
    return to_chunk(wanted, lambda frame, _: frame, unit, table)


def test_narrow_integers_become_what_the_table_declares() -> None:
    wanted = fields(
        {"D": "DATE NOT NULL", "A": "NUMBER(9,0)", "B": "NUMBER(38,0)", "C": "NUMBER(5,2)"}
    )
    day = pa.array([date(2024, 1, 1)], pa.date32())
    for narrow in (pa.int8(), pa.int64(), pa.decimal128(38, 0)):
        number = pa.array([7], pa.int8()).cast(narrow)
        cents = pa.array([Decimal("0.07")], pa.decimal128(38, 2))
        chunk = chunk_of(wanted, pa.table([day, number, number, cents], ["a", "b", "c", "d"]))
        assert chunk.part.dtypes == [pl.Date, pl.Int64, pl.Decimal(38, 0), pl.Decimal(38, 2)]
        assert chunk.part.row(0) == (date(2024, 1, 1), 7, Decimal(7), Decimal("0.07"))
        assert {k: t.value for k, t in chunk.tally.totals.items()} == {
            "sum_1": 7,
            "sum_2": 7,
            "sum_3": Decimal("0.07"),
        }


def test_blank_rows_and_bad_dates_are_counted_apart() -> None:
    wanted = fields(
        {"D": "VARCHAR(9)", "N": "NUMBER(9,0)"}, date_column="D", date_format="%Y-%m-%d"
    )
    assert [field.alias for field in wanted] == ["month", "sum_1", "blank", "bad"]
    table = pa.table(
        {
            "m": pa.array([date(2024, 1, 1), None, None, None], pa.date32()),
            "n": pa.array([1, None, 3, 4], pa.int8()),
            "blank": [False, True, False, False],
            "bad": [None, None, "31.02.", None],
        }
    )
    chunk = chunk_of(wanted, table)
    assert chunk.part.rows() == [(date(2024, 1, 1), 1), (None, 3), (None, 4)]
    tally = chunk.tally
    assert (tally.rows, tally.blank, tally.null_dates, tally.bad_dates) == (4, 1, 2, 1)
    assert tally.bad_examples == ("31.02.",)
    assert tally.totals["sum_1"].value == 8


def make_batch(*nanoseconds: int | None) -> pa.Table:
    """Return a batch whose timestamp key is a count of nanoseconds since 1970."""
    days = pa.array([date(2024, 1, 1)] * len(nanoseconds), pa.date32())
    blank = [False] * len(nanoseconds)
    return pa.table({"d": days, "k": pa.array(nanoseconds, NANOSECONDS), "b": blank})


@pytest.mark.parametrize(
    ("counts", "beyond_ns", "beyond_us"),
    [
        ((1_704_067_200_123_456_000, None), False, False),
        ((1_704_067_200_123_456_789, 0), False, True),
        ((253_402_214_400 * 10**9,), True, False),
        ((-62_135_596_800 * 10**9, -1), True, True),
    ],
)
def test_timestamps_that_a_unit_cannot_hold_are_found(
    counts: tuple[int | None, ...], beyond_ns: bool, beyond_us: bool
) -> None:
    wanted = fields({"D": "DATE", "K": NS}, date_column="D")
    expected: dict[TimestampUnit, bool] = {"ns": beyond_ns, "us": beyond_us}
    for unit, found in expected.items():
        chunk = chunk_of(wanted, make_batch(*counts), unit)
        assert chunk.part["key_1"].to_list() == [None if n is None else Decimal(n) for n in counts]
        assert chunk.unfit == ({"key_1"} if found else set())
        if not found:
            check_units(unit, wanted, chunk.unfit.__contains__)
            continue
        with pytest.raises(SourceDataError, match="Column K has") as caught:
            check_units(unit, wanted, chunk.unfit.__contains__)
        other = "us" if unit == "ns" else "ns"
        assert Remedy("timestamp_unit", other) in caught.value.remedies


def test_narrow_counts_of_nanoseconds_are_widened() -> None:
    wanted = fields({"D": "DATE", "K": NS}, date_column="D")
    table = make_batch(7)
    narrow = table.set_column(1, "k", pa.array([7], pa.int8()))
    assert chunk_of(wanted, narrow).part.equals(chunk_of(wanted, table).part)


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"a": pa.array([date(2024, 1, 1)])}),
        pa.table({"a": pa.array([date(2024, 1, 1)]), "b": ["x"], "c": [False]}),
        pa.table({"a": pa.array([date(2024, 1, 1)]), "b": [Decimal(10) ** 20], "c": [False]}),
    ],
)
def test_other_columns_than_selected_are_refused(table: pa.Table) -> None:
    with pytest.raises(IntegrityError):
        chunk_of(fields({"D": "DATE", "N": "NUMBER(9,0)"}), table)
