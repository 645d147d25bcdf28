"""The months of changed roles, from rows that were read before, against those of a statement."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from core.planning.plan import Plan
from core.preview.browser import Explorer, Look
from core.preview.month_preview import Months
from core.preview.regroup import can_regroup, regroup
from tests.support.deliveries import make_table
from tests.support.sources import request

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

NEVER = threading.Event()
NO_KEYS: dict[str, Any] = {"key_columns": "none"}


@pytest.fixture(scope="module")
def explorer(sandbox: Sandbox) -> Iterator[Explorer]:
    with Explorer.open(sandbox.snowflake) as opened:
        yield opened


@pytest.fixture(scope="module")
def orders(explorer: Explorer) -> tuple[Look, Plan, Months]:
    """A table of which a statement reads all rows, and a look five thousand of a hundred."""
    look = explorer.look("ORDERS_100K", NEVER)
    plan = explorer.plan(look, request())
    return look, plan, explorer.preview(plan, NEVER, exact=False)


def both(explorer: Explorer, table: str, **options: Any) -> tuple[Months, Months]:
    """The months of a table from its sample, and from a statement; floats rounded."""
    look = explorer.look(table, NEVER)
    plan = explorer.plan(look, request(**options))
    here = regroup(look, plan)
    assert here is not None
    assert here.statement is None
    there = explorer.preview(plan, NEVER, exact=False)
    return without_noise(here), without_noise(there)


def without_noise(months: Months) -> Months:
    rows = (
        replace(
            row,
            sums=tuple(
                (None if math.isnan(each) else float(f"{each:.12g}"))
                if isinstance(each, float)
                else each
                for each in row.sums
            ),
        )
        for row in months.months
    )
    return replace(months, months=tuple(rows), statement=None)


@pytest.mark.parametrize("column", ['say "when"', "WHEN_NTZ", "when ltz", "when tz"])
def test_a_sample_of_all_rows_gives_what_a_statement_gives(explorer: Explorer, column: str) -> None:
    """Every type, NaN, sums of 38 digits, blank rows, months in each value's own offset."""
    here, there = both(explorer, '"Mixed Case"', date_column=column)
    # Keys of some types are sampled in part, so their groups are an estimate.
    assert replace(here, expected_rows=there.expected_rows, counted=True) == there
    assert not here.counted


KINDS = {
    "D VARCHAR, N NUMBER(5,2)": (
        "('01.02.2024', 1), (' 31.01.2024', 2), ('31.01.24', 4), ('  ', 8), (NULL, NULL)",
        {"date_format": "%d.%m.%Y"},
    ),
    "D NUMBER, K VARCHAR": (
        "(20240131, 'a'), (20240101, 'a'), (20240101, 'A'), (NULL, ' '), (20240230, NULL)",
        {"date_format": "%Y%m%d"},
    ),
    "D NUMBER(20,0), F FLOAT": (
        "(1706745599, 0.5), (1706745600, NULL), (-99999999999999999, 1), (NULL, 2)",
        {"date_format": "epoch_s"},
    ),
    "D DATE, K FLOAT, N NUMBER(38,0)": (
        f"('2024-01-31', 0.0, 1), ('2024-01-01', -0.0, {10**38 - 1}), (NULL, -1.5, 7)",
        {"key_columns": "K", "sum_columns": "N"},
    ),
}


@pytest.mark.parametrize("columns", KINDS)
def test_dates_of_every_kind(explorer: Explorer, sandbox: Sandbox, columns: str) -> None:
    rows, options = KINDS[columns]
    table = make_table(sandbox, columns, rows)
    for window in ({}, {"since": "2024-02"}, {"until": "2024-01", "undated": "keep"}):
        for on_bad_date in ("fail", "null"):
            more = {"date_column": "D", **options, **window, "on_bad_date": on_bad_date}
            here, there = both(explorer, table, **more)
            assert here == there


def test_other_keys_leave_the_months_as_they_were(orders: tuple[Look, Plan, Months]) -> None:
    look, before, known = orders
    assert not known.sampled
    assert look.rows < 6_000
    plan = Explorer.plan(look, request(drop_columns="O_COMMENT,O_CLERK,O_SHIPPRIORITY"))
    assert can_regroup(plan, before)
    found = regroup(look, plan, (before, known))
    assert found is not None
    assert [row.month for row in found.months] == [row.month for row in known.months]
    assert [row.sums for row in found.months] == [
        tuple(
            value
            for value, column in zip(row.sums, before.sums, strict=True)
            if column.name != "O_SHIPPRIORITY"
        )
        for row in known.months
    ]
    # 80 months, 3 states (two of them in most months) and 5 priorities; counted by a statement
    assert found.expected_rows is not None
    assert 400 <= found.expected_rows <= 900
    assert (found.counted, found.total_rows, found.sampled) == (False, 100_000, False)


def test_what_is_known_stays_exact(orders: tuple[Look, Plan, Months]) -> None:
    look, before, known = orders
    fewer_sums = regroup(
        look, Explorer.plan(look, request(sum_columns="O_TOTALPRICE")), (before, known)
    )
    assert fewer_sums is not None
    assert (fewer_sums.expected_rows, fewer_sums.counted) == (99_998, True)
    by_month = regroup(look, Explorer.plan(look, request(**NO_KEYS)), (before, known))
    assert by_month is not None
    assert (by_month.expected_rows, by_month.counted) == (len(known.months), True)


def test_another_month_column_is_grouped_from_the_sample(
    explorer: Explorer, sandbox: Sandbox
) -> None:
    table = make_table(
        sandbox,
        "D DATE, E DATE, N NUMBER",
        *(f"('2024-{1 + n % 3:02}-09', '2023-{1 + n % 12:02}-09', {n})" for n in range(6_000)),
    )
    look = explorer.look(table, NEVER)
    before = explorer.plan(look, request(date_column="D", **NO_KEYS))
    known = explorer.preview(before, NEVER, exact=False)
    plan = explorer.plan(look, request(date_column="E", **NO_KEYS))
    found = regroup(look, plan, (before, known))
    assert found is not None
    assert (found.sampled, found.rows_seen, found.total_rows) == (True, look.rows, 6_000)
    assert (len(found.months), found.expected_rows, found.counted) == (12, 12, False)
    assert sum(row.rows for row in found.months) == look.rows
    assert look.rows > 4_000


def test_another_window_reads_other_rows(orders: tuple[Look, Plan, Months]) -> None:
    look, before, _ = orders
    assert not can_regroup(Explorer.plan(look, request(since="1995-01")), before)


def test_a_year_that_cannot_be_read_here(orders: tuple[Look, Plan, Months]) -> None:
    look, before, _ = orders
    strange = {**look.values, "O_ORDERDATE": ["12024-01-31", *look.values["O_ORDERDATE"][1:]]}
    assert regroup(replace(look, values=strange), before) is None
