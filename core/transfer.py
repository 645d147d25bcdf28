"""The whole journey on one page: request, plan, rows, months, file, delivery, result."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from core import query
from core.aggregation.reconciliation import Account
from core.bucket import Bucket, Delivery, Destination
from core.bucket.checks import check_destination
from core.bucket.sweep import sweep
from core.bucket.target import object_key, open_bucket
from core.conclusion import conclude
from core.engines import pushdown, stream
from core.engines.choice import Choice, Engine, choose
from core.engines.local_file import LocalFile, Written
from core.engines.unload import Order, explained_empty, preview_copy, unload, write_empty
from core.engines.unload_limits import check_unloadable
from core.errors import SourceDataError
from core.events import Delivered, Listener, Phase, Planned, Warned
from core.outcome import Outcome, Preview
from core.output import Format, content_type
from core.planning.names import warn_of_hidden
from core.planning.plan import Plan, Sample, make_plan
from core.planning.source import Source
from core.preview.cost import FormerRun, column_widths, estimate
from core.preview.month_preview import Months, preview_months
from core.preview.sample import take_sample
from core.query import Statement
from core.records.report import check_path
from core.request.request import Request
from core.runtime.cancel import failing_of
from core.runtime.memory_budget import Budget
from core.runtime.progress import Reporter
from core.runtime.retry import Retry
from core.runtime.workspace import workspace
from core.verify.comparison import Verdict
from core.verify.verify import Claim, prove
from core.warehouse.catalog import find
from core.warehouse.connect import connect, sign_out
from core.warehouse.statement import Cancel

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

# Of the source's name in the object's metadata: S3 takes 2 KB in all.
_SOURCE_CHARACTERS = 1_000


# The engines that write a local file, to be uploaded; and the statement by which each one reads.
_WRITERS = {Engine.STREAM: stream.write_months, Engine.PUSHDOWN: pushdown.write_months}
_READS: dict[Engine, Callable[[Plan], Statement]] = {
    Engine.STREAM: query.select_rows,
    Engine.PUSHDOWN: query.select_groups,
    Engine.UNLOAD: partial(query.select_groups, at_rest=True, ordered=False),
}


def plan_transfer(
    request: Request,
    *,
    exact: bool = False,
    former: Sequence[FormerRun] = (),
    cancel: Cancel | None = None,
) -> Preview:
    """Find out what `run_transfer` would do. Reads samples; the bucket is not asked.

    Args:
        request: what would be done.
        exact: count the groups of the whole table: as much work as engine `pushdown`'s.
        former: deliveries of this machine, for the time that the next one takes.
        cancel: set it, from any thread, to stop.

    Raises:
        TransferError: as `run_transfer`, as far as it can be known before.
    """
    journey = _Journey(request, Reporter(None), cancel)
    with journey.session() as connection:
        source, sample = journey.look(connection)
        made, choice = journey.decide(source, sample)
        months = journey.months(connection, made, exact=exact)
        cost = estimate(request, made, column_widths(source.columns, sample), months, former)
        key = journey.key(made.source)
        statement = _READS[choice.engine](made)
        copy = None
        if choice.engine is Engine.UNLOAD:
            copy = preview_copy(connection, made, statement, journey.order(key), journey.cancel)
    return Preview(made, choice, statement, journey.destination.url(key), cost, copy)


def run_transfer(
    request: Request, *, on_event: Listener | None = None, cancel: Cancel | None = None
) -> Outcome:
    """Transfer one table.

    Args:
        request: what to do.
        on_event: told of the plan, of warnings, and of progress at most ten times a second; called
            from the threads that do the work, never from two at once.
        cancel: set it, from any thread, to stop: the query and the upload are aborted.

    Returns:
        The outcome, once the object is complete in the bucket and verified.

    Raises:
        TransferError: nothing was delivered, unless `outcome` is set; the class tells why.
    """
    if request.report:
        check_path(request.report)
    journey = _Journey(request, Reporter(on_event), cancel)
    with journey.session() as connection:
        made, choice = journey.decide(*journey.look(connection))
        key = journey.key(made.source)
        with open_bucket(request, retry=journey.retry) as bucket, workspace() as directory:
            sweep(bucket, journey.cancel.is_set)
            file = LocalFile(
                directory / "delivery", journey.format, request.gzip, request.csv_escape_formulas
            )
            if choice.engine is Engine.UNLOAD:
                outcome = journey.unload(connection, bucket, key, file, made, choice)
                return journey.conclude(connection, bucket, file, outcome)
            overwrite = request.if_exists == "overwrite"
            check_destination(bucket, key, overwrite=overwrite, cancelled=journey.cancel.is_set)
            with failing_of(journey.cancel):
                written = _WRITERS[choice.engine](
                    connection,
                    made,
                    file,
                    budget=journey.budget,
                    progress=journey.progress,
                    cancel=journey.cancel,
                )
            delivery = journey.deliver(bucket, key, file, made, written.account)
            outcome = journey.outcome(key, (delivery,), made, choice, written)
            return journey.conclude(connection, bucket, file, outcome)


class _Journey:
    """What one run carries from stop to stop: the request, who listens, who may cancel."""

    def __init__(self, request: Request, progress: Reporter, cancel: Cancel | None) -> None:
        self.request = request
        self.progress = progress
        self.cancel: Cancel = cancel or threading.Event()
        self.destination = Destination.parse(request.bucket)
        self.format = Format(request.format)
        self.budget = Budget.of(request.memory_limit)
        self.retry = Retry(max_time=request.max_retry_time, tell=progress.tell)
        self.started = datetime.now(UTC)
        self.run_id = uuid.uuid4().hex

    @contextmanager
    def session(self) -> Iterator[SnowflakeConnection]:
        """Sign in to Snowflake, and out at the end."""
        self.progress.start(Phase.CONNECT)
        connection = connect(
            self.request.connection,
            query_tag=f"amplify-transfer {self.run_id}",
            timezone=self.request.timezone,
            warehouse=self.request.warehouse,
            role=self.request.role,
            aws_profile=self.request.aws_profile,
            retry=self.retry,
            cancel=self.cancel,
        )
        try:
            yield connection
        finally:
            sign_out(connection)

    def look(self, connection: SnowflakeConnection) -> tuple[Source, Sample]:
        """Describe and sample the table."""
        self.progress.start(Phase.PLAN)
        source = find(connection, self.request.table, self.cancel)
        return source, take_sample(connection, source, self.cancel)

    def months(self, connection: SnowflakeConnection, made: Plan, *, exact: bool) -> Months | None:
        """The months of a plan; None where a date is beyond what can be shown."""
        try:
            return preview_months(connection, made, self.cancel, exact=exact, counted=exact)
        except SourceDataError:
            if exact:
                raise
            return None

    def decide(self, source: Source, sample: Sample) -> tuple[Plan, Choice]:
        """Decide on the columns and on the engine."""
        made = make_plan(source, sample, self.request)
        choice = choose(self.request, made)
        if choice.engine is Engine.UNLOAD:
            check_unloadable(made, self.format)
        self.progress.tell(Planned(made, choice))
        url = self.destination.url(self.key(source))
        for warning in (*made.warnings, *warn_of_hidden([("destination", url)])):
            self.progress.tell(Warned(warning))
        return made, choice

    def key(self, source: Source) -> str:
        """The key of the object."""
        return object_key(self.request, source.name, started=self.started, run_id=self.run_id)

    def deliver(
        self, bucket: Bucket, key: str, file: LocalFile, made: Plan, account: Account
    ) -> Delivery:
        """Upload the file: the object appears verified, or not at all."""
        size = file.path.stat().st_size
        self.progress.start(Phase.UPLOAD, total_bytes=size)
        for warning in _findings(made, account):
            self.progress.tell(Warned(warning))
        delivery = bucket.upload(
            file.path,
            key,
            content_type=content_type(self.format, self.request.gzip),
            metadata={
                "amplify-run-id": self.run_id,
                "amplify-row-count": str(account.groups),
                "amplify-source": quote(str(made.source.name))[:_SOURCE_CHARACTERS],
            },
            overwrite=self.request.if_exists == "overwrite",
            on_progress=lambda done, _: self.progress.set_bytes(done),
            cancelled=self.cancel.is_set,
        )
        self.progress.finish()
        return delivery

    def order(self, key: str) -> Order:
        """What Snowflake is to write."""
        return Order.of(self.request, self.destination, key, self.started, self.run_id)

    def unload(
        self,
        connection: SnowflakeConnection,
        bucket: Bucket,
        key: str,
        file: LocalFile,
        made: Plan,
        choice: Choice,
    ) -> Outcome:
        """Have Snowflake write the object, or its parts; only an empty one is written here."""
        unloaded = unload(
            connection,
            made,
            self.order(key),
            bucket,
            progress=self.progress,
            cancel=self.cancel,
        )
        if unloaded.key:
            for warning in _findings(made, unloaded.account):
                self.progress.tell(Warned(warning))
            return self.outcome(unloaded.key, unloaded.objects, made, choice, unloaded)
        write_empty(made, file)
        with explained_empty():
            delivery = self.deliver(bucket, key, file, made, unloaded.account)
        return self.outcome(key, (delivery,), made, choice, unloaded)

    def outcome(
        self,
        key: str,
        objects: tuple[Delivery, ...],
        made: Plan,
        choice: Choice,
        written: Written,
    ) -> Outcome:
        """What is delivered, as of now; from here on it stands."""
        size = sum(each.size for each in objects)
        url = self.destination.url(key)
        self.progress.tell(Delivered(url, written.account.groups, size))
        return Outcome(
            file_name=key,
            row_count=written.account.groups,
            timestamp=datetime.now(UTC),
            url=url,
            size=size,
            plan=made,
            choice=choice,
            query_id=written.query_id,
            account=written.account,
            head=written.head,
            objects=objects,
        )

    def conclude(
        self, connection: SnowflakeConnection, bucket: Bucket, file: LocalFile, outcome: Outcome
    ) -> Outcome:
        """Verify and report what was delivered, as far as asked for."""
        local = file.path if file.path.exists() else None
        objects = outcome.objects
        claim = Claim(outcome.plan, outcome.account, outcome.query_id, objects, file, local)

        def verify() -> Verdict:
            verdict = prove(
                connection,
                bucket,
                claim,
                file.path.parent,
                progress=self.progress,
                cancel=self.cancel,
            )
            if verdict.agrees is None:
                self.progress.tell(Warned(str(verdict)))
            return verdict

        return conclude(self.request, outcome, verify)


def _findings(made: Plan, account: Account) -> Iterator[str]:
    """What the rows turned out to hold that the user should know."""
    name = made.month.name
    if account.bad_dates:
        shown = ", ".join(repr(value) for value in account.bad_examples)
        yield f"{account.bad_dates:,} rows of {name} hold no date, such as {shown}: NULL month."
    empty = account.null_dates - account.bad_dates
    if empty:
        yield f"{empty:,} rows have no {name}: they are in the NULL month."
    if not account.groups:
        yield "The table has no rows but blank ones: the file has no rows."
