"""One memory limit, and what follows from it for each stop of a run."""

from __future__ import annotations

import os
from dataclasses import dataclass

# Interpreter and libraries once all are loaded (measured: about 150 MB).
_BASE = 160 * 1024 * 1024


@dataclass(frozen=True)
class Budget:
    """Bytes for each stop; the upload reads its parts from disk and needs none.

    Attributes:
        batches: downloaded result batches in flight.
        aggregation: what polars may hold before it spills.
        workers: threads that download.
    """

    batches: int
    aggregation: int
    workers: int

    @classmethod
    def of(cls, memory_limit: int) -> Budget:
        """Split `memory_limit` bytes: what the libraries leave goes 1:3."""
        share = (memory_limit - _BASE) // 4
        return cls(share, 3 * share, max(2, min(4, os.cpu_count() or 2)))
