"""What shows that a delivery is complete: its manifest, and the empty object `_SUCCESS`.

They are written last. Where a delivery replaces an earlier one, those of the earlier are removed
before its files are, since they would say of new files what holds of the old.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.bucket import Bucket
from core.bucket.checks import check_destination
from core.bucket.objects import remove_delivered
from core.engines.engine import EngineResult, Job
from core.errors import CancelledError, TransferError
from core.records.manifest import WrittenManifest, manifest_key, write_beside, write_manifest
from core.remedy import join_texts

if TYPE_CHECKING:
    from core.planning.delivered import DeliveredColumn
    from core.request.request import Request

# Its name at Hadoop, Spark and what reads their output. Readers leave out names that begin with _.
SUCCESS: Final = "_SUCCESS"


def success_key(key: str) -> str:
    """Return the key of the empty object of a delivery: in the directory of its files.

    Args:
        key: the key of the object, or the prefix of several.
    """
    directory, slash, _ = key.rpartition("/")
    return f"{directory}{slash}{SUCCESS}"


def list_completion_keys(request: Request, key: str, table: str) -> tuple[str, ...]:
    """Return the keys that a run writes after its files, in their order.

    Args:
        request: the request.
        key: the key of the object, or the prefix of several.
        table: the name of the table.
    """
    manifest = [manifest_key(key, table)] if request.manifest else []
    return (*manifest, *([success_key(key)] if request.success_file else []))


def check_completion(job: Job, bucket: Bucket) -> None:
    """Check before the table is read that these objects may be written.

    Raises:
        DestinationExistsError: there is one, and it may not be replaced.
        TransferError: the bucket refuses it, or does not answer.
    """
    for key in list_completion_keys(job.request, job.key, job.plan.source.name.table):
        check_destination(bucket, key, overwrite=job.overwrite, cancel=job.cancel)


@contextmanager
def explain_outdated(job: Job, bucket: Bucket) -> Iterator[None]:
    """Have an error say that the manifest of the delivery before is gone, if the body fails."""
    try:
        yield
    except TransferError as error:
        if gone := job.checks.removed:
            urls = " and ".join(map(bucket.destination.url, gone))
            text = f"{urls} was removed, since files of the earlier delivery were to be replaced."
            error.hint = join_texts([error.hint, text])
        raise


def write_completion(
    job: Job,
    bucket: Bucket,
    delivered: EngineResult,
    schema: Sequence[DeliveredColumn],
    directory: Path,
) -> WrittenManifest | None:
    """Write the manifest and the empty object, as far as the request asks for them.

    Args:
        job: the transfer.
        bucket: the bucket of the delivery.
        delivered: the delivery.
        schema: its columns.
        directory: a private directory of this machine.

    Returns:
        The manifest; None if it was not asked for.

    Raises:
        TransferError: one cannot be written. The objects of the delivery are removed, or the hint
            names them.
    """
    request, manifest = job.request, None
    keys = [each.key for each in delivered.objects]
    if request.manifest:
        with _remove_on_failure(job, bucket, delivered, keys, "manifest"):
            manifest = write_manifest(job, bucket, delivered, schema, directory)
        keys.append(manifest.key)
    if request.success_file:
        with _remove_on_failure(job, bucket, delivered, keys, SUCCESS):
            key, path = success_key(delivered.key), directory / "success"
            write_beside(job, bucket, delivered, key, b"", "application/octet-stream", path)
    return manifest


@contextmanager
def _remove_on_failure(
    job: Job, bucket: Bucket, delivered: EngineResult, keys: Sequence[str], what: str
) -> Iterator[None]:
    """Remove the objects if the body fails; the hint of the error names what remains.

    Objects that may have replaced others are not removed: nothing would be there then.
    """
    try:
        yield
    except TransferError as error:
        where, hurried = bucket.destination.url(delivered.key), isinstance(error, CancelledError)
        if error.in_doubt:  # it may be there: then the delivery is complete
            left = f"{where} is delivered; whether its {what} was written is not known."
        elif job.overwrite or not remove_delivered(bucket, keys, hurried=hurried):
            left = f"{where} is in the bucket, without its {what}."
        else:
            left = ""
        error.hint = join_texts([error.hint, left])
        error.in_doubt = bool(left)
        raise
