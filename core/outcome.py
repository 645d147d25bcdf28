"""What a run leaves its caller with: a preview, or a delivery with its totals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from core.planning.names import warn_of_hidden

if TYPE_CHECKING:
    from core.aggregation.first_rows import FirstRows
    from core.aggregation.reconciliation import RunTotals, Total
    from core.bucket import Delivery
    from core.engines.choice import Choice
    from core.engines.engine import EngineResult, Job
    from core.planning.plan import Plan
    from core.preview.cost import Estimate
    from core.query import Statement
    from core.verify.comparison import Comparison


@dataclass(frozen=True)
class Preview:
    """What a run would do; nothing was moved.

    Attributes:
        plan: the role of every column, and why.
        choice: the engine that would do it, and why.
        statement: the one statement that would read the table.
        url: where the file would be.
        estimate: what it would cost, by each engine.
        copy: the statement by which Snowflake would write it; None where this machine does.
    """

    plan: Plan
    choice: Choice
    statement: Statement
    url: str
    estimate: Estimate
    copy: Statement | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should look at before the run."""
        return (*self.plan.warnings, *warn_of_hidden([("destination", self.url)]))


@dataclass(frozen=True)
class Outcome:
    """A delivered transfer.

    Attributes:
        file_name: the object's key within the bucket, prefix included; the prefix of its parts,
            which ends in `/`, where engine `unload` made several.
        row_count: data rows in the file.
        timestamp: the UTC moment at which the delivery was complete.
        url: where the object is.
        size: the object's bytes.
        plan: what was done to each column.
        choice: the engine that did it, and why.
        query_id: Snowflake's id of the statement that read the table.
        totals: what was read and what was written.
        first_rows: the first rows of the file.
        objects: the object, or its parts.
        comparison: what the verification found; None if it was not asked for.
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

    @classmethod
    def of(cls, job: Job, choice: Choice, delivered: EngineResult) -> Self:
        """Return the outcome as of now; the delivery stands, whatever fails after it."""
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
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user was warned of before the run."""
        return (*self.plan.warnings, *warn_of_hidden([("destination", self.url)]))

    @property
    def sums(self) -> dict[str, Total]:
        """The total of each summed column over the rows written, by the name of the column."""
        written = self.totals.written
        return {
            column.name: written[f"sum_{n}"]
            for n, column in enumerate(self.plan.sums, 1)
            if f"sum_{n}" in written
        }

    @property
    def result(self) -> dict[str, Any]:
        """The result JSON: `file_name`, `row_count` and `timestamp`."""
        return {
            "file_name": self.file_name,
            "row_count": self.row_count,
            "timestamp": f"{self.timestamp:%Y-%m-%dT%H:%M:%SZ}",
        }
