"""The manifest of a delivery: a JSON object beside it that is written last.

Whoever finds it may read the files that it lists: all of them are complete. It holds their rows,
bytes and SHA-256, the columns with their types, and where the rows come from.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from core.bucket import Bucket, Delivery
from core.bucket.delivery import make_metadata
from core.bucket.destination import make_safe
from core.bucket.objects import hash_object, read_object
from core.engines.engine import EngineResult, Job
from core.errors import IntegrityError
from core.runtime.disk.private_files import opener

if TYPE_CHECKING:
    from core.planning.delivered import DeliveredColumn
    from core.runtime.cancel import Cancel

SUFFIX: Final = ".manifest.json"
_VERSION: Final = 1
_LARGEST: Final = 64 * 1024 * 1024  # bytes of a manifest that is read


def manifest_key(key: str, table: str) -> str:
    """Return the key of the manifest of a delivery.

    Args:
        key: the key of the object, or the prefix of the files of several months: their manifest
            begins with `_`, which Spark, Hive and Athena leave out when they read a directory.
        table: the name of the table.
    """
    if key and not key.endswith("/"):
        return f"{key}{SUFFIX}"
    return f"{key}_{make_safe(table)}{SUFFIX}"


@dataclass(frozen=True)
class WrittenManifest:
    """A manifest in the bucket.

    Attributes:
        key: its key.
        data: its bytes.
        files: the delivered objects, with their checksums.
    """

    key: str
    data: bytes
    files: tuple[Delivery, ...]

    def check(self, bucket: Bucket, cancel: Cancel) -> bool:
        """Compare the manifest, and the checksums in it, with what is in the bucket.

        Returns:
            False if these credentials may not read it.

        Raises:
            IntegrityError: something differs.
            TransferError: the bucket does not answer.
        """
        found = read_object(bucket, self.key, _LARGEST, cancel)
        if found is None:
            return False
        if found != self.data:
            raise IntegrityError(f"{self.key} has other bytes than were delivered.")
        for each in self.files:
            checksum = hash_object(bucket, each.key, cancel)
            if checksum is None:
                return False
            if each.sha256 and checksum != each.sha256:
                raise IntegrityError(f"{each.key} has another SHA-256 than the manifest says.")
        return True


@dataclass(frozen=True)
class Manifest:
    """What a manifest in a bucket says of its delivery.

    Attributes:
        file_name, rows, timestamp: the result, as the result JSON has it.
        source: the full name of the table.
        size: the bytes of all files.
    """

    file_name: str
    rows: int
    timestamp: datetime
    source: str
    size: int

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Parse the bytes of a manifest.

        Raises:
            ValueError, TypeError, KeyError, RecursionError: they are no manifest.
        """
        values = json.loads(data)
        moment = datetime.fromisoformat(values["timestamp"]).astimezone(UTC)
        size = sum(int(each["bytes"]) for each in values["files"])
        name, source = str(values["file_name"]), str(values["source"])
        return cls(name, int(values["row_count"]), moment, source, size)


_NOT_A_MANIFEST: Final = (ValueError, TypeError, KeyError, RecursionError, OverflowError)


def read_manifest(bucket: Bucket, key: str, cancel: Cancel) -> Manifest | None:
    """Return the manifest at `key`; None if it is missing, may not be read, or is invalid.

    Raises:
        TransferError: the bucket does not answer.
    """
    data = read_object(bucket, key, _LARGEST, cancel)
    try:
        return None if data is None else Manifest.parse(data)
    except _NOT_A_MANIFEST:
        return None


def write_manifest(
    job: Job,
    bucket: Bucket,
    delivered: EngineResult,
    schema: Sequence[DeliveredColumn],
    directory: Path,
) -> WrittenManifest:
    """Write the manifest of a delivery.

    The SHA-256 of an object that Snowflake wrote is computed from the bytes in the bucket, which
    are read once. Without the permission to read them, it is null.

    Args:
        job: the transfer.
        bucket: the bucket of the delivery.
        delivered: the delivery.
        schema: its columns.
        directory: a private directory of this machine.

    Raises:
        TransferError: it cannot be written.
    """
    files = tuple(_with_checksum(bucket, each, job.cancel) for each in delivered.objects)
    key = manifest_key(job.key, job.plan.source.name.table)
    made = _describe(job, delivered, files, schema)
    data = (json.dumps(made, indent=2, ensure_ascii=False) + "\n").encode()
    write_beside(job, bucket, delivered, key, data, "application/json", directory / "manifest")
    return WrittenManifest(key, data, files)


def write_beside(
    job: Job,
    bucket: Bucket,
    delivered: EngineResult,
    key: str,
    data: bytes,
    content_type: str,
    path: Path,
) -> None:
    """Write an object that is about a delivery, with the metadata of its files.

    Args:
        job: the transfer.
        bucket: the bucket of the delivery.
        delivered: the delivery.
        key: the key of the object.
        data: its bytes.
        content_type: its media type.
        path: a new file for them, in a private directory of this machine.

    Raises:
        TransferError: it cannot be written.
    """
    with open(path, "wb", opener=opener) as file:
        file.write(data)
    bucket.upload(
        path,
        key,
        content_type=content_type,
        metadata=make_metadata(job.run_id, delivered.totals.groups, str(job.plan.source.name)),
        overwrite=job.overwrite,
        cancel=job.cancel,
    )


def _with_checksum(bucket: Bucket, delivery: Delivery, cancel: Cancel) -> Delivery:
    if delivery.sha256:
        return delivery
    return replace(delivery, sha256=hash_object(bucket, delivery.key, cancel) or "")


def _describe(
    job: Job,
    delivered: EngineResult,
    files: Sequence[Delivery],
    schema: Sequence[DeliveredColumn],
) -> dict[str, Any]:
    window = job.plan.window
    return {
        "version": _VERSION,
        "file_name": delivered.key,
        "row_count": delivered.totals.groups,
        "timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "source": str(job.plan.source.name),
        "window": window.as_dict() if window else None,
        "run_id": job.run_id,
        "format": job.request.format,
        "gzip": job.request.gzip,
        "columns": [column.as_dict() for column in schema],
        "files": [
            {
                "key": each.key,
                "row_count": each.rows,
                "bytes": each.size,
                "sha256": each.sha256 or None,
                "etag": each.etag or None,
            }
            for each in files
        ],
    }
