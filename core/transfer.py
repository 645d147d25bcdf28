"""Run a transfer from the request to the outcome, or preview it.

The steps: sign in; describe and sample the table; plan its columns and choose an engine; have the
engine deliver; verify and report the delivery. The steps are the same for every engine; whatever
differs is behind the protocol of `core.engines`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from core.bucket import Destination
from core.bucket.sweep import sweep
from core.bucket.target import identify_run, list_demands, open_bucket
from core.engines import ENGINES, import_libraries
from core.engines.local_file import LocalFile
from core.engines.widths import measure_widths
from core.events import Delivered, Listener, Planned
from core.outcome import Outcome, Preview, Skipped
from core.output.recipients import read_recipients
from core.preview.cost import FormerRun, estimate
from core.preview.month_preview import check_grain, look_at_months, refine_grain
from core.records.completion import (
    check_completion,
    explain_outdated,
    success_key,
    write_completion,
)
from core.records.finish import verify_and_report
from core.records.manifest import manifest_key
from core.records.report import check_path
from core.request.conditions import list_conditions
from core.request.request import Request
from core.run_steps import RunSteps
from core.runtime.cancel import Cancel
from core.runtime.disk.run_lock import lock_run
from core.runtime.disk.workspace import workspace
from core.runtime.process.malloc_arenas import limit_malloc_arenas
from core.runtime.progress import Reporter
from core.warehouse.lending import Lender


def plan_transfer(
    request: Request,
    *,
    exact: bool = False,
    former: Sequence[FormerRun] = (),
    cancel: Cancel | None = None,
    signed_in: Lender | None = None,
) -> Preview:
    """Preview what `run_transfer` would do. It reads samples and sends no request to the bucket.

    Args:
        request: the request of the transfer.
        exact: count the groups of the whole table, which takes as much work as engine `pushdown`.
        former: former deliveries by this machine, to estimate the duration.
        cancel: set it, from any thread, to stop.
        signed_in: as for `run_transfer`.

    Returns:
        The plan, the engine, the statements and the estimated cost.

    Raises:
        TransferError: as `run_transfer`, for failures that can be detected without a delivery.
    """
    run = RunSteps(request, Reporter(None), cancel, signed_in=signed_in)
    recipients = read_recipients(request.encrypt_to)
    with run.session() as connection:
        source, today = run.look(connection)
        sample = run.take_sample(connection, source)
        plan, choice = run.decide(source, sample, today)
        restatement = run.restate(connection, plan)
        plan = restatement.restrict(plan) if restatement else plan
        months = look_at_months(connection, plan, run.cancel, exact=exact)
        plan = refine_grain(plan, months)
        cost = estimate(request, plan, measure_widths(source.columns, sample), months, former)
        engine, job = ENGINES[choice.engine], run.make_job(connection, plan)
        copy = engine.copy_statement(job)
    url = job.destination.url(job.key)
    preview = Preview(plan, choice, engine.statement(plan), url, cost, request, copy)
    return replace(
        preview,
        demands=list_demands(request),
        conditions=list_conditions(request),
        destination=request.destination,
        schema=engine.schema(request, plan),
        manifest=job.destination.url(manifest_key(job.key, source.name.table))
        if request.manifest
        else "",
        restatement=restatement,
        success_file=job.destination.url(success_key(job.key)) if request.success_file else "",
        recipients=recipients.keys if recipients else (),
    )


def run_transfer(
    request: Request,
    *,
    on_event: Listener | None = None,
    cancel: Cancel | None = None,
    run_id: str | None = None,
    exclusive: bool = False,
    signed_in: Lender | None = None,
) -> Outcome | Skipped:
    """Transfer one table. It neither records the run nor sends the request's notifications.

    Args:
        request: the request of the transfer.
        on_event: called with the plan, with warnings, and with progress at most ten times a second;
            from worker threads, never from two at once.
        cancel: set it, from any thread, to stop: the query and the upload are aborted.
        run_id: the id of the run, which no other run has; if None, one is made.
        exclusive: end with a TemporaryError if another process runs the same transfer
            (`core.bucket.target.identify_run`) and is exclusive too.
        signed_in: lends an open session if one fits the request; otherwise the run signs in.

    Returns:
        The outcome, once the object is complete in the bucket and verified; or what is there, if
        the request leaves an existing object as it is.

    Raises:
        TransferError: the transfer failed; the class gives the kind of failure. If `outcome` of
            the error is None, nothing was delivered.
    """
    limit_malloc_arenas()
    if request.report:
        check_path(request.report)
    recipients = read_recipients(request.encrypt_to)
    run = RunSteps(request, Reporter(on_event), cancel, run_id, signed_in)
    with ExitStack() as held:
        bucket = held.enter_context(open_bucket(request, retry=run.retry))
        connection = held.enter_context(run.session(meanwhile=import_libraries))
        bucket.prepare()
        source, today = run.look(connection)
        if exclusive:
            held.enter_context(lock_run(*identify_run(request, source.name)))
        if request.if_exists == "skip" and (existing := run.find_existing(bucket, source, today)):
            return existing
        checked = run.check_ahead(bucket, source, today)
        if checked is not None:
            held.enter_context(checked)
        plan, choice = run.decide(source, run.take_sample(connection, source), today)
        restatement = run.restate(connection, plan)
        if restatement and not restatement.due:
            return restatement.skip(Destination.parse(request.bucket), source.name)
        plan = restatement.restrict(plan) if restatement else plan
        plan = check_grain(connection, plan, run.cancel)
        run.report(Planned(plan, choice, restatement, str(connection.account or "")))
        job = replace(run.make_job(connection, plan), checked=checked)
        with workspace() as directory:
            sweep(bucket, run.cancel)
            file = LocalFile.of(request, directory / "delivery", recipients)
            engine = ENGINES[choice.engine]
            check_completion(job, bucket)
            with explain_outdated(job, bucket):
                delivered = engine.deliver(job, bucket, file)
                schema = engine.schema(request, plan)
                manifest = write_completion(job, bucket, delivered, schema, directory)
            outcome = replace(
                Outcome.of(job, choice, delivered, recipients),
                manifest=manifest,
                restatement=restatement,
            )
            job.progress.report(Delivered(outcome.url, outcome.row_count, outcome.size))
            return verify_and_report(job, bucket, file, outcome)
