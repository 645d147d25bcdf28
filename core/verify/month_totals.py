"""The figures that are compared: per month, the number of groups and the total of each column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from core.aggregation.reconciliation import Total, add

# The first day of a month, such as `2024-03-01`; None for the rows without a date.
Month = str | None
MONTH = "month"
_WIDE = 76  # digits of Arrow's widest decimals: no sum of 38-digit numbers overflows them


@dataclass(frozen=True)
class MonthFigures:
    """The figures of one month.

    Attributes:
        groups: the number of the delivery's rows for it.
        sums: a total for each summed column, in the plan's order; None where all values are NULL.
    """

    groups: int
    sums: tuple[Total | None, ...]

    def __add__(self, other: MonthFigures) -> MonthFigures:
        sums = tuple(add(a, b) for a, b in zip(self.sums, other.sums, strict=True))
        return MonthFigures(self.groups + other.groups, sums)


Figures = Mapping[Month, MonthFigures]


def add_up(figures: Figures, sums: int) -> MonthFigures:
    """Return the figures over all months.

    Args:
        figures: the figures of each month.
        sums: the number of summed columns.
    """
    return sum(figures.values(), MonthFigures(0, (None,) * sums))


def sum_by_month(tables: Iterable[pa.Table]) -> dict[Month, MonthFigures]:
    """Return the figures of each month of the rows of `tables`; exact for decimals.

    Args:
        tables: the rows in pieces; the first column is `month`, as text; the others are summed.
    """
    figures: dict[Month, MonthFigures] = {}
    for table in tables:
        merge(figures, _sum_table(table))
    return figures


def merge(figures: dict[Month, MonthFigures], more: Iterable[tuple[Month, MonthFigures]]) -> None:
    """Add to `figures` the figures of more rows."""
    for month, found in more:
        figures[month] = figures[month] + found if month in figures else found


def _sum_table(table: pa.Table) -> Iterable[tuple[Month, MonthFigures]]:
    names = table.column_names[1:]
    grouped = table.group_by(MONTH).aggregate(
        [([], "count_all"), *((name, "sum") for name in names)]  # the sum of NULLs alone is NULL
    )
    sums = [[_total(value) for value in grouped[f"{n}_sum"].to_pylist()] for n in names]
    months, counts = grouped[MONTH].to_pylist(), grouped["count_all"].to_pylist()
    for row, (month, count) in enumerate(zip(months, counts, strict=True)):
        yield month, MonthFigures(count, tuple(column[row] for column in sums))


def _total(value: Decimal | float | None) -> Total | None:
    return None if value is None else Total(value)


def widen(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Cast numbers to decimals wide enough that no sum overflows; floats to 64 bits.

    Raises:
        pa.ArrowInvalid: the values are not numbers.
    """
    if pa.types.is_floating(values.type):
        return pc.cast(values, pa.float64())
    scale = values.type.scale if pa.types.is_decimal(values.type) else 0
    if not pa.types.is_decimal(values.type):
        values = pc.cast(values, pa.decimal128(38, 0))
    return pc.cast(values, pa.decimal256(_WIDE, scale))
