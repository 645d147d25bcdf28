"""The aggregation of frames, compared with hand-written SQL in an independent engine."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.io.plugins import register_io_source

from core import query
from core.aggregation import aggregate
from core.errors import CancelledError, SourceDataError
from core.query import Field
from core.warehouse.statement import check
from tests.support.sources import plan

COLUMNS = {
    "D": "DATE",
    "K": "VARCHAR(10)",
    "F": "FLOAT",
    "B": "BOOLEAN",
    "N": "NUMBER(18,0)",
    "M": "NUMBER(38,2)",
    "X": "FLOAT",
}
FIELDS = query.select_rows(plan(COLUMNS, sum_columns="N,M,X", key_columns="K,F,B")).fields
SCHEMA = {
    "month": pl.Date,
    "key_1": pl.String,
    "key_2": pl.Float64,
    "key_3": pl.Boolean,
    "sum_1": pl.Int64,
    "sum_2": pl.Decimal(38, 2),
    "sum_3": pl.Float64,
}
ORACLE = """
    SELECT month, key_1, key_2 + 0.0 AS key_2, key_3,
           sum(sum_1)::DECIMAL(38,0), sum(sum_2), sum(sum_3)
    FROM rows GROUP BY ALL
    ORDER BY month NULLS LAST, key_1 NULLS LAST, key_2 NULLS LAST, key_3 NULLS LAST
"""
CENTS = st.integers(-(10**30), 10**30).map(lambda n: Decimal(f"{n}E-2"))
ROW = st.tuples(
    st.none() | st.sampled_from([date(2024, 1, 1), date(1969, 12, 1), date(9999, 12, 1)]),
    st.none() | st.sampled_from(["", " ", "a", "A", "ä", "a ", "\U0001f600", "\uffff"]),
    st.none() | st.sampled_from([0.0, -0.0, math.nan, math.inf, 1.5]),
    st.none() | st.booleans(),
    st.none() | st.integers(-(10**18) + 1, 10**18 - 1),
    st.none() | CENTS,
    st.none() | st.sampled_from([0.5, -0.25, 1e10, math.nan]),
)


def months(frames: list[pl.DataFrame], fields: tuple[Field, ...] = FIELDS) -> pl.DataFrame:
    source = register_io_source(
        lambda columns, predicate, n, size: (f.select(columns or f.columns) for f in frames),
        schema=frames[0].schema,
    )
    monthly = aggregate.group_by_month(source, fields)
    pieces = list(aggregate.collect_batches(monthly, lambda: None))
    return pl.concat(pieces) if pieces else monthly.clear().collect()


def make_comparable(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the row with NaN replaced, because NaN does not equal itself."""
    return tuple("NaN" if isinstance(v, float) and math.isnan(v) else v for v in row)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ROW, max_size=40), st.integers(1, 10))
def test_months_equal_the_oracle(rows: list[tuple[Any, ...]], size: int) -> None:
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    table = frame.to_arrow()
    with duckdb.connect() as oracle:
        oracle.register("rows", table)
        expected = oracle.sql(ORACLE).fetchall()
    got = months([frame[n : n + size] for n in range(0, len(rows) + 1, size)]).rows()
    assert [make_comparable(row[:6]) for row in got] == [
        make_comparable(row[:6]) for row in expected
    ]
    for ours, theirs in zip(got, expected, strict=True):
        assert (ours[6] is None) == (theirs[6] is None)
        if ours[6] is not None:
            assert ours[6] == pytest.approx(theirs[6], rel=1e-12, nan_ok=True)


def one_sum(values: list[Any], sql_type: str, dtype: pl.DataType | type[pl.DataType]) -> Any:
    fields = query.select_rows(plan({"D": "DATE", "N": sql_type})).fields
    frame = pl.DataFrame(
        {"month": [date(2024, 1, 1)] * len(values), "sum_1": values},
        schema={"month": pl.Date, "sum_1": dtype},
    )
    return months([frame], fields)["sum_1"].to_list()


def test_64_bit_sums_do_not_wrap() -> None:
    most = 10**18 - 1
    assert one_sum([most] * 100, "NUMBER(18,0)", pl.Int64) == [Decimal(100 * most)]


def test_sums_keep_38_digits() -> None:
    most = Decimal("9" * 36 + ".99")
    assert one_sum([most, None], "NUMBER(38,2)", pl.Decimal(38, 2)) == [most]


@pytest.mark.parametrize("sign", ["", "-"])
def test_a_sum_past_38_digits_is_an_error(sign: str) -> None:
    most = Decimal(sign + "9" * 36 + ".99")
    with pytest.raises(SourceDataError, match="more than 38 digits"):
        one_sum([most, most], "NUMBER(38,2)", pl.Decimal(38, 2))


def test_a_group_of_nulls_sums_to_null_and_not_null_columns_too() -> None:
    assert one_sum([None, None], "NUMBER(12,2)", pl.Decimal(38, 2)) == [None]
    assert one_sum([Decimal("0.00")], "NUMBER(12,2) NOT NULL", pl.Decimal(38, 2)) == [Decimal(0)]


def test_no_sum_columns_leave_the_distinct_groups() -> None:
    fields = query.select_rows(plan({"D": "DATE", "K": "VARCHAR(1)"})).fields
    frame = pl.DataFrame({"month": [date(2024, 1, 1)] * 3, "key_1": ["b", "a", "b"]})
    jan = date(2024, 1, 1)
    assert months([frame], fields).rows() == [(jan, "a", 1), (jan, "b", 2)]


def test_cancelling_ends_the_wait_while_polars_works() -> None:
    """The source blocks polars here, as a long sort would; the caller does not wait for it."""
    asked, release = threading.Event(), threading.Event()

    def block(*_: object) -> Iterator[pl.DataFrame]:
        asked.set()
        release.wait(30)
        yield pl.DataFrame(schema=SCHEMA)

    monthly = aggregate.group_by_month(register_io_source(block, schema=SCHEMA), FIELDS)
    cancel = threading.Event()
    threading.Thread(target=lambda: (asked.wait(30), cancel.set())).start()
    try:
        with pytest.raises(CancelledError):
            list(aggregate.collect_batches(monthly, lambda: check(cancel)))
        assert not release.is_set()
    finally:
        release.set()


def test_an_error_of_the_source_is_raised() -> None:
    def fail(*_: object) -> Iterator[pl.DataFrame]:
        yield pl.DataFrame(schema=SCHEMA)
        raise ValueError("the link is gone")

    with pytest.raises(Exception, match="the link is gone"):
        list(
            aggregate.collect_batches(
                aggregate.group_by_month(register_io_source(fail, schema=SCHEMA), FIELDS),
                lambda: None,
            )
        )
