"""Verify a delivery and write its report, if the request asks for them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from core.bucket import Bucket
from core.engines.engine import Job
from core.engines.local_file import LocalFile
from core.errors import LocalResourceError, TransferError
from core.events import Warned
from core.outcome import Outcome
from core.records.report import write_report

if TYPE_CHECKING:
    from core.verify.comparison import Comparison

_UNREAD: Final = (
    "The manifest was not compared with the objects: S3 does not let these credentials read them."
)


def verify_and_report(job: Job, bucket: Bucket, file: LocalFile, outcome: Outcome) -> Outcome:
    """Verify the delivery and write the report, if the request has them.

    Args:
        job: the transfer.
        bucket: where the delivery is.
        file: the local file, if this machine wrote the delivery.
        outcome: the delivery.

    Returns:
        The outcome, with the result of the verification.

    Raises:
        IntegrityError: the delivery differs from the source or from the totals of the run.
        TransferError: it could not be verified, or the report cannot be written. In every case
            `outcome` of the error is set, and its message says that the object is delivered.
    """
    request = job.request
    failure: TransferError | None = None
    if request.verify:
        from core.verify.failures import explain_unverified, find_mismatch

        try:
            comparison = _verify(job, bucket, file, outcome)
        except TransferError as error:
            failure = explain_unverified(outcome.url, error)
        else:
            outcome = replace(outcome, comparison=comparison)
            failure = find_mismatch(outcome.url, comparison)
    if request.report:
        try:
            write_report(request.report, request, outcome, failure)
        except LocalResourceError as error:
            from core.verify.failures import explain_unreported

            failure = failure or explain_unreported(outcome.url, error)
    if failure is not None:
        failure.outcome = outcome
        raise failure
    return outcome


def _verify(job: Job, bucket: Bucket, file: LocalFile, outcome: Outcome) -> Comparison:
    """Compare the delivery with a second query and with the object read back."""
    from core.verify.verify import Claim, verify_delivery

    local = file.path if file.path.exists() else None
    claim = Claim(
        job.plan,
        outcome.totals,
        outcome.query_id,
        outcome.objects,
        file,
        local,
        file.list_plain(),
    )
    directory, progress = file.path.parent, job.progress
    comparison = verify_delivery(
        job.connection, bucket, claim, directory, progress=progress, cancel=job.cancel
    )
    if comparison.agrees is None:
        job.progress.report(Warned(str(comparison)))
    if outcome.manifest and not outcome.manifest.check(bucket, job.cancel):
        job.progress.report(Warned(_UNREAD))
    return comparison
