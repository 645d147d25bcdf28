"""What a look and a preview read of a large table, as the warehouse counts it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from core.preview.browser import Explorer
from core.preview.sample import take_sample
from core.warehouse import catalog
from tests.support.deliveries import execute
from tests.support.sources import request

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

NEVER = threading.Event()
ROWS = 250_000
WIDE = ", ".join(f"NULL::VARIANT AS V{n}" for n in range(40))  # so that it has 400 MB


@pytest.fixture(scope="module")
def explorer(sandbox: Sandbox) -> Iterator[Explorer]:
    with Explorer.open(sandbox.snowflake) as opened:
        yield opened


@pytest.fixture(scope="module")
def vast(sandbox: Sandbox) -> str:
    """A table of a hundred months, stored in their order."""
    execute(
        sandbox,
        "CREATE OR REPLACE TABLE VAST AS SELECT"
        f" DATEADD('MONTH', FLOOR(SEQ4() / 2500), '2010-01-15'::DATE) AS D, SEQ4() AS N, {WIDE}"
        f" FROM TABLE(GENERATOR(ROWCOUNT => {ROWS}))",
    )
    return "VAST"


def partitions_read(explorer: Explorer) -> tuple[int, int]:
    """The micro-partitions that the last statement has read, and those of its tables."""
    cursor = explorer._connection.cursor()
    (last,) = cursor.execute("SELECT LAST_QUERY_ID()").fetchall()[0]
    statistics = cursor.execute(
        "SELECT OPERATOR_STATISTICS FROM"
        f" TABLE(GET_QUERY_OPERATOR_STATS('{last}')) WHERE OPERATOR_TYPE = 'TableScan'"
    ).fetchall()
    pruning = [json.loads(each[0])["pruning"] for each in statistics]
    names = ("partitions_scanned", "partitions_total")
    scanned, total = (sum(each[name] for each in pruning) for name in names)
    return scanned, total


def test_a_look_reads_four_partitions(explorer: Explorer, vast: str) -> None:
    look = explorer.look(vast, NEVER)
    scanned, total = partitions_read(explorer)
    assert 2 <= scanned <= 4
    assert total >= 4 * 38
    assert look.rows == 5_000
    assert len({str(day) for day in look.sample["D"]}) >= 2, "of several loads"


def test_a_preview_reads_eight_partitions(explorer: Explorer, vast: str) -> None:
    look = explorer.look(vast, NEVER)
    plan = explorer.plan(look, request())
    months = explorer.preview(plan, NEVER, exact=False)
    scanned, total = partitions_read(explorer)
    assert 4 <= scanned <= 8
    assert total >= 8 * 38
    assert months.sampled
    assert 20_000 <= months.rows_seen <= 50_000
    assert len(months.months) >= 8
    explorer.preview(plan, NEVER, exact=True)
    assert partitions_read(explorer)[0] >= 38


def test_a_sample_without_a_block(explorer: Explorer, vast: str) -> None:
    """The source is thought to be so large that no block of this table is found."""
    source = catalog.find(explorer._connection, vast, NEVER)
    huge = replace(source, bytes=10**15, rows=10**12)
    sample = take_sample(explorer._connection, huge, NEVER)
    assert len(sample["N"]) == 5_000
    assert partitions_read(explorer)[0] == 1
    plan = explorer.plan(replace(explorer.look(vast, NEVER), source=huge), request())
    assert explorer.preview(plan, NEVER, exact=False).rows_seen == 100_000


def test_a_table_that_cannot_be_sampled(explorer: Explorer) -> None:
    """A view stands for it, which the warehouse refuses to sample."""
    source = catalog.find(explorer._connection, "ORDERS_1998", NEVER)
    assert source.is_view
    table = replace(source, is_view=False, bytes=10**9, rows=10**6)
    assert len(take_sample(explorer._connection, table, NEVER)["O_ORDERKEY"]) == 5_000
