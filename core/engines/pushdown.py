"""Engine `pushdown`: Snowflake groups the rows; this machine downloads and writes the groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core import query
from core.engines.engine import Cost, EngineName, EngineResult, Job, Volume
from core.engines.widths import is_barely_grouped, row_bytes
from core.output import Format, find_missing_library
from core.planning.delivered import describe_columns

if TYPE_CHECKING:
    from core.bucket import Bucket
    from core.engines.local_file import LocalFile
    from core.errors import TransferError
    from core.planning.delivered import DeliveredColumn
    from core.planning.plan import Plan
    from core.query import Statement
    from core.request.request import Request


class Pushdown:
    """Runs the plan as one GROUP BY in Snowflake."""

    name: Final = EngineName.PUSHDOWN
    chunk_megabytes: Final = 16
    summary: Final = "aggregated by Snowflake"

    def describe(self, request: Request) -> str:
        """See `Engine`."""
        return "aggregated in Snowflake; only the groups are downloaded"

    def obstacle(self, request: Request, plan: Plan) -> TransferError | None:
        """Refuse what needs a library that is not installed; it runs every plan."""
        return find_missing_library(Format(request.format), bool(request.encrypt_to))

    def statement(self, plan: Plan) -> Statement:
        """Return the grouped SELECT, in the order of the delivery."""
        return query.select_groups(plan)

    def copy_statement(self, job: Job) -> Statement | None:
        """Return None: this machine writes the file."""

    def schema(self, request: Request, plan: Plan) -> tuple[DeliveredColumn, ...]:
        """Return the columns of the file that this machine writes."""
        return describe_columns(plan)

    def cost(self, plan: Plan, volume: Volume) -> Cost:
        """Estimate the download of the groups; the time depends on the warehouse."""
        rows, groups = volume.rows, volume.groups
        limit = "the warehouse; the groups are downloaded"
        if groups is None:
            return Cost(None, None, limit)
        if rows and groups and is_barely_grouped(rows, groups):
            limit = "nearly as many groups as rows are downloaded"
        rows_per_group = (rows or 0) / max(groups, 1)
        # Snowflake does not narrow the integers that it computes.
        helpers = dict.fromkeys(("total", "rows", "blank", "bad"), 8.0)
        fields = self.statement(plan).fields
        each = row_bytes(fields, plan, volume.widths, helpers, rows_per_group)
        return Cost(groups, round(groups * each), limit)

    def deliver(self, job: Job, bucket: Bucket, file: LocalFile) -> EngineResult:
        """See `Engine`."""
        from core.engines.by_month.deliver import deliver_months
        from core.engines.deliver_file import deliver_file
        from core.engines.write_from_groups import write_months  # loads polars

        deliver = deliver_months if job.request.split_by else deliver_file
        return deliver(job, bucket, file, write_months)
