"""The aggregation of frames, compared with hand-written SQL in an independent engine."""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import query
from core.aggregation.aggregate import aggregate
from core.aggregation.partial_sums import PartialSums
from core.aggregation.reducer import Reducer
from core.errors import CancelledError, LocalResourceError, SourceDataError, TransferError
from core.query import Field
from core.warehouse.statement import check
from tests.support.sources import plan
from tests.support.waiting import AT_ONCE, wait_for

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


ROOMY = 1 << 30


def months(
    frames: list[pl.DataFrame],
    path: Path,
    fields: tuple[Field, ...] = FIELDS,
    budget: int = ROOMY,
) -> pl.DataFrame:
    """Return the groups of all frames; with a small budget they go by disk, in ranges."""
    sums = PartialSums(fields)
    parts = map(Reducer(sums).reduce, frames)
    pieces = list(aggregate(sums, parts, budget, path, lambda: None))
    assert not list(path.parent.iterdir())
    return pl.concat(pieces) if pieces else sums.finish(sums.of(frames[0].clear()))


def make_comparable(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the row with NaN replaced, because NaN does not equal itself."""
    return tuple("NaN" if isinstance(v, float) and math.isnan(v) else v for v in row)


@pytest.fixture
def path() -> Iterator[Path]:
    with TemporaryDirectory() as directory:
        yield Path(directory, "spilled")


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(ROW, max_size=40), st.integers(1, 10), st.sampled_from([ROOMY, 4000]))
def test_months_equal_the_oracle(
    path: Path, rows: list[tuple[Any, ...]], size: int, budget: int
) -> None:
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    table = frame.to_arrow()
    with duckdb.connect() as oracle:
        oracle.register("rows", table)
        expected = oracle.sql(ORACLE).fetchall()
    frames = [frame[n : n + size] for n in range(0, len(rows) + 1, size)]
    got = months(frames, path, budget=budget).rows()
    assert [make_comparable(row[:6]) for row in got] == [
        make_comparable(row[:6]) for row in expected
    ]
    for ours, theirs in zip(got, expected, strict=True):
        assert (ours[6] is None) == (theirs[6] is None)
        if ours[6] is not None:
            assert ours[6] == pytest.approx(theirs[6], rel=1e-12, nan_ok=True)


def one_sum(
    path: Path, values: list[Any], sql_type: str, dtype: pl.DataType | type[pl.DataType]
) -> Any:
    fields = query.select_rows(plan({"D": "DATE", "N": sql_type})).fields
    frame = pl.DataFrame(
        {"month": [date(2024, 1, 1)] * len(values), "sum_1": values},
        schema={"month": pl.Date, "sum_1": dtype},
    )
    return months([frame], path, fields)["sum_1"].to_list()


def test_64_bit_sums_do_not_wrap(path: Path) -> None:
    most = 10**18 - 1
    assert one_sum(path, [most] * 100, "NUMBER(18,0)", pl.Int64) == [Decimal(100 * most)]


def test_sums_keep_38_digits(path: Path) -> None:
    most = Decimal("9" * 36 + ".99")
    assert one_sum(path, [most, None], "NUMBER(38,2)", pl.Decimal(38, 2)) == [most]


@pytest.mark.parametrize("sign", ["", "-"])
def test_a_sum_past_38_digits_is_an_error(path: Path, sign: str) -> None:
    most = Decimal(sign + "9" * 36 + ".99")
    with pytest.raises(SourceDataError, match="more than 38 digits"):
        one_sum(path, [most, most], "NUMBER(38,2)", pl.Decimal(38, 2))


def test_a_group_of_nulls_sums_to_null_and_not_null_columns_too(path: Path) -> None:
    assert one_sum(path, [None, None], "NUMBER(12,2)", pl.Decimal(38, 2)) == [None]
    assert one_sum(path, [Decimal("0.00")], "NUMBER(12,2) NOT NULL", pl.Decimal(38, 2)) == [
        Decimal(0)
    ]


def test_no_sum_columns_leave_the_distinct_groups(path: Path) -> None:
    fields = query.select_rows(plan({"D": "DATE", "K": "VARCHAR(1)"})).fields
    frame = pl.DataFrame({"month": [date(2024, 1, 1)] * 3, "key_1": ["b", "a", "b"]})
    jan = date(2024, 1, 1)
    assert months([frame], path, fields).rows() == [(jan, "a", 1), (jan, "b", 2)]


BUDGETS = [ROOMY, 1 << 20, 1 << 17]


@pytest.mark.parametrize("budget", BUDGETS)
def test_one_value_of_a_key_in_most_rows(path: Path, budget: int) -> None:
    """A range holds no fewer rows than its most frequent group, until its rows are added."""
    rows = 30_000
    frame = pl.select(
        month=pl.lit(date(2024, 1, 1)),
        key_1=pl.when(pl.int_range(rows) % 3 < 2).then(pl.lit("a")).otherwise(pl.lit("b")),
        key_2=pl.when(pl.int_range(rows) % 3 == 0).then(0).otherwise(pl.int_range(rows)),
        sum_1=pl.int_range(rows),
    ).with_columns(pl.col("key_2").cast(pl.String))
    fields = query.select_rows(
        plan({"D": "DATE", "K": "TEXT", "L": "TEXT", "N": "NUMBER(9,0)"})
    ).fields
    frames = [frame[n::7] for n in range(7)]
    got = months(frames, path, fields, budget)
    by = ["month", "key_1", "key_2"]
    expected = frame.group_by(by).agg(pl.col("sum_1").sum(), pl.len()).sort(by, nulls_last=True)
    assert got["rows"].sum() == rows
    assert got.select(by).equals(expected.select(by))
    assert [int(n) for n in got["sum_1"]] == expected["sum_1"].to_list()


def test_the_bounds_of_ranges_do_not_keep_the_rows_in_memory(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that polars takes from a frame keeps the buffers of all its texts."""
    held: list[int] = []
    divide = PartialSums.divide

    def look(sums: PartialSums, part: pl.DataFrame, bounds: pl.DataFrame) -> Iterator[pl.DataFrame]:
        buffers = bounds.to_arrow(compat_level=pl.CompatLevel.newest())
        held.append(buffers.nbytes)
        return divide(sums, part, bounds)

    monkeypatch.setattr(PartialSums, "divide", look)
    frame = pl.select(
        month=pl.lit(date(2024, 1, 1)),
        key_1=pl.format("a customer with a long name: {}", pl.int_range(200_000)),
        sum_1=pl.int_range(200_000),
    )
    fields = query.select_rows(plan({"D": "DATE", "K": "TEXT", "N": "NUMBER(9,0)"})).fields
    got = months([frame[:100_000], frame[100_000:]], path, fields, 1 << 22)
    assert got.height == frame.height
    assert held
    assert max(held) < 1_000_000, "the texts alone are 8 MB"


@pytest.mark.parametrize("budget", BUDGETS)
def test_float_sums_are_the_same_bytes_in_any_order(path: Path, budget: int) -> None:
    draw = random.Random(7)
    values = [
        draw.choice([-1, 1]) * draw.random() * 10 ** draw.randint(-9, 12) for _ in range(9000)
    ]
    keys = [f"k{draw.randint(0, 40)}" for _ in values]
    expected = [
        math.fsum(v for v, k in zip(values, keys, strict=True) if k == key)
        for key in sorted(set(keys))
    ]
    fields = query.select_rows(plan({"D": "DATE", "K": "TEXT", "F": "FLOAT"})).fields
    for size in (1, 70, 3000, 9000):
        rows = list(zip(values, keys, strict=True))
        draw.shuffle(rows)
        rows = rows[:300] if size == 1 else rows
        frame = pl.DataFrame(
            {
                "month": [date(2024, 1, 1)] * len(rows),
                "key_1": [k for _, k in rows],
                "sum_1": [v for v, _ in rows],
            }
        )
        frames = [frame[n : n + size] for n in range(0, len(rows), size)]
        got = months(frames, path, fields, budget)["sum_1"].to_list()
        if size > 1:
            assert got == expected


def add_up(parts: Iterable[pl.DataFrame], path: Path, watch: Callable[[], None]) -> None:
    sums = PartialSums(FIELDS)
    list(aggregate(sums, map(sums.of, parts), ROOMY, path, watch))


def test_cancelling_ends_the_wait_while_polars_works(path: Path) -> None:
    """The source blocks the thread here, as a long sort would; the caller does not wait for it."""
    asked, release = threading.Event(), threading.Event()

    def block() -> Iterator[pl.DataFrame]:
        asked.set()
        release.wait(30)
        yield pl.DataFrame(schema=SCHEMA)

    cancel = threading.Event()
    threading.Thread(target=lambda: (asked.wait(30), cancel.set())).start()
    try:
        with pytest.raises(CancelledError):
            add_up(block(), path, lambda: check(cancel))
        assert not release.is_set()
    finally:
        release.set()


def working() -> set[threading.Thread]:
    """The threads that aggregate."""
    return {thread for thread in threading.enumerate() if thread.name == "aggregate"}


def test_no_thread_goes_on_after_a_cancel(path: Path) -> None:
    """The source has no end: only the cancelled run can end what works on it."""
    before, cancel = working(), threading.Event()

    def endless() -> Iterator[pl.DataFrame]:
        while True:
            yield pl.DataFrame(schema=SCHEMA)
            cancel.set()

    with pytest.raises(CancelledError):
        add_up(endless(), path, lambda: check(cancel))
    assert wait_for(lambda: working() <= before)


class Panic(BaseException):
    """As polars raises it: no Exception."""


@pytest.mark.parametrize(
    ("error", "raised", "text"),
    [
        (ValueError("the link is gone"), ValueError, "the link is gone"),
        (Panic("index out of bounds"), TransferError, "Unexpected Panic of polars"),
        (OSError("No space left on device"), LocalResourceError, "The disk is full"),
    ],
)
def test_an_error_in_the_thread_is_raised(
    path: Path, error: BaseException, raised: type[Exception], text: str
) -> None:
    def fail() -> Iterator[pl.DataFrame]:
        yield pl.DataFrame(schema=SCHEMA)
        raise error

    began = time.monotonic()

    def watch() -> None:
        assert time.monotonic() - began < AT_ONCE, "the thread is gone, and says nothing"

    with pytest.raises(raised, match=text):
        add_up(fail(), path, watch)
