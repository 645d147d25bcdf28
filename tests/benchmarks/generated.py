"""Distinct groups from generated batches: the aggregation alone, without a warehouse and a file.

The sandbox cannot produce hundreds of millions of groups; the aggregation has to.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tests.benchmarks.measure import Measured, measure, show

if TYPE_CHECKING:
    import polars as pl

SIZES, QUICK_SIZES = (10, 30, 100, 300), (3, 10)  # million rows, each a group of its own
_BATCH = 250_000
_MONTHS = 48
_MEGABYTES = 600  # the memory limit of a run


def distinct_groups(setup: dict[str, Any], *, quick: bool) -> None:
    """Measure each size once; print the seconds per million groups, and the memory."""
    lines: list[Measured] = []
    for millions in QUICK_SIZES if quick else SIZES:
        name = f"{millions} million generated groups"
        lines.append(measure(name, "generated", {**setup, "millions": millions}, 1))
    show("Distinct groups, aggregated and in order, without a warehouse", lines, None)
    each = [line.seconds / (line.rows or 1) * 1e6 for line in lines]
    print(f"seconds per million: {', '.join(f'{one:.2f}' for one in each)}", flush=True)


def run_generated(setup: dict[str, Any]) -> int:
    """Aggregate generated batches with the budget of a run; return the number of groups."""
    from core import query
    from core.aggregation.aggregate import aggregate
    from core.aggregation.partial_sums import ROWS, PartialSums
    from core.aggregation.reducer import Reducer
    from core.runtime.memory_budget import Budget
    from tests.support.sources import plan

    columns = {"D": "DATE", "K": "VARCHAR(30)", "N": "NUMBER(9,0)"}
    sums = PartialSums(query.select_rows(plan(columns)).fields)
    parts = map(Reducer(sums).reduce, _make_batches(setup["millions"] * 1_000_000))
    budget = Budget.of(_MEGABYTES * 2**20).aggregation
    groups = rows = 0
    with TemporaryDirectory(dir=setup["scratch"]) as directory:
        for piece in aggregate(sums, parts, budget, Path(directory, "spilled"), lambda: None):
            groups += piece.height
            rows += int(piece[ROWS].sum())
    assert groups == rows == setup["millions"] * 1_000_000
    return groups


def _make_batches(rows: int) -> Iterator[pl.DataFrame]:
    """Yield rows whose keys all differ; each batch has rows of every month."""
    import polars as pl

    number = pl.col("sum_1")
    for first in range(0, rows, _BATCH):
        numbers = pl.DataFrame({"sum_1": pl.int_range(first, first + _BATCH, eager=True)})
        place = number % _MONTHS
        yield numbers.select(
            pl.date(2020 + place // 12, place % 12 + 1, 1).alias("month"),
            pl.format("customer {}", (number * 7919) % 1_000_000_007).alias("key_1"),
            "sum_1",
        )
