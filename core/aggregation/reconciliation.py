"""Comparing the row counts and totals of what was read with those of what is written.

The totals are computed from the downloaded batches and from the groups written to the file, by code
that is independent of the aggregation in between.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Context, Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from core.errors import IntegrityError, SourceDataError
from core.remedy import Advice, Remedy

# Precise enough that no sum of 38-digit numbers is rounded.
_EXACT = Context(prec=200)
# The tolerance for sums of floats, relative to the sum of their absolute values.
_FLOAT_TOLERANCE = 1e-9
MOST_DIGITS = 38
BAD_EXAMPLES = 5


@dataclass(frozen=True)
class Total:
    """The sum of a column; that of NULLs alone is None instead.

    Attributes:
        value: the sum; exact (Decimal) for NUMBER columns.
        magnitude: the sum of the absolute values of a float column, to which the tolerance for
            rounding is relative.
    """

    value: Decimal | float
    magnitude: float = 0.0

    def __add__(self, other: Total) -> Total:
        if isinstance(self.value, Decimal) and isinstance(other.value, Decimal):
            return Total(_EXACT.add(self.value, other.value))
        return Total(float(self.value) + float(other.value), self.magnitude + other.magnitude)

    def agrees(self, written: Total) -> bool:
        """Whether `written` is the same total, apart from the rounding of floats."""
        if isinstance(self.value, Decimal):
            return self.value == written.value
        if not math.isfinite(self.value):
            return str(self.value) == str(written.value)
        return abs(self.value - float(written.value)) <= _FLOAT_TOLERANCE * self.magnitude


def add(one: Total | None, other: Total | None) -> Total | None:
    """Return the sum of two totals as in SQL's SUM, which ignores NULLs."""
    if one is None or other is None:
        return one if other is None else other
    return one + other


def too_many_digits() -> SourceDataError:
    """Return the error for a sum that no DECIMAL can hold."""
    return SourceDataError(
        "A sum has more than 38 digits.",
        Advice("Leave the column out: ", Remedy("drop_columns"), "; or sum a larger unit."),
    )


def total(values: pa.ChunkedArray | pa.Array, digits: int = MOST_DIGITS) -> Total | None:
    """Return the total of a numeric column, exact for integers and decimals.

    As in SQL's SUM, NULLs are ignored, and NULLs alone have no total.

    Args:
        values: integers, decimals or floats.
        digits: the most digits that a decimal value can have. If it is low enough that the sum
            cannot wrap, the sum is faster.
    """
    if values.null_count == len(values):
        return None
    if pa.types.is_floating(values.type):
        return Total(_sum(values), _sum(pc.abs(values)))
    if pa.types.is_int64(values.type):
        # The 64-bit sums of the 32-bit halves cannot wrap with fewer than 2^32 rows.
        high, low = pc.shift_right(values, 32), pc.bit_wise_and(values, 0xFFFFFFFF)
        return Total(Decimal(_sum(high) * 2**32 + _sum(low)))
    if pa.types.is_decimal(values.type) and _may_wrap(values, digits):
        values = values.cast(pa.decimal256(70, values.type.scale))
    return Total(Decimal(_sum(values)))


def _sum(values: pa.ChunkedArray | pa.Array) -> Any:
    return pc.sum(values).as_py()


def _may_wrap(values: pa.ChunkedArray | pa.Array, digits: int) -> bool:
    """Whether the sum can have more than 38 digits; a 128-bit sum then wraps silently."""
    if digits + len(str(len(values))) <= MOST_DIGITS:
        return False
    extremes = pc.min_max(values).as_py()
    largest = max(abs(extremes["min"]), abs(extremes["max"]))
    scaled = _EXACT.scaleb(_EXACT.multiply(largest, len(values)), values.type.scale)
    return bool(scaled >= 10**MOST_DIGITS)


@dataclass(frozen=True)
class Tally:
    """The counts and totals of one batch of rows, or of one batch of groups.

    Attributes are as in `RunTotals`; `rows` counts rows or groups.
    """

    rows: int
    blank: int = 0
    null_dates: int = 0
    bad_dates: int = 0
    bad_examples: tuple[str, ...] = ()
    totals: dict[str, Total | None] = field(default_factory=dict)


@dataclass
class RunTotals:
    """The totals of one run: what was read, and what was written.

    Attributes:
        rows_declared: the number of rows that Snowflake declares for the result.
        rows_read: the number of rows downloaded.
        blank_rows: of these, the completely blank rows, which are removed.
        null_dates: of the others, the rows in the NULL month, including those of invalid dates.
        bad_dates: the rows whose date cannot be parsed.
        bad_examples: up to five such values.
        groups: the number of rows written.
        large_numbers: the columns of JSON with numbers that a 64-bit float cannot hold, and that
            are not written as text; engine `unload` does not look for them.
        months: the months of the rows written, if only some months are read; engine `unload`
            leaves it empty.
        read: the total of each summed column over the rows read; None where all values are NULL.
        written: the same over the rows written.
    """

    rows_declared: int = 0
    rows_read: int = 0
    blank_rows: int = 0
    null_dates: int = 0
    bad_dates: int = 0
    bad_examples: tuple[str, ...] = ()
    groups: int = 0
    months: set[date | None] = field(default_factory=set)
    large_numbers: tuple[str, ...] = ()
    read: dict[str, Total | None] = field(default_factory=dict)
    written: dict[str, Total | None] = field(default_factory=dict)

    def add_read(self, tally: Tally) -> None:
        """Add a batch of the rows read."""
        self.rows_read += tally.rows
        self.blank_rows += tally.blank
        self.null_dates += tally.null_dates
        self.bad_dates += tally.bad_dates
        self.bad_examples = (*self.bad_examples, *tally.bad_examples)[:BAD_EXAMPLES]
        _add(self.read, tally.totals)

    def add_written(self, tally: Tally) -> None:
        """Add a batch of the groups written."""
        self.groups += tally.rows
        _add(self.written, tally.totals)

    def check_groups(self, rows: int) -> None:
        """Compare the number of rows in all groups with the number of rows read.

        Args:
            rows: the number of rows in all groups.

        Raises:
            IntegrityError: they differ.
        """
        expected = self.rows_read - self.blank_rows
        if rows != expected:
            raise IntegrityError(
                f"{rows} rows are in the groups instead of {expected}.",
                "Run again; if it stays, please report it.",
            )

    def check(self, names: Iterable[tuple[str, str]]) -> None:
        """Compare the totals of what was read with those of what is written.

        Args:
            names: pairs of a key of `read` and `written` and its column name, for each sum column.

        Raises:
            IntegrityError: a count or a total differs; the message gives both values.
        """
        if self.rows_read != self.rows_declared:
            raise IntegrityError(
                f"{self.rows_read} rows arrived where the warehouse declares {self.rows_declared}.",
                "Run again.",
            )
        for alias, name in names:
            read, written = self.read.get(alias), self.written.get(alias)
            agree = read.agrees(written) if read and written else read is written
            if not agree:
                raise IntegrityError(
                    f"The sums of {name} do not agree: {_write(read)} over the rows read, "
                    f"{_write(written)} over the rows written.",
                    "Run again; if it stays, please report it.",
                )


def _add(totals: dict[str, Total | None], more: dict[str, Total | None]) -> None:
    for name, amount in more.items():
        totals[name] = add(totals.get(name), amount)


def _write(total: Total | None) -> str:
    return str(total.value) if total else "NULL"
