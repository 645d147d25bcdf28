"""Deliver a file that this machine writes: check the destination, write, upload."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from core.aggregation.reconciliation import RunTotals
from core.bucket import Bucket, Delivery
from core.bucket.checks import check_destination
from core.bucket.delivery import make_metadata
from core.engines.engine import EngineResult, Job
from core.engines.local_file import LocalFile, Written
from core.events import Phase, Warned
from core.output import content_type
from core.planning.names import join_names
from core.planning.plan import Plan
from core.remedy import Advice, Remedy
from core.runtime.cancel import Cancel, translate_cancellation
from core.runtime.memory_budget import Budget
from core.runtime.progress import Reporter

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

_UNGUARDED: Final = (
    "The store does not guarantee that an existing object is kept: the key was free right before "
    "the delivery, but an object that another writer created in that moment would be replaced."
)


class WriteMonths(Protocol):
    """A function that reads the source and writes the months of a plan to a file."""

    def __call__(
        self,
        connection: SnowflakeConnection,
        plan: Plan,
        file: LocalFile,
        *,
        budget: Budget,
        progress: Reporter,
        cancel: Cancel,
    ) -> Written:
        """See `core.engines.write_from_rows.write_months`."""


def deliver_file(job: Job, bucket: Bucket, file: LocalFile, write: WriteMonths) -> EngineResult:
    """Write the file with `write` and upload it; raises as `Engine.deliver` does."""
    if job.checked is not None:
        job.checked.result()
    else:
        check_destination(bucket, job.key, overwrite=job.overwrite, cancel=job.cancel)
    with translate_cancellation(job.cancel):
        written = write(
            job.connection,
            job.plan,
            file,
            budget=job.budget,
            progress=job.progress,
            cancel=job.cancel,
        )
    job.end_session()
    totals = written.totals
    job.checks.check(bucket, totals.groups, lambda: totals.months)
    delivery = upload(job, bucket, file, totals)
    return EngineResult(job.key, (delivery,), totals, written.first_rows, written.query_id)


def upload(job: Job, bucket: Bucket, file: LocalFile, totals: RunTotals) -> Delivery:
    """Upload the file, encrypted if the request asks for it.

    The object becomes visible after its checksum is verified, or never.

    Raises:
        DestinationExistsError, DestinationError: the bucket refuses the object.
        TransferError: the upload failed, or the run was cancelled.
    """
    (path,) = file.encrypt([file.path], keep=job.request.verify, cancel=job.cancel)
    job.progress.start(Phase.UPLOAD, total_bytes=path.stat().st_size)
    warn_of_rows(job, totals)
    delivery = upload_file(job, bucket, file, path, job.key, totals.groups)
    job.progress.finish()
    warn_of_unguarded(job, [delivery])
    return delivery


def upload_file(
    job: Job, bucket: Bucket, form: LocalFile, path: Path, key: str, rows: int, done: int = 0
) -> Delivery:
    """Upload one of the files of a run.

    Args:
        job: the transfer.
        bucket: the bucket to deliver to.
        form: the form of the file.
        path: the file.
        key: the key of the object.
        rows: its data rows.
        done: the bytes that the run has uploaded before.

    Raises:
        TransferError: as `upload`.
    """
    delivery = bucket.upload(
        path,
        key,
        content_type=content_type(form.format, form.gzip, form.recipients is not None),
        metadata=make_metadata(job.run_id, rows, str(job.plan.source.name)),
        overwrite=job.overwrite,
        on_progress=lambda sent, _: job.progress.set_bytes(done + sent),
        cancel=job.cancel,
    )
    return replace(delivery, rows=rows, sha256=_hash(job, path))


def warn_of_unguarded(job: Job, objects: Sequence[Delivery]) -> None:
    """Warn if the store does not guarantee that existing objects are kept."""
    if not all(each.guarded for each in objects):
        job.progress.report(Warned(_UNGUARDED))


def _hash(job: Job, path: Path) -> str:
    """Return the SHA-256 of a file if something is to be compared with it; else an empty text."""
    request = job.request
    if not (request.manifest or (request.verify and request.encrypt_to)):
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def warn_of_rows(job: Job, totals: RunTotals) -> None:
    """Warn of bad dates, of missing dates and of an empty delivery."""
    by_month = job.request.split_by is not None
    for warning in _warnings(job.plan, totals, by_month=by_month):
        job.progress.report(Warned(warning))


def _warnings(plan: Plan, totals: RunTotals, *, by_month: bool) -> Iterator[str]:
    name = plan.month.name
    if totals.bad_dates:
        shown = ", ".join(repr(value) for value in totals.bad_examples)
        dates = f"{totals.bad_dates:,} dates of {name}"
        yield f"{dates} cannot be parsed, such as {shown}: NULL month."
    empty = totals.null_dates - totals.bad_dates
    if empty:
        yield f"{empty:,} rows have no {name}: they are in the NULL month."
    if not totals.groups:
        of_months = f" of {plan.window}" if plan.window else ""
        end = "no file is delivered" if by_month else "the file has no rows"
        yield f"The table has only blank rows{of_months}, or none: {end}."
    if totals.large_numbers:
        yield Advice(
            f"{join_names(totals.large_numbers)}: numbers with more digits than a 64-bit float "
            "holds, which many readers of JSON round. Write them as text: ",
            Remedy("json_large_numbers", "text"),
            ".",
        )
