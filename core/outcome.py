"""The result of a run: a preview, the outcome of a delivery, or what was there already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from core.planning.names import warn_of_hidden
from core.request.targets import describe_target

if TYPE_CHECKING:
    from core.aggregation.delivered_months import DeliveredMonth
    from core.aggregation.first_rows import FirstRows
    from core.aggregation.reconciliation import RunTotals, Total
    from core.bucket import Delivery
    from core.engines.choice import Choice
    from core.engines.engine import EngineResult, Job
    from core.output.recipients import Recipient, Recipients
    from core.planning.delivered import DeliveredColumn
    from core.planning.plan import Plan
    from core.preview.cost import Estimate
    from core.query import Statement
    from core.records.manifest import WrittenManifest
    from core.records.restatement import Restatement
    from core.request.request import Request
    from core.verify.comparison import Comparison


@dataclass(frozen=True)
class Preview:
    """What a transfer would do. No data was moved.

    Attributes:
        plan: the role of every column, and the reasons.
        choice: the engine, and the reason for it.
        statement: the statement that would read the table.
        url: the URL that the object would have.
        estimate: the estimated cost with each engine.
        request: the request of the transfer.
        copy: the statement with which Snowflake would write the object; None if this machine writes
            it.
        demands: the options that meet demands of the bucket, with their values.
        conditions: the options that set conditions for the rows, with their values.
        destination: the name of the configured destination; None if none was named.
        schema: the columns of the delivery with their types.
        manifest: the URL that the manifest would have; empty without one.
        restatement: what was found about each month that was looked at; None unless months are
            delivered again.
        success_file: the URL that the empty object `_SUCCESS` would have; empty without one.
        recipients: the keys to which the files would be encrypted.
    """

    plan: Plan
    choice: Choice
    statement: Statement
    url: str
    estimate: Estimate
    request: Request = field(repr=False)
    copy: Statement | None = None
    demands: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)
    destination: str | None = None
    schema: tuple[DeliveredColumn, ...] = ()
    manifest: str = ""
    restatement: Restatement | None = None
    success_file: str = ""
    recipients: tuple[Recipient, ...] = ()

    @property
    def notified(self) -> tuple[str, ...]:
        """The targets of notifications, as they are shown: without the paths of URLs."""
        return tuple(map(describe_target, self.request.notify)) if self.request else ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings about the plan and the destination, in whole sentences."""
        months = self.restatement.warnings if self.restatement else ()
        return (*self.plan.warnings, *warn_of_hidden([("destination", self.url)]), *months)

    def create_table(self, dialect: str) -> str:
        """Return the CREATE TABLE with which a reader's system loads the delivery.

        Args:
            dialect: `redshift`, `athena`, `spark`, `snowflake`, `postgres` or `bigquery`.

        Returns:
            One statement, after comments that say how the file is loaded.

        Raises:
            UsageError: there is no such dialect, or it has no type for a column, cannot have its
                name, or does not read the format.
        """
        from core.query.create_table import DeliveredFile, create_table

        file = DeliveredFile.of(self.request, self.url)
        return create_table(dialect, self.schema, self.plan.source.name, file)


@dataclass(frozen=True)
class Outcome:
    """A delivered transfer.

    Attributes:
        file_name: the key of the object in the bucket, including the prefix. If engine `unload`
            wrote several objects: their common prefix, which ends in `/`.
        row_count: the number of data rows.
        timestamp: the UTC time at which the delivery was complete.
        url: the URL of the object, or of the common prefix.
        size: the size in bytes of all objects.
        plan: the role of each column.
        choice: the engine, and the reason for it.
        query_id: Snowflake's id of the query that read the table.
        totals: the row counts and totals of what was read and written.
        first_rows: the first rows of the file.
        objects: the objects that were written.
        comparison: the result of the verification; None if there was no verification.
        schema: the columns of the delivery with their types.
        manifest: the manifest; None if it was not asked for.
        months: the figures of each month, if it has an object of its own.
        restatement: what was found about each month that was looked at; None unless months are
            delivered again.
        recipients: the keys to which the objects are encrypted.
    """

    file_name: str
    row_count: int
    timestamp: datetime
    url: str
    size: int
    plan: Plan
    choice: Choice
    query_id: str
    totals: RunTotals
    first_rows: FirstRows
    objects: tuple[Delivery, ...]
    comparison: Comparison | None = None
    schema: tuple[DeliveredColumn, ...] = ()
    manifest: WrittenManifest | None = None
    months: tuple[DeliveredMonth, ...] = ()
    restatement: Restatement | None = None
    recipients: tuple[Recipient, ...] = ()

    @classmethod
    def of(
        cls,
        job: Job,
        choice: Choice,
        delivered: EngineResult,
        recipients: Recipients | None = None,
    ) -> Self:
        """Return the outcome as of now; the delivery stands, whatever fails after it."""
        from core.engines import ENGINES  # not needed to show an outcome

        return cls(
            file_name=delivered.key,
            row_count=delivered.totals.groups,
            timestamp=datetime.now(UTC),
            url=job.destination.url(delivered.key),
            size=sum(each.size for each in delivered.objects),
            plan=job.plan,
            choice=choice,
            query_id=delivered.query_id,
            totals=delivered.totals,
            first_rows=delivered.first_rows,
            objects=delivered.objects,
            schema=ENGINES[choice.engine].schema(job.request, job.plan),
            months=delivered.months,
            recipients=recipients.keys if recipients else (),
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings about the plan and the destination, in whole sentences."""
        months = self.restatement.warnings if self.restatement else ()
        return (*self.plan.warnings, *warn_of_hidden([("destination", self.url)]), *months)

    @property
    def sums(self) -> dict[str, Total | None]:
        """The total of each summed column over the rows written; None where all values are NULL."""
        written = self.totals.written
        return {column.name: written.get(f"sum_{n}") for n, column in enumerate(self.plan.sums, 1)}

    @property
    def result(self) -> dict[str, Any]:
        """The result JSON: `file_name`, `row_count` and `timestamp`."""
        return _make_result(self.file_name, self.row_count, self.timestamp)


@dataclass(frozen=True)
class Skipped:
    """A transfer whose object was in the bucket already: nothing was read or delivered.

    Attributes:
        file_name: the key of the object in the bucket, including the prefix.
        row_count: the number of its data rows.
        timestamp: the UTC time of the object, by S3.
        url: the URL of the object.
        size: its size in bytes.
        table: the full name of the table.
        restatement: what was found about each month that was looked at, if none of them had
            changed; None if the object was there.
    """

    file_name: str
    row_count: int
    timestamp: datetime
    url: str
    size: int
    table: str
    restatement: Restatement | None = None

    @property
    def result(self) -> dict[str, Any]:
        """The result JSON of the object: `file_name`, `row_count` and `timestamp`."""
        return _make_result(self.file_name, self.row_count, self.timestamp)


def _make_result(file_name: str, rows: int, timestamp: datetime) -> dict[str, Any]:
    return {
        "file_name": file_name,
        "row_count": rows,
        "timestamp": f"{timestamp:%Y-%m-%dT%H:%M:%SZ}",
    }
