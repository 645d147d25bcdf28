"""The protocol of an engine: it turns a plan into a delivery.

A caller uses an engine in this order: `obstacle` (why it cannot run), `statement` (the SQL that it
runs), `cost` and `deliver`. No code outside this package depends on which engine it has.

The engines import their libraries when they deliver: the other methods are cheap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from core.bucket.destination import Destination

if TYPE_CHECKING:
    from datetime import datetime

    from snowflake.connector import SnowflakeConnection

    from core.aggregation.delivered_months import DeliveredMonth
    from core.aggregation.first_rows import FirstRows
    from core.aggregation.reconciliation import RunTotals
    from core.bucket import Bucket, Delivery
    from core.engines.delivery_checks import DeliveryChecks
    from core.engines.local_file import LocalFile
    from core.engines.widths import Width
    from core.errors import TransferError
    from core.planning.delivered import DeliveredColumn
    from core.planning.plan import Plan
    from core.query import Statement
    from core.request.request import Request
    from core.runtime.background import Ahead
    from core.runtime.cancel import Cancel
    from core.runtime.memory_budget import Budget
    from core.runtime.progress import Reporter


class EngineName(StrEnum):
    """The names of the engines, as users write them."""

    STREAM = "stream"
    PUSHDOWN = "pushdown"
    UNLOAD = "unload"


@dataclass(frozen=True)
class Volume:
    """The size of a transfer, as far as it is known.

    Attributes:
        rows: rows of the source; None if unknown.
        groups: rows of the delivery; None if unknown.
        widths: the width of a column's values, by its name; see `core.engines.widths`.
    """

    rows: int | None
    groups: int | None
    widths: Mapping[str, Width]


@dataclass(frozen=True)
class Cost:
    """The estimated cost of a transfer with one engine.

    Attributes:
        rows: rows that are downloaded to this machine; None if unknown.
        bytes: the approximate size of these rows before Snowflake compresses them for the
            download; None if unknown.
        limit: what the engine's speed depends on.
        pace: the basis of `seconds`, or why it is unknown.
        seconds: the approximate duration, used where there is no former run to compare with; None
            if unknown.
    """

    rows: int | None
    bytes: int | None
    limit: str
    pace: str = "time not measured on this machine yet; it depends on the size of the warehouse"
    seconds: float | None = None


@dataclass(frozen=True)
class Job:
    """One planned transfer: the input of every engine.

    Attributes:
        request: the request of the run.
        plan: the role of every column.
        connection: an open session.
        key: the key of the object.
        started: when the run started, in UTC.
        run_id: the id of the run.
        checks: the conditions that the rows must meet before they are visible.
        budget: the memory of each stage, in bytes.
        progress: receives every phase, and warnings.
        cancel: stops the work at any moment.
        checked: the check of the destination, if it has begun already.
        end_session: called when the engine runs no further statement.
    """

    request: Request
    plan: Plan
    connection: SnowflakeConnection
    key: str
    started: datetime
    run_id: str
    checks: DeliveryChecks
    budget: Budget
    progress: Reporter
    cancel: Cancel
    checked: Ahead[None] | None = None
    end_session: Callable[[], None] = lambda: None

    @property
    def destination(self) -> Destination:
        """The bucket and the prefix."""
        return Destination.parse(self.request.bucket)

    @property
    def overwrite(self) -> bool:
        """Whether an existing object may be replaced."""
        return self.request.if_exists == "overwrite"


@dataclass(frozen=True)
class EngineResult:
    """The delivery of an engine.

    Attributes:
        key: the object's key; the prefix of its parts, which ends in `/`, where there are several.
        objects: the object, or its parts.
        totals: the totals of the rows read and of those written, which agree.
        first_rows: the first rows.
        query_id: Snowflake's id of the statement that read the table.
        months: the figures of each month, if it has an object of its own.
    """

    key: str
    objects: tuple[Delivery, ...]
    totals: RunTotals
    first_rows: FirstRows
    query_id: str
    months: tuple[DeliveredMonth, ...] = ()


class Engine(Protocol):
    """Delivers the result of a plan; every engine delivers the same rows."""

    @property
    def name(self) -> EngineName:
        """The engine's name."""

    @property
    def chunk_megabytes(self) -> int:
        """The largest uncompressed size of a chunk of its results, in MB."""

    @property
    def summary(self) -> str:
        """Where it aggregates the rows, in a few words."""

    def describe(self, request: Request) -> str:
        """Describe in a few words how the engine works."""

    def obstacle(self, request: Request, plan: Plan) -> TransferError | None:
        """Return the error with which a run would fail at once; None if it can start.

        Sends no request, so that the app may call it at every change.
        """

    def statement(self, plan: Plan) -> Statement:
        """Return the one statement that reads the table."""

    def copy_statement(self, job: Job) -> Statement | None:
        """Return the statement with which Snowflake would write the delivery.

        It is for display: it is never run, and it holds no secret.

        Returns:
            The statement; None if this machine writes the delivery.

        Raises:
            TransferError: the stage or the integration that it names cannot be used.
        """

    def schema(self, request: Request, plan: Plan) -> tuple[DeliveredColumn, ...]:
        """Return the columns of the delivery, in their order. Sends no request."""

    def cost(self, plan: Plan, volume: Volume) -> Cost:
        """Estimate the cost of a transfer of this size. Sends no request."""

    def deliver(self, job: Job, bucket: Bucket, file: LocalFile) -> EngineResult:
        """Run the statement and deliver its result: complete and reconciled, or not at all.

        Args:
            job: the transfer; `obstacle` has returned None for it.
            bucket: the bucket to deliver to.
            file: the file to write, if this machine writes one; it is kept for the verification.

        Raises:
            SourceDataError: dates do not parse, or a sum overflows.
            IntegrityError: the totals of the rows read and of those written do not agree.
            CheckFailedError: the rows do not meet a condition of the request.
            DestinationExistsError, DestinationError: the bucket refuses the object.
            TransferError: a statement, the download, the disk or the upload failed, or the run was
                cancelled.
        """
