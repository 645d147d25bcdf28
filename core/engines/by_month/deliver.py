"""Deliver one file for each month.

All local files are complete and their totals agree before the first one is uploaded. They are then
uploaded one after the other, each as a single file is. If one fails, those before it are removed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

from core.aggregation.delivered_months import DeliveredMonth
from core.bucket import Bucket, Delivery
from core.bucket.checks import check_destination
from core.bucket.objects import find, remove_delivered
from core.bucket.target import month_key
from core.engines.by_month.files import MonthFiles
from core.engines.deliver_file import WriteMonths, upload_file, warn_of_rows, warn_of_unguarded
from core.engines.engine import EngineResult, Job
from core.engines.local_file import LocalFile
from core.errors import CancelledError, DestinationError, DestinationExistsError, TransferError
from core.events import Phase
from core.remedy import Advice, Remedy, join_texts
from core.runtime.cancel import translate_cancellation

if TYPE_CHECKING:
    from core.planning.window import Window


def deliver_months(job: Job, bucket: Bucket, file: LocalFile, write: WriteMonths) -> EngineResult:
    """Write a file for each month with `write`, and upload them; raises as `Engine.deliver` does.

    Args:
        job: the transfer.
        bucket: the bucket to deliver to.
        file: the form of the files, and where they are written.
        write: reads the source and writes the months.
    """
    check_destination(bucket, _key(job, None), overwrite=True, cancel=job.cancel)
    _refuse_existing(job, bucket, _list_window(job.plan.window))
    files = MonthFiles.beside(file, job.plan)
    with translate_cancellation(job.cancel):
        written = write(
            job.connection,
            job.plan,
            files,
            budget=job.budget,
            progress=job.progress,
            cancel=job.cancel,
        )
    totals = written.totals
    job.checks.check(bucket, totals.groups, lambda: totals.months)
    _refuse_existing(job, bucket, [each.month for each in files.files])
    objects = _upload(job, bucket, files)
    warn_of_rows(job, totals)
    keys = tuple(each.name for each in job.plan.keys)
    months = tuple(
        DeliveredMonth(each.month, there.key, each.rows, there.size, each.sums, keys)
        for each, there in zip(files.files, objects, strict=True)
    )
    return EngineResult(job.key, objects, totals, written.first_rows, written.query_id, months)


def _key(job: Job, month: date | None) -> str:
    """Return the key of the file of a month."""
    return month_key(
        job.request,
        job.plan.source.name,
        job.plan.window,
        month,
        started=job.started,
        run_id=job.run_id,
    )


def _list_window(window: Window | None) -> list[date | None]:
    """Return the months that are read, if they are known before."""
    if window is None or window.since is None or window.until is None:
        return []
    return [*window.list_months(), *([None] if window.undated else [])]


def _refuse_existing(job: Job, bucket: Bucket, months: Sequence[date | None]) -> None:
    """Refuse to begin where a month has an object already, as far as the bucket may be listed.

    Raises:
        DestinationExistsError: one has, and it may not be replaced.
        TransferError: the bucket does not answer.
    """
    if job.overwrite or not months:
        return
    try:
        existing = set(find(bucket, job.key, job.cancel))
    except DestinationError:
        return  # it may not be listed: the upload is refused where an object exists
    if found := sorted(existing & {_key(job, month) for month in months}):
        raise DestinationExistsError(
            f"{bucket.destination.url(found[0])} exists already, one of {len(found):,} objects.",
            Advice(
                "A run that was killed may have left them. Allow them to be replaced: ",
                Remedy("if_exists", "overwrite"),
                ".",
            ),
        )


def _upload(job: Job, bucket: Bucket, files: MonthFiles) -> tuple[Delivery, ...]:
    """Upload the files in the order of their months."""
    plain = [each.path for each in files.files]
    paths = files.encrypt(plain, keep=job.request.verify, cancel=job.cancel)
    sizes = [path.stat().st_size for path in paths]
    job.progress.start(Phase.UPLOAD, total_bytes=sum(sizes))
    objects: list[Delivery] = []
    with _remove_on_failure(job, bucket, objects):
        for each, path in zip(files.files, paths, strict=True):
            done = sum(found.size for found in objects)
            key = _key(job, each.month)
            objects.append(upload_file(job, bucket, files, path, key, each.rows, done))
            path.unlink()
    job.progress.finish()
    warn_of_unguarded(job, objects)
    return tuple(objects)


@contextmanager
def _remove_on_failure(job: Job, bucket: Bucket, objects: list[Delivery]) -> Iterator[None]:
    """Remove the objects if the body fails; the hint of the error names what remains."""
    try:
        yield
    except TransferError as error:
        keys = [each.key for each in objects]
        if keys and (job.overwrite or not _remove(bucket, keys, error)):
            urls = f"{bucket.destination.url(keys[0])} to {bucket.destination.url(keys[-1])}"
            left = f"{len(keys):,} months are in the bucket, without the others: {urls}."
            error.hint = join_texts([error.hint, left])
            error.in_doubt = True
        raise


def _remove(bucket: Bucket, keys: Sequence[str], error: TransferError) -> bool:
    return remove_delivered(bucket, keys, hurried=isinstance(error, CancelledError))
