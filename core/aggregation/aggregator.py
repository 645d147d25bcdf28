"""Adding the partial results of batches, in bounded memory, to the groups of a delivery in order.

Partial results are collected and added in memory. When those that are collected exceed their share
of the memory, and adding them does not halve them, they are written to disk by month: rows of
different months are never added. At the end the months are read and sorted, as many at a time as
fit. A month that does not fit is divided by ranges of its groups first, and each range is read and
sorted alone.

So few groups are never written to disk, many are written and read once, and the order of the
delivery comes from the order of the months, and of the ranges within one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from core.aggregation.partial_sums import PartialSums, concat
from core.aggregation.reducer import Payoff
from core.aggregation.spill import Slice, Spill

# The budget holds so many times what is collected, or sorted at a time: sorting takes the rows,
# their keys as bytes, positions, and the sorted copy.
_SHARES: Final = 8
_PIECES: Final = 4  # of a share, in which rows are written, so that few are read at a time
_MOST_PARTS: Final = 256  # that are collected before they are added, as each has a fixed size too
_OUTPUT_ROWS: Final = 64 * 1024
_MOST_RANGES: Final = 256
_SAMPLED_SLICES, _SAMPLED_ROWS = 64, 128  # at most; rows of each
_DEEPEST: Final = 4  # divisions of a range into smaller ones, of which one is nearly always enough


class Aggregator:
    """Adds partial results; for one thread.

    Args:
        sums: adds and finishes them.
        budget: bytes of memory for all.
        path: the file to write to when they do not fit; its directory exists.
        check: called between steps that take long; an exception that it raises ends the work.
    """

    def __init__(
        self, sums: PartialSums, budget: int, path: Path, check: Callable[[], None]
    ) -> None:
        self._sums = sums
        self._share = max(1, budget // _SHARES)
        self._path = path
        self._check = check
        self._payoff = Payoff()
        self._parts: list[pl.DataFrame] = []
        self._size = 0
        self._months: Spill[date | None] = Spill(path)

    def add(self, part: pl.DataFrame) -> None:
        """Add the partial result of a batch.

        Raises:
            Exception: an error of polars, or of the disk.
        """
        self._parts.append(part)
        self._size += _measure(part)
        if self._size > self._share or len(self._parts) > _MOST_PARTS:
            self._shrink()

    def results(self) -> Iterator[pl.DataFrame]:
        """Yield the groups of all batches, in order, as `PartialSums.finish` returns them.

        Raises:
            Exception: an error of polars, or of the disk.
        """
        with closing(self._months):
            for part in self._sorted_parts():
                yield from self._sums.finish(part).iter_slices(_OUTPUT_ROWS)

    def _shrink(self) -> None:
        """Add the collected parts; write them to disk where that does not make them smaller."""
        is_large, most = self._size > self._share, 0
        if not is_large or self._payoff.expects():
            rows = sum(part.height for part in self._parts)
            added = self._sums.add(self._parts)
            paid = self._payoff.learn(rows, added.height)
            most = self._share // 2 if paid else 0
            self._parts, self._size = [added], _measure(added)
        if is_large and self._size > most:
            self._write()

    def _write(self) -> None:
        for part in _divide_by_month(self._take()):
            pieces = -(-_measure(part) * _PIECES // self._share)
            for piece in part.iter_slices(-(-part.height // pieces)):
                self._check()
                self._months.append(piece["month"][0], piece)

    def _take(self) -> pl.DataFrame:
        """Return all collected rows, and forget them: they take much memory."""
        parts, self._parts, self._size = self._parts, [], 0
        return concat(parts)

    def _sorted_parts(self) -> Iterator[pl.DataFrame]:
        """Yield the added parts: whole months, or ranges of one."""
        if not self._months.keys():
            if self._parts:
                yield self._sums.add_in_order(self._parts)
            return
        if self._parts:
            self._write()
        waiting: list[Slice] = []
        for month in sorted(self._months.keys(), key=lambda key: (key is None, key)):
            slices = self._months.take(month)
            if waiting and _sum_sizes(waiting) + _sum_sizes(slices) > self._share:
                yield from self._sorted_ranges(self._months, waiting)
                waiting = []
            waiting += slices
        yield from self._sorted_ranges(self._months, waiting)

    def _sorted_ranges(
        self, spill: Spill[date | None] | Spill[int], slices: list[Slice], depth: int = 0
    ) -> Iterator[pl.DataFrame]:
        """Yield the added parts of slices, divided into ranges where they exceed the share."""
        size = _sum_sizes(slices)
        self._check()
        if size <= self._share or depth == _DEEPEST:
            yield self._sums.add_in_order(map(spill.read, slices))
            return
        bounds = self._choose_bounds(spill, slices, -(-2 * size // self._share))
        with closing(Spill[int](self._path.with_name(f"{self._path.name}-{depth}"))) as ranges:
            for part in self._read(spill, slices):
                for number, piece in enumerate(self._sums.divide(part, bounds)):
                    self._check()
                    if piece.height:
                        ranges.append(number, piece)
            for number in sorted(ranges.keys()):
                yield from self._sorted_ranges(ranges, ranges.take(number), depth + 1)

    def _read(
        self, spill: Spill[date | None] | Spill[int], slices: Iterable[Slice]
    ) -> Iterator[pl.DataFrame]:
        """Yield the rows of slices, as many at a time as make half a share."""
        frames: list[pl.DataFrame] = []
        size = 0
        for each in slices:
            frames.append(spill.read(each))
            size += each.length
            if size > self._share // 2:
                yield concat(frames)
                frames, size = [], 0
        if frames:
            yield concat(frames)

    def _choose_bounds(
        self, spill: Spill[date | None] | Spill[int], slices: list[Slice], ranges: int
    ) -> pl.DataFrame:
        """Return the least groups of all ranges but the first, estimated from some slices."""
        step = -(-len(slices) // _SAMPLED_SLICES)
        sampled = [
            _copy(frame.select(self._sums.by).gather_every(-(-frame.height // _SAMPLED_ROWS)))
            for frame in map(spill.read, slices[::step])
        ]
        keys = self._sums.sort(pl.concat(sampled))
        apart = -(-keys.height // min(ranges, _MOST_RANGES))
        return keys.gather_every(apart, offset=apart).unique(maintain_order=True)


def _divide_by_month(part: pl.DataFrame) -> list[pl.DataFrame]:
    """Return the rows of each month, without a copy if there is one month."""
    if part["month"].n_unique() == 1:
        return [part]
    return part.partition_by("month", maintain_order=False)


def _copy(rows: pl.DataFrame) -> pl.DataFrame:
    """Copy a few rows of a frame, which otherwise keep the texts of all its rows in memory."""
    copy = pl.from_arrow(rows.to_arrow(compat_level=pl.CompatLevel.oldest()))
    assert isinstance(copy, pl.DataFrame)  # noqa: S101 - for the type checker
    return copy


def _measure(part: pl.DataFrame) -> int:
    """Return about the bytes of a frame in memory: its values, and 16 for each text."""
    views = sum(dtype in (pl.String, pl.Binary) for dtype in part.dtypes)
    return round(part.estimated_size()) + 16 * views * part.height


def _sum_sizes(slices: Iterable[Slice]) -> int:
    return sum(each.length for each in slices)
