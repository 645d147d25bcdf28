"""Engine `unload`: Snowflake groups the rows and writes the object; no row is downloaded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from core import query
from core.engines.engine import Cost, EngineName, EngineResult, Job, Volume
from core.engines.unload_limits import find_limit, find_unsupported
from core.errors import TransferError, UsageError
from core.output import Format
from core.planning.delivered import DeliveredColumn, DeliveredType, Kind, describe_columns
from core.remedy import Advice, Remedy
from core.request.write_ways import WAYS_TO_WRITE, has_write_way

if TYPE_CHECKING:
    from core.bucket import Bucket
    from core.engines.copy_groups import Order
    from core.engines.local_file import LocalFile
    from core.planning.plan import Plan
    from core.query import Statement
    from core.request.request import Request


class Unload:
    """Runs the plan as one GROUP BY in Snowflake, and a COPY INTO of its result."""

    name: Final = EngineName.UNLOAD
    # Snowflake's maximum. The grouped result is not downloaded, but the list of its chunks is, and
    # each entry takes 8 KB of memory (measured): larger chunks make a shorter list.
    chunk_megabytes: Final = 160
    summary: Final = "aggregated and written by Snowflake"

    def describe(self, request: Request) -> str:
        """See `Engine`."""
        return "aggregated in Snowflake, which writes the file to the bucket"

    def obstacle(self, request: Request, plan: Plan) -> TransferError | None:
        """Refuse what Snowflake does not unload, and a missing way to write."""
        if limit := find_limit(plan, Format(request.format)) or find_unsupported(request):
            return limit
        if request.bucket.startswith("arn:"):
            return UsageError(
                "Snowflake does not accept the ARN of an access point.",
                "Name the bucket, or the access point's alias.",
            )
        if request.if_exists == "skip" and not request.manifest:
            return UsageError(
                "Snowflake writes no metadata by which a later run would know the delivery.",
                Advice("Write a manifest: ", Remedy("manifest", True), "."),
            )
        if not has_write_way(request.as_options()):
            return UsageError(Advice("It needs a way to write: ", WAYS_TO_WRITE, "."))
        return None

    def statement(self, plan: Plan) -> Statement:
        """Return the grouped SELECT, whose result is kept at Snowflake."""
        return query.select_groups(plan, at_rest=True, ordered=False)

    def copy_statement(self, job: Job) -> Statement | None:
        """Return the COPY INTO of one object."""
        from core.engines.copy_groups import preview_copy

        order, grouped = self._order(job), self.statement(job.plan)
        return preview_copy(job.connection, job.plan, grouped, order, job.cancel)

    def schema(self, request: Request, plan: Plan) -> tuple[DeliveredColumn, ...]:
        """Return the columns; in parquet Snowflake writes whole numbers as decimals."""
        columns = describe_columns(plan)
        if Format(request.format) is not Format.PARQUET:
            return columns
        digits = {c.name: c.source.type.precision or 0 for c in plan.delivered}
        return tuple(
            replace(c, kind=DeliveredType(Kind.DECIMAL, digits[c.source]))
            if c.kind.kind is Kind.INTEGER
            else c
            for c in columns
        )

    def cost(self, plan: Plan, volume: Volume) -> Cost:
        """Return a cost without a download; the time depends on the warehouse."""
        return Cost(0, 0, "the warehouse; only row counts and totals are downloaded")

    def deliver(self, job: Job, bucket: Bucket, file: LocalFile) -> EngineResult:
        """Have Snowflake write the object, or its parts; this machine writes an empty one."""
        from core.engines.copy_groups import copy_groups, explain_empty, write_empty
        from core.engines.deliver_file import upload, warn_of_rows

        copied = copy_groups(
            job.connection,
            job.plan,
            self._order(job),
            bucket,
            checks=job.checks,
            progress=job.progress,
            cancel=job.cancel,
        )
        key, objects, totals = copied.key, copied.objects, copied.totals
        if key:
            warn_of_rows(job, totals)
        else:
            write_empty(job.plan, file)
            with explain_empty():
                key, objects = job.key, (upload(job, bucket, file, totals),)
        return EngineResult(key, objects, totals, copied.first_rows, copied.query_id)

    @staticmethod
    def _order(job: Job) -> Order:
        from core.engines.copy_groups import Order

        return Order.of(job.request, job.destination, job.key, job.started, job.run_id)
