"""The memory limit of a run and its division among the stages."""

from __future__ import annotations

import os
from dataclasses import dataclass

from core.errors import LocalResourceError
from core.remedy import Advice, Remedy

_MEBIBYTE = 1024 * 1024
# At the peak of a run with millions of groups a process takes at most 345 MB, whatever the budgets,
# and two thirds of the budgets (measured over 3 million groups: 375 to 407 MB beside 90 MB of them,
# 500 to 528 MB with 315 MB). The last third of the budgets is a reserve, since that varies by run.
_FIXED = 344 * _MEBIBYTE
_LEAST = 392 * _MEBIBYTE  # bytes that must remain beside a list of batches


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

    def beside_list(self, batches: int, size: int) -> Budget:
        """Return the budget that is left beside a list of `batches` batches of `size` bytes.

        Raises:
            LocalResourceError: too little memory is left.
        """
        if self.limit - size >= _LEAST:
            return Budget.of(self.limit - size)
        enough = -(-(size + _LEAST) // _MEBIBYTE)
        raise LocalResourceError(
            f"The list of the result's {batches:,} batches alone takes {size // _MEBIBYTE:,} MB "
            "of memory, more than the memory limit leaves for it.",
            Advice(
                "Have Snowflake write the file: ",
                Remedy("engine", "unload"),
                "; or raise the limit: ",
                Remedy("memory_limit", f"{enough}MB"),
                ".",
            ),
        )
