"""Sums of floats that are exact until the end, and are rounded once.

A sum of floats depends on the order of its addends, because each addition rounds; that order is the
one in which batches happen to arrive. So floats are summed as integers: exponents are divided into
ranges of 32, and each float is an integer number of the units of its range, of at most 84 bits. The
sums of a range are 128-bit integers, exact for fewer than 2^43 rows, and can be added in any order.
The last step adds the ranges of a group and rounds to the nearest float, ties to even.

This is the method of the "small superaccumulator" of R. M. Neal, "Fast exact summation using small
and large superaccumulators" (2015), with a column for each range that occurs. Prices and the like
need one or two columns: the range 0 reaches from 2^-10 to 2^22.

NaN and the infinities are added as floats in a column of their own, as IEEE 754 adds them, in any
order: their sum replaces the one of the other values. The sum of zeros is 0.0, never -0.0.

The rows of one batch are added more cheaply where they are finite and not too unlike: each float is
divided at the same powers of 2 for all rows, into a few floats of fewer bits, so that sums of
them do not round, and a rest, which is a 64-bit integer of some unit. Only the sums become integers
of 128 bits. This is the pre-rounding of J. Demmel and H. D. Nguyen, "Parallel reproducible
summation" (2015), as S. M. Rump, T. Ogita and S. Oishi prove it in "Accurate floating-point
summation", part I (2008), lemma 3.3.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

_SPAN: Final = 32  # exponents of a range
_FIRST: Final = -10  # the least exponent of range 0
_MANTISSA: Final = 52  # bits after the leading one of a float
_BITS: Final = _MANTISSA + 1
_LEAST_UNIT: Final = -1074  # the exponent of the last bit of the least floats
_GREATEST: Final = 1023  # the greatest exponent of a float
_INTEGER_BITS: Final = 63
_MOST_SLICES: Final = 6  # of a float; with more, batches take much memory
_BASE: Final = 1 << _SPAN
_ROOM: Final = 1 << 90  # times 2^32 such a number still fits into 128 bits, and more
_SPECIAL: Final = "special"
_SLICE: Final = "slice"
_SEPARATOR: Final = "@"


def split(frame: pl.DataFrame, alias: str) -> Iterator[pl.Expr]:
    """Yield the columns whose sums make the exact sum of the float column `alias`.

    Each row has a value in one of them, and NULL in the others; a NULL has NULL in all.

    Args:
        frame: the rows, whose extremes determine the ranges.
        alias: the column.
    """
    column, size = pl.col(alias), pl.col(alias).abs()
    finite = column.is_finite()
    values = frame[alias].drop_nulls()
    known = values.filter(values.is_finite())
    all_finite = len(known) == len(values)
    if not all_finite:
        yield pl.when(~finite).then(column).alias(f"{alias}{_SEPARATOR}{_SPECIAL}")
        if known.is_empty():
            return
    first, last = map(_find_range, _find_extremes(known))
    for number in range(first, last + 1):
        scaled = _scale(column, -_unit(number))
        tests = [] if all_finite else [finite]
        if number > first:
            tests.append(size >= math.ldexp(1.0, _least_exponent(number)))
        if number < last:
            tests.append(size < math.ldexp(1.0, _least_exponent(number + 1)))
        if tests:
            scaled = pl.when(pl.all_horizontal(tests)).then(scaled)
        yield scaled.cast(pl.Int128).alias(f"{alias}{_SEPARATOR}{number}")


class Addends(NamedTuple):
    """The columns that are added within a batch, and what their sums make.

    Attributes:
        columns: the columns to add; a NULL of the float column is NULL in all of them.
        exact: the columns of the exact sum, as those of `split`, made of the sums of `columns`.
        has_gaps: whether `columns` may have NULLs where the float column has none.
    """

    columns: list[pl.Series]
    exact: list[pl.Expr]
    has_gaps: bool


def divide(frame: pl.DataFrame, alias: str) -> Addends:
    """Return what makes the exact sums of the float column `alias` within one batch.

    Args:
        frame: the batch; any group of its rows may be added.
        alias: the column.
    """
    values = frame[alias]
    least, most = _find_extremes(values)
    slices = _slice(values, least, most) if math.isfinite(values.sum()) else None
    if slices is None:
        columns = frame.select(split(frame, alias)).get_columns()
        return Addends(columns, [pl.col(c.name) for c in columns], has_gaps=len(columns) > 1)
    columns = []
    ranges: dict[int, pl.Expr] = {}
    highest = _find_range(most)
    for position, (part, unit) in enumerate(slices):
        name = f"{alias}{_SEPARATOR}{_SLICE}{position}"
        columns.append(part.alias(name))
        number = min((unit - _unit(0)) // _SPAN, highest)
        if part.dtype == pl.Int64:
            count = pl.col(name).cast(pl.Int128) * (1 << unit - _unit(number))
        else:
            count = _scale(pl.col(name), -_unit(number)).cast(pl.Int128)
        ranges[number] = ranges[number] + count if number in ranges else count
    exact = [sum_.alias(f"{alias}{_SEPARATOR}{number}") for number, sum_ in ranges.items()]
    return Addends(columns, exact, has_gaps=False)


def _find_extremes(values: pl.Series) -> tuple[float, float]:
    """Return the least and the greatest size of values that are not 0; 1.0 if there are no such."""
    low, high = _as_float(values.min()), _as_float(values.max())
    if low > 0.0 or high < 0.0:
        return min(abs(low), abs(high)), max(abs(low), abs(high))
    sizes = pl.Series(pc.abs(values.to_arrow()))  # half the time of polars
    least = _as_float(sizes.min()) or _as_float(sizes.filter(sizes > 0.0).min())
    return (least, max(-low, high)) if least else (1.0, 1.0)


def _as_float(value: object) -> float:
    """Return a value of a column of floats; 0.0 for NULL."""
    return value if isinstance(value, float) else 0.0


def _slice(values: pl.Series, least: float, most: float) -> list[tuple[pl.Series, int]] | None:
    """Return columns whose sum is `values`, and whose own sums are exact.

    Adding a power of 2 and taking it away leaves a multiple of the last bit that the power has
    room for. As many such multiples as there are rows have an exact sum if the power is at least
    that number times their greatest. What is left of the values, at most that last bit, is divided
    likewise, until it is few enough bits for sums of 64-bit integers.

    Args:
        values: finite floats.
        least: the least size of a value that is not 0.
        most: the greatest size.

    Returns:
        Each with the exponent of its unit: floats that are multiples of it, and last the integers
        that count it. None if there would be more than `_MOST_SLICES`, or the power is too large
        for a float.
    """
    bits = len(values).bit_length()
    power, step = math.frexp(most)[1] + bits, _BITS - bits
    last_unit = max(math.frexp(least)[1] - _BITS, _LEAST_UNIT)
    count = max(0, -(-(power - _INTEGER_BITS - last_unit) // step))
    if count >= _MOST_SLICES or (count and power > _GREATEST):
        return None
    slices: list[tuple[pl.Series, int]] = []
    left = values.to_arrow()  # half the time of polars, by its cast
    for exponent in range(power, power - count * step, -step):
        large = math.ldexp(1.0, exponent)
        rounded = pc.subtract(pc.add(left, large), large)
        slices.append((pl.Series(rounded), exponent - _BITS))
        left = pc.subtract(left, rounded)
    for factor in _factors(-last_unit):
        left = pc.multiply(left, factor)
    return [*slices, (pl.Series(left.cast(pa.int64(), safe=False)), last_unit)]


def join(frame: pl.DataFrame, alias: str) -> pl.DataFrame:
    """Return `frame` with the column `alias`: the rounded sums of the columns that `split` made.

    Those columns are removed; without any, all sums are NULL.
    """
    prefix = f"{alias}{_SEPARATOR}"
    parts = [name for name in frame.columns if name.startswith(prefix)]
    numbers = sorted(int(n) for name in parts if (n := name.removeprefix(prefix)) != _SPECIAL)
    special = f"{prefix}{_SPECIAL}"
    if not numbers:
        total = pl.lit(None, pl.Float64)
    elif len(numbers) == 1:
        total = _scale(pl.col(f"{prefix}{numbers[0]}").cast(pl.Float64), _unit(numbers[0]))
    else:
        total = _add_ranges(frame, prefix, numbers)
    if special in parts:
        total = pl.coalesce(pl.col(special), total)
    return frame.with_columns(total.alias(alias)).drop(parts)


def _add_ranges(frame: pl.DataFrame, prefix: str, numbers: list[int]) -> pl.Expr:
    """Return the rounded sums of several ranges, a column of `frame`'s height.

    First each range passes what exceeds 32 bits on to the next, as in addition by hand. Then the
    digits are joined from the highest on, as long as the number fits into 128 bits. Of the digits
    below, it only matters whether any is not zero: that becomes a last bit, below the point at
    which floats are rounded.
    """
    first, last = numbers[0], numbers[-1]
    work = frame.select(pl.col(f"{prefix}{n}") for n in numbers)
    work = work.with_columns(carry=pl.lit(0, pl.Int128))
    for number in range(first, last + 1):
        name = f"{prefix}{number}"
        value = pl.col("carry") + (pl.col(name).fill_null(0) if number in numbers else 0)
        work = work.with_columns(value=value).with_columns(carry=pl.col("value") // _BASE)
        work = work.with_columns(
            (pl.col("value") - pl.col("carry") * _BASE).alias(f"digit{number}")
        )
    work = work.with_columns(
        sum=pl.col("carry"), rest=pl.lit(False), unit=pl.lit(last + 1, pl.Int32)
    )
    for number in range(last, first - 1, -1):
        digit, total, unit = pl.col(f"digit{number}"), pl.col("sum"), pl.col("unit")
        room = (unit == number + 1) & (total.abs() < _ROOM)
        work = work.with_columns(
            sum=pl.when(room).then(total * _BASE + digit).otherwise(total),
            rest=pl.col("rest") | (~room & (digit != 0)),
            unit=pl.when(room).then(number).otherwise(unit).cast(pl.Int32),
        )
    odd = (2 * pl.col("sum") + pl.col("rest").cast(pl.Int128)).cast(pl.Float64)
    by_unit = pl.lit(None, pl.Float64)
    for number in range(first, last + 2):
        scaled = _scale(odd, _unit(number) - 1)
        by_unit = pl.when(pl.col("unit") == number).then(scaled).otherwise(by_unit)
    missing = pl.all_horizontal(pl.col(f"{prefix}{n}").is_null() for n in numbers)
    return pl.lit(work.select(pl.when(~missing).then(by_unit).alias("sum")).to_series())


def _find_range(size: float) -> int:
    """Return the number of the range of a positive float."""
    return (math.frexp(size)[1] - 1 - _FIRST) // _SPAN


def _least_exponent(number: int) -> int:
    return number * _SPAN + _FIRST


def _unit(number: int) -> int:
    """Return the exponent of the unit of a range: the last bit of its least float."""
    return _least_exponent(number) - _MANTISSA


def _scale(values: pl.Expr, exponent: int) -> pl.Expr:
    """Return floats times 2^exponent.

    No step rounds: what is scaled up has its last bit in the result, and a result that is too small
    to have 53 bits is a sum that has no more bits than it has room for.
    """
    for factor in _factors(exponent):
        values = values * factor
    return values


def _factors(exponent: int) -> list[float]:
    """Return floats whose product is 2^exponent: two where that is no float."""
    if abs(exponent) < _GREATEST:
        return [math.ldexp(1.0, exponent)]
    half = exponent // 2
    return [math.ldexp(1.0, half), math.ldexp(1.0, exponent - half)]
