"""The steps of a run before its delivery: session, table, sample, plan, months, and the job."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING

from core.bucket import Bucket, Destination
from core.bucket.checks import check_ahead
from core.bucket.target import object_key
from core.engines import ENGINES
from core.engines.choice import Choice, checks_key_first, choose, find_chunk_size
from core.engines.delivery_checks import DeliveryChecks, LastDelivery
from core.engines.engine import Job
from core.events import Phase, Planned, Warned
from core.outcome import Skipped
from core.planning.names import warn_of_hidden
from core.planning.plan import Plan, Sample, make_plan
from core.planning.source import Source
from core.planning.window import Window, find_window
from core.preview.sample import take_sample
from core.records.completion import list_completion_keys
from core.records.existing import check_marked, find_existing
from core.records.last_delivery import find_last_delivery
from core.request.request import Request
from core.runtime.background import Ahead
from core.runtime.cancel import NEVER, Cancel
from core.runtime.memory_budget import Budget
from core.runtime.progress import Reporter
from core.runtime.retry import Retry
from core.warehouse.catalog import find, find_today, run_both
from core.warehouse.connect import connect, sign_out, start_sign_out
from core.warehouse.lending import Lender, borrow

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

    from core.records.restatement import Restatement


class RunSteps:
    """One run: the state that its steps share, and the steps before the delivery.

    Args:
        request: the request of the transfer.
        progress: receives phases, the plan and warnings.
        cancel: stops each step; None for never.
        run_id: the id of the run; if None, one is made.
        signed_in: lends an open session if one fits the request; otherwise the run signs in.

    Raises:
        UsageError: the bucket of the request is invalid.
    """

    def __init__(
        self,
        request: Request,
        progress: Reporter,
        cancel: Cancel | None,
        run_id: str | None = None,
        signed_in: Lender | None = None,
    ) -> None:
        Destination.parse(request.bucket)  # an invalid one is refused before the sign-in
        self.request = request
        self.progress = progress
        self.cancel: Cancel = cancel or NEVER
        self.budget = Budget.of(request.memory_limit)
        self.retry = Retry(max_time=request.max_retry_time, on_event=progress.report)
        self.started = datetime.now(UTC)
        self.run_id = run_id or uuid.uuid4().hex
        self._signed_in = signed_in
        self._leaving: threading.Thread | None = None

    @contextmanager
    def session(
        self, meanwhile: Callable[[], None] = lambda: None
    ) -> Iterator[SnowflakeConnection]:
        """Sign in to Snowflake, unless a session is lent; sign out, or return it, on exit.

        Args:
            meanwhile: called while Snowflake's answer to the sign-in is awaited.
        """
        begin = partial(self.progress.start, Phase.CONNECT)
        tag = f"amplify-transfer {self.run_id}"
        lent = borrow(self._signed_in, self.request, self.retry, tag, self.cancel, begin)
        if lent is None:
            begin()
        connection = lent or connect(
            self.request.connection,
            query_tag=tag,
            timezone=self.request.timezone,
            warehouse=self.request.warehouse,
            role=self.request.role,
            aws_profile=self.request.aws_profile,
            chunk_megabytes=find_chunk_size(self.request),
            is_of_one_run=True,
            retry=self.retry,
            cancel=self.cancel,
            meanwhile=meanwhile,
        )
        try:
            yield connection
        finally:
            sign_out(connection, self._leaving)

    def look(self, connection: SnowflakeConnection) -> tuple[Source, date | None]:
        """Describe the table; find the current date if the last months are read."""
        self.progress.start(Phase.PLAN)
        describe = partial(find, connection, self.request.table)
        if self.request.last_months is None:
            return describe(self.cancel), None
        return run_both(connection, describe, partial(find_today, connection), self.cancel)

    def find_existing(self, bucket: Bucket, source: Source, today: date | None) -> Skipped | None:
        """Return the delivery that is in the bucket already; None if nothing is there."""
        key = self.key(source, find_window(self.request, today))
        found = find_existing(
            bucket,
            key,
            source.name,
            has_manifest=self.request.manifest,
            progress=self.progress,
            cancel=self.cancel,
        )
        if found and self.request.success_file:
            check_marked(bucket, found.file_name, self.cancel)
        return found

    def check_ahead(self, bucket: Bucket, source: Source, today: date | None) -> Ahead[None] | None:
        """Begin the check of the destination, for an engine that begins with it.

        Raises:
            UsageError: the file name is invalid.
        """
        if not checks_key_first(self.request):
            return None
        key = self.key(source, find_window(self.request, today))
        overwrite = self.request.if_exists == "overwrite"
        return check_ahead(bucket, key, overwrite=overwrite, cancel=self.cancel)

    def end_session(self, connection: SnowflakeConnection) -> None:
        """Begin to sign out, unless the verification has a statement to run."""
        if not self.request.verify:
            self._leaving = start_sign_out(connection)

    def take_sample(self, connection: SnowflakeConnection, source: Source) -> Sample:
        """Sample the table."""
        return take_sample(connection, source, self.cancel)

    def decide(self, source: Source, sample: Sample, today: date | None) -> tuple[Plan, Choice]:
        """Plan the columns and choose the engine.

        Raises:
            TransferError: there is no such plan, or the engine cannot run it.
        """
        plan = make_plan(source, sample, self.request, today=today)
        choice = choose(self.request, plan)
        if obstacle := ENGINES[choice.engine].obstacle(self.request, plan):
            raise obstacle
        return plan, choice

    def restate(self, connection: SnowflakeConnection, plan: Plan) -> Restatement | None:
        """Return which months are delivered; None if all months of the plan are."""
        if not self.request.restate_months:
            return None
        from core.records.restatement import find_due_months  # loads polars

        found = find_due_months(connection, self.request, plan, self.cancel)
        for warning in found.warnings:
            self.progress.report(Warned(warning))
        return found

    def report(self, planned: Planned) -> None:
        """Report the plan and its warnings; a UsageError says that the file name is invalid."""
        self.progress.report(planned)
        plan = planned.plan
        url = Destination.parse(self.request.bucket).url(self.key(plan.source, plan.window))
        for warning in (*plan.warnings, *warn_of_hidden([("destination", url)])):
            self.progress.report(Warned(warning))

    def key(self, source: Source, window: Window | None) -> str:
        """Return the key of the object; a UsageError says that its name is invalid."""
        started, run_id = self.started, self.run_id
        return object_key(self.request, source.name, window, started=started, run_id=run_id)

    def find_last(self, plan: Plan, bucket: Bucket) -> LastDelivery | None:
        """Return the last delivery of the table to the destination; None if none is known."""
        return find_last_delivery(self.request, plan.source.name, bucket, self.cancel)

    def make_checks(self, plan: Plan) -> DeliveryChecks:
        """Return the conditions of the delivery, and what it makes outdated."""
        request, outdated = self.request, tuple[str, ...]()
        if request.if_exists == "overwrite":
            key = self.key(plan.source, plan.window)
            outdated = list_completion_keys(request, key, plan.source.name.table)
        find_last = partial(self.find_last, plan)
        return DeliveryChecks(request, plan.window, find_last, self.progress, outdated)

    def make_job(self, connection: SnowflakeConnection, plan: Plan) -> Job:
        """Return the input of the engine.

        Raises:
            UsageError: the file name is invalid.
        """
        return Job(
            request=self.request,
            plan=plan,
            connection=connection,
            key=self.key(plan.source, plan.window),
            started=self.started,
            run_id=self.run_id,
            checks=self.make_checks(plan),
            budget=self.budget,
            progress=self.progress,
            cancel=self.cancel,
            end_session=partial(self.end_session, connection),
        )
