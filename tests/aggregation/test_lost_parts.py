"""What engine `stream` loses or counts twice on its way is noticed, and nothing is delivered.

The totals of the rows are taken from the batches, before anything is grouped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from core.aggregation import aggregator
from core.aggregation.aggregator import Aggregator
from core.aggregation.spill import Slice, Spill
from core.errors import IntegrityError
from tests.support.deliveries import make_table, objects, transfer

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

Plant = Callable[[pytest.MonkeyPatch, int], None]
COLUMNS = "D DATE, K VARCHAR, N NUMBER(9,0), F FLOAT"


@pytest.fixture(scope="module")
def table(sandbox: Sandbox) -> str:
    """Two months of two keys; no row adds zero to a sum."""
    return make_table(
        sandbox,
        COLUMNS,
        *(f"('2024-0{month}-1{n}', 'k{n % 2}', {n}, 0.{n})" for month in (1, 2) for n in (1, 2, 3)),
    )


def change_batches(patch: pytest.MonkeyPatch, copies: int) -> None:
    real = Aggregator.add

    def add(self: Aggregator, part: pl.DataFrame) -> None:
        for _ in range(copies):
            real(self, part)

    patch.setattr(Aggregator, "add", add)


def change_slices(patch: pytest.MonkeyPatch, copies: int) -> None:
    """Write every row to disk by itself, and read the last of each month so many times."""
    patch.setattr(aggregator, "_SHARES", 1 << 60)
    real = Spill.take

    def take(self: Spill[Any], key: Any) -> list[Slice]:
        found = real(self, key)
        return [*found[:-1], *found[-1:] * copies] if isinstance(key, date) else found

    patch.setattr(Spill, "take", take)


def change_months(patch: pytest.MonkeyPatch, copies: int) -> None:
    real = Aggregator.results

    def results(self: Aggregator) -> Iterator[pl.DataFrame]:
        (groups,) = real(self)
        first = pl.col("month") == date(2024, 1, 1)
        yield from [groups.filter(first)] * copies
        yield groups.filter(~first)

    patch.setattr(Aggregator, "results", results)


@pytest.mark.parametrize("copies", [0, 2], ids=["lost", "twice"])
@pytest.mark.parametrize("plant", [change_batches, change_slices, change_months])
def test_a_part_that_is_lost_or_counted_twice(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, table: str, plant: Plant, copies: int
) -> None:
    plant(monkeypatch, copies)
    with pytest.raises(IntegrityError):
        transfer(sandbox, table, engine="stream", file_name=f"{table}/{{run_id}}.parquet")
    assert objects(sandbox, f"{table}/") == []


@pytest.mark.parametrize("plant", [change_batches, change_slices, change_months])
def test_parts_that_are_counted_once(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, table: str, plant: Plant
) -> None:
    """The same ways deliver, if nothing is lost."""
    plant(monkeypatch, 1)
    assert transfer(sandbox, table, engine="stream")["row_count"] == 4
