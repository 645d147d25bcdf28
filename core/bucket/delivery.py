"""The order to deliver a file, how the object is stored, and the delivery that results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

ROW_COUNT: Final = "amplify-row-count"
SOURCE: Final = "amplify-source"
# Most characters of the source's name, as S3 takes 2 KB of metadata in all.
_SOURCE_CHARACTERS: Final = 1_000


def make_metadata(run_id: str, rows: int, source: str) -> dict[str, str]:
    """Return the metadata of an object of a run.

    Args:
        run_id: the id of the run.
        rows: the data rows of the object.
        source: the full name of the table.
    """
    return {"amplify-run-id": run_id, ROW_COUNT: str(rows), SOURCE: write_source(source)}


def write_source(source: str) -> str:
    """Return the full name of a table as the metadata of an object holds it, in ASCII."""
    return quote(source)[:_SOURCE_CHARACTERS]


@dataclass(frozen=True)
class Delivery:
    """A delivered object.

    Attributes:
        bucket: the bucket, or the access point's ARN.
        key: the object's key.
        size: its bytes.
        etag: its ETag, without quotes.
        crc32: the CRC32 of the whole object, in base64 as S3 shows it.
        parts: the number of parts in which it was sent; 1 for a single request.
        guarded: whether the store is known to protect an existing object from being replaced, or
            replacing one was allowed.
        rows: its data rows; None if unknown.
        sha256: the SHA-256 of its bytes, in hexadecimal; empty if it was not computed.
    """

    bucket: str
    key: str
    size: int
    etag: str
    crc32: str
    parts: int
    guarded: bool = True
    rows: int | None = None
    sha256: str = ""


@dataclass(frozen=True)
class ObjectOptions:
    """How an object is stored, beyond what its bucket does by itself.

    Attributes:
        acl: the canned access list.
        sse: the server-side encryption.
        kms_key_id: the key of SSE-KMS.
        storage_class: the storage class.
        tags: the object's tags.
        metadata: metadata beside a run's own.
    """

    acl: str | None = None
    sse: str | None = None
    kms_key_id: str | None = None
    storage_class: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def arguments(self) -> dict[str, str]:
        """The arguments of PutObject and CreateMultipartUpload."""
        named = {
            "ACL": self.acl,
            "ServerSideEncryption": self.sse or ("aws:kms" if self.kms_key_id else None),
            "SSEKMSKeyId": self.kms_key_id,
            "StorageClass": self.storage_class,
            "Tagging": urlencode(self.tags),
        }
        return {name: value for name, value in named.items() if value}


NO_OPTIONS: Final = ObjectOptions()


@dataclass(frozen=True)
class Order:
    """A file to deliver, with the options of the upload.

    Attributes:
        path: the finished file.
        target: `Bucket`, `Key` and perhaps `ExpectedBucketOwner`: arguments of every request.
        content_type: the object's media type.
        metadata: the object's metadata.
        overwrite: whether an existing object may be replaced.
        checksums: whether to send CRC32 and size too, not only Content-MD5.
        part_size: bytes of a part; also the most that is sent in a single request.
        workers: parts sent at the same time.
        options: how the object is stored.
    """

    path: Path
    target: Mapping[str, str]
    content_type: str
    metadata: Mapping[str, str]
    overwrite: bool
    checksums: bool
    part_size: int
    workers: int
    options: ObjectOptions = NO_OPTIONS

    @property
    def attributes(self) -> dict[str, Any]:
        """The arguments that say how the object is stored."""
        return {
            "ContentType": self.content_type,
            "Metadata": dict(self.metadata),
            **self.options.arguments,
        }

    @property
    def guard(self) -> dict[str, str]:
        """The argument that protects an existing object."""
        return {} if self.overwrite else {"IfNoneMatch": "*"}

    def with_checksums(self, **arguments: Any) -> dict[str, Any]:
        """Return the arguments if the store supports checksums, else none."""
        return arguments if self.checksums else {}
