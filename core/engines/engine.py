"""What an engine is: one way from a plan to its delivery.

An engine is asked, in this order: what stands in its way (`obstacle`), which statement it runs
(`statement`), what that costs (`cost`), and to do it (`deliver`). Nothing outside this package
decides anything by which engine it is.

The engines themselves import what they work with when they deliver: asking one costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from core.bucket.destination import Destination

if TYPE_CHECKING:
    from datetime import datetime

    from snowflake.connector import SnowflakeConnection

    from core.aggregation.first_rows import FirstRows
    from core.aggregation.reconciliation import RunTotals
    from core.bucket import Bucket, Delivery
    from core.engines.local_file import LocalFile
    from core.engines.widths import Width
    from core.errors import TransferError
    from core.planning.plan import Plan
    from core.query import Statement
    from core.request.request import Request
    from core.runtime.cancel import Cancel
    from core.runtime.memory_budget import Budget
    from core.runtime.progress import Reporter


class EngineName(StrEnum):
    """The engines, by the names that users give them."""

    STREAM = "stream"
    PUSHDOWN = "pushdown"
    UNLOAD = "unload"


@dataclass(frozen=True)
class Volume:
    """How much a transfer works on, as far as it is known.

    Attributes:
        rows: rows of the source; None if unknown.
        groups: rows of the delivery; None if unknown.
        widths: how wide the values of a column are, by its name; see `core.engines.widths`.
    """

    rows: int | None
    groups: int | None
    widths: Mapping[str, Width]


@dataclass(frozen=True)
class Cost:
    """What a transfer costs by one engine.

    Attributes:
        rows: rows that are downloaded to this machine; None if unknown.
        bytes: about how many bytes they are, before Snowflake compresses them for the way.
        limit: what bounds the engine.
        pace: what `seconds` rests on, or why it is not known.
        seconds: about how long it takes where no former run shows it; None if unknown.
    """

    rows: int | None
    bytes: int | None
    limit: str
    pace: str = "time not measured on this machine yet; it depends on the size of the warehouse"
    seconds: float | None = None


@dataclass(frozen=True)
class Job:
    """One transfer, planned: what every engine works on.

    Attributes:
        request: what was asked for.
        plan: what happens to each column.
        connection: an open session.
        key: the key of the object.
        started: when the run started, in UTC.
        run_id: the id of the run.
        budget: the memory of each stop.
        progress: is given every phase, and warnings.
        cancel: stops the work at any moment.
    """

    request: Request
    plan: Plan
    connection: SnowflakeConnection
    key: str
    started: datetime
    run_id: str
    budget: Budget
    progress: Reporter
    cancel: Cancel

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
    """What an engine delivered.

    Attributes:
        key: the object's key; the prefix of its parts, which ends in `/`, where there are several.
        objects: the object, or its parts.
        totals: what was read and what was written, which agree.
        first_rows: the first rows.
        query_id: Snowflake's id of the statement that read the table.
    """

    key: str
    objects: tuple[Delivery, ...]
    totals: RunTotals
    first_rows: FirstRows
    query_id: str


class Engine(Protocol):
    """One way from a plan to its delivery; all of them deliver the same rows."""

    @property
    def name(self) -> EngineName:
        """By what name users ask for it."""

    @property
    def summary(self) -> str:
        """Where it aggregates the rows, in a few words."""

    def describe(self, request: Request) -> str:
        """How it does its work, in a few words."""

    def obstacle(self, request: Request, plan: Plan) -> TransferError | None:
        """What stands in its way, as the error that a run would fail with; None if nothing does.

        Asks nobody; the app may call it at every change.
        """

    def statement(self, plan: Plan) -> Statement:
        """The one statement that reads the table."""

    def copy_statement(self, job: Job) -> Statement | None:
        """The statement by which Snowflake would write the delivery; None where we write it.

        It is for people to read: nothing runs it, and no secret is in it.

        Raises:
            TransferError: what it would write to or with cannot be found.
        """

    def cost(self, plan: Plan, volume: Volume) -> Cost:
        """What it costs to transfer so much. Asks nobody."""

    def deliver(self, job: Job, bucket: Bucket, file: LocalFile) -> EngineResult:
        """Run the statement and deliver its result: whole and reconciled, or not at all.

        Args:
            job: what to do; `obstacle` has found nothing.
            bucket: where to.
            file: the file to write, where this machine writes one; it stays for whoever verifies.

        Raises:
            SourceDataError: dates do not parse, or a sum overflows.
            IntegrityError: what was read and what is written do not agree.
            DestinationExistsError, DestinationError: the bucket refuses the object.
            TransferError: a statement, the download, the disk or the upload failed, or the run was
                cancelled.
        """
