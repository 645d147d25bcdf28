"""The memory limit of a run and its division among the stages."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from core.errors import LocalResourceError
from core.remedy import Advice, Remedy

_MEBIBYTE = 1024 * 1024
# At the peak of a run with millions of groups a process takes at most 345 MB, whatever the budgets,
# and two thirds of the budgets (measured over 3 million groups: 375 to 407 MB beside 90 MB of them,
# 500 to 528 MB with 315 MB). The last third of the budgets is a reserve, since that varies by run.
_FIXED = 344 * _MEBIBYTE
_LEAST = 392 * _MEBIBYTE  # bytes that must remain beside a list of batches
# While batches are read, a process takes less: 170 MB before the first one, and the pieces of a
# batch that are converted at a time. A batch takes its own size and that of its compressed body, or
# of what is decoded: at most twice its size (measured with batches of 160 MB).
_READING = 200 * _MEBIBYTE
_PER_BATCH_BYTE = 2
_LEAST_AGGREGATION = 42 * _MEBIBYTE  # that of the smallest memory limit


@dataclass(frozen=True)
class Budget:
    """The bytes of each stage; the upload reads its parts from disk and needs none.

    Attributes:
        batches: downloaded result batches in flight.
        aggregation: rows and groups that are held before they are written to disk.
        workers: number of download threads.
        limit: the whole limit.
    """

    batches: int
    aggregation: int
    workers: int
    limit: int

    @classmethod
    def of(cls, memory_limit: int) -> Budget:
        """Divide `memory_limit` bytes.

        Twice as many are for the aggregation as for the batches. With three times as many, a run
        with 27 million groups peaked at 634 of 600 MB.
        """
        share = (memory_limit - _FIXED) * 3 // 2 // 4
        return cls(share, 2 * share, max(2, min(4, os.cpu_count() or 2)), memory_limit)

    def beside_list(self, batches: int, size: int, largest: int) -> Budget:
        """Return the budget that is left beside a list of batches, and the largest one of them.

        Args:
            batches: how many are listed.
            size: the bytes of the list.
            largest: the bytes of the largest batch before compression; 0 if unknown.

        Raises:
            LocalResourceError: too little memory is left.
        """
        left = self.limit - size
        if left < _LEAST:
            raise _too_little(
                f"The list of the result's {batches:,} batches alone takes {size // _MEBIBYTE:,} "
                "MB of memory, more than the memory limit leaves for it.",
                size + _LEAST,
            )
        reading = _READING + _PER_BATCH_BYTE * largest
        if left - reading < _LEAST_AGGREGATION:
            raise _too_little(
                f"Snowflake sends the result in batches of up to {largest // _MEBIBYTE:,} MB, more "
                "than the memory limit has room for.",
                size + reading + _LEAST_AGGREGATION,
            )
        budget = Budget.of(left)
        return replace(budget, aggregation=min(budget.aggregation, left - reading))


def _too_little(message: str, needed: int) -> LocalResourceError:
    """Return the error for a result that needs a limit of `needed` bytes."""
    return LocalResourceError(
        message,
        Advice(
            "Have Snowflake write the file: ",
            Remedy("engine", "unload"),
            "; or raise the limit: ",
            Remedy("memory_limit", f"{-(-needed // _MEBIBYTE)}MB"),
            ".",
        ),
    )
