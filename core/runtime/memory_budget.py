"""One memory limit, and what follows from it for each stop of a run."""

from __future__ import annotations

import os
from dataclasses import dataclass

from core.errors import LocalResourceError
from core.remedy import Advice, Remedy

_MEBIBYTE = 1024 * 1024
# At the peak of a run with millions of groups the process holds 305 MB, whatever the budgets, and
# two thirds of what they allow (measured: 396 MB with budgets of 140 MB, 592 MB with 440 MB).
_FIXED = 305 * _MEBIBYTE
_LEAST = 368 * _MEBIBYTE  # of what a limit leaves beside a list of batches


@dataclass(frozen=True)
class Budget:
    """Bytes for each stop; the upload reads its parts from disk and needs none.

    Attributes:
        batches: downloaded result batches in flight.
        aggregation: what polars may hold before it spills.
        workers: threads that download.
        limit: what they are shares of.
    """

    batches: int
    aggregation: int
    workers: int
    limit: int

    @classmethod
    def of(cls, memory_limit: int) -> Budget:
        """Split `memory_limit` bytes: what may be budgeted goes 1:3."""
        share = (memory_limit - _FIXED) * 3 // 2 // 4
        return cls(share, 3 * share, max(2, min(4, os.cpu_count() or 2)), memory_limit)

    def beside_list(self, batches: int, size: int) -> Budget:
        """What is left beside a list of so many batches, which takes `size` bytes.

        Raises:
            LocalResourceError: too little.
        """
        if self.limit - size >= _LEAST:
            return Budget.of(self.limit - size)
        enough = -(-(size + _LEAST) // _MEBIBYTE)
        raise LocalResourceError(
            f"The list of the result's {batches:,} batches alone takes {size // _MEBIBYTE:,} MB "
            "of memory, more than the memory limit leaves for it.",
            Advice(
                "Leave the rows at Snowflake: ",
                Remedy("engine", "unload"),
                "; or raise the limit: ",
                Remedy("memory_limit", f"{enough}MB"),
                ".",
            ),
        )
