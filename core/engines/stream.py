"""Engine `stream`: the rows are downloaded, and aggregated on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core import query
from core.engines.engine import Cost, EngineName, EngineResult, Job, Volume
from core.engines.widths import BITS, OFFSET, row_bytes
from core.request.request import MEBIBYTE

if TYPE_CHECKING:
    from core.bucket import Bucket
    from core.engines.local_file import LocalFile
    from core.errors import TransferError
    from core.planning.plan import Plan
    from core.query import Statement
    from core.request.request import Request

# `python -m tests.benchmarks`, ratings of the sandbox on two shared cores.
BENCHMARK_START: Final = 4.0  # seconds that a transfer takes whatever its size
BENCHMARK_SECONDS: Final = 0.9  # seconds a million rows

_HELPERS: Final = {"blank": BITS, "bad": float(OFFSET)}


class Stream:
    """One SELECT of the needed columns; polars makes the months of its rows."""

    name: Final = EngineName.STREAM
    summary: Final = "aggregated on this machine"

    def describe(self, request: Request) -> str:
        """See `Engine`."""
        megabytes = request.memory_limit // MEBIBYTE
        return f"aggregated on this machine, in at most {megabytes} MB"

    def obstacle(self, request: Request, plan: Plan) -> TransferError | None:
        """None: it takes every plan."""

    def statement(self, plan: Plan) -> Statement:
        """The SELECT of the rows."""
        return query.select_rows(plan)

    def copy_statement(self, job: Job) -> Statement | None:
        """None: this machine writes the file."""

    def cost(self, plan: Plan, volume: Volume) -> Cost:
        """Every row is downloaded; the time is the benchmark's."""
        limit, rows = "every row is downloaded", volume.rows
        pace = f"estimate: {BENCHMARK_SECONDS:.3g} s per million rows (benchmark)"
        if rows is None:
            return Cost(None, None, limit, pace)
        each = row_bytes(self.statement(plan).fields, plan, volume.widths, _HELPERS)
        seconds = BENCHMARK_START + rows / 1e6 * BENCHMARK_SECONDS
        return Cost(rows, round(rows * each), limit, pace, seconds)

    def deliver(self, job: Job, bucket: Bucket, file: LocalFile) -> EngineResult:
        """See `Engine`."""
        from core.engines.deliver_file import deliver_file
        from core.engines.write_from_rows import write_months  # loads polars

        return deliver_file(job, bucket, file, write_months)
