"""Engine `stream`: this machine downloads the rows and aggregates them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core import query
from core.engines.engine import Cost, EngineName, EngineResult, Job, Volume
from core.engines.widths import BITS, OFFSET, row_bytes
from core.output import Format, find_missing_library
from core.planning.delivered import describe_columns
from core.request.sizes import MEBIBYTE

if TYPE_CHECKING:
    from core.bucket import Bucket
    from core.engines.local_file import LocalFile
    from core.errors import TransferError
    from core.planning.delivered import DeliveredColumn
    from core.planning.plan import Plan
    from core.query import Statement
    from core.request.request import Request

# Measured by `python -m tests.benchmarks` with table ratings of the sandbox, on two shared cores.
BENCHMARK_START: Final = 4.0  # seconds that a transfer of any size takes
BENCHMARK_SECONDS: Final = 0.9  # seconds per million rows

_HELPERS: Final = {"blank": BITS, "bad": float(OFFSET)}


class Stream:
    """Reads the needed columns with one SELECT; polars aggregates the rows by month."""

    name: Final = EngineName.STREAM
    chunk_megabytes: Final = 16
    summary: Final = "aggregated on this machine"

    def describe(self, request: Request) -> str:
        """See `Engine`."""
        megabytes = request.memory_limit // MEBIBYTE
        return f"aggregated on this machine, in at most {megabytes} MB"

    def obstacle(self, request: Request, plan: Plan) -> TransferError | None:
        """Refuse what needs a library that is not installed; it runs every plan."""
        return find_missing_library(Format(request.format), bool(request.encrypt_to))

    def statement(self, plan: Plan) -> Statement:
        """Return the SELECT of the rows."""
        return query.select_rows(plan)

    def copy_statement(self, job: Job) -> Statement | None:
        """Return None: this machine writes the file."""

    def schema(self, request: Request, plan: Plan) -> tuple[DeliveredColumn, ...]:
        """Return the columns of the file that this machine writes."""
        return describe_columns(plan)

    def cost(self, plan: Plan, volume: Volume) -> Cost:
        """Estimate the download of every row, with the speed of the benchmark."""
        limit, rows = "every row is downloaded", volume.rows
        pace = f"estimate: {BENCHMARK_SECONDS:.3g} s per million rows (benchmark)"
        if rows is None:
            return Cost(None, None, limit, pace)
        each = row_bytes(self.statement(plan).fields, plan, volume.widths, _HELPERS)
        seconds = BENCHMARK_START + rows / 1e6 * BENCHMARK_SECONDS
        return Cost(rows, round(rows * each), limit, pace, seconds)

    def deliver(self, job: Job, bucket: Bucket, file: LocalFile) -> EngineResult:
        """See `Engine`."""
        from core.engines.by_month.deliver import deliver_months
        from core.engines.deliver_file import deliver_file
        from core.engines.write_from_rows import write_months  # loads polars

        deliver = deliver_months if job.request.split_by else deliver_file
        return deliver(job, bucket, file, write_months)
