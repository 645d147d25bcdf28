"""Reducing batches to their groups, in the download threads, as long as that pays.

Where nearly every row is a group of its own, grouping a batch costs time and saves nothing; the
rows are then grouped at the end, when those of a month are together.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from typing import Final

import polars as pl

from core.aggregation.partial_sums import PartialSums

# Measured with 27.75M rows that are as many groups: grouping every batch takes 35.4 s, no batch
# 31.4, and batches only until one has more groups than half its rows 32.7.
_PAYS_BELOW: Final = 0.5  # groups per row
_PAUSE: Final = 8  # attempts that are left out before the next one; doubled each time
_LONGEST_PAUSE: Final = 128
_FEW_ROWS: Final = 4096  # fewer rows say nothing of others


class Payoff:
    """Decides whether to group, by what it brought before; for several threads at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pause = _PAUSE
        self._left = 0

    def expects(self) -> bool:
        """Whether to group the next rows."""
        with self._lock:
            if not self._left:
                return True
            self._left -= 1
            return False

    def learn(self, rows: int, groups: int) -> bool:
        """Note that `rows` have become `groups`; return whether that was worth the work."""
        paid = groups <= _PAYS_BELOW * rows
        if rows >= _FEW_ROWS:
            with self._lock:
                self._left = 0 if paid else self._pause
                self._pause = _PAUSE if paid else min(2 * self._pause, _LONGEST_PAUSE)
        return paid


class Reducer:
    """Turns the rows of batches into partial results; for several threads at once.

    Args:
        sums: makes the partial results.
    """

    def __init__(self, sums: PartialSums) -> None:
        self._sums = sums
        self._payoff = Payoff()

    def reduce(self, rows: pl.DataFrame, narrow: Collection[str] = ()) -> pl.DataFrame:
        """Return the partial result of a batch, grouped or not.

        Args:
            rows: `month`, `key_1`..., `sum_1`...
            narrow: the sum columns whose values are integers of at most 32 bits.
        """
        if not self._payoff.expects():
            return self._sums.of(rows)
        reduced = self._sums.group(rows, narrow)
        self._payoff.learn(rows.height, reduced.height)
        return reduced
