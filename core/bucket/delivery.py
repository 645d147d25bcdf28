"""The order to deliver a file, and the delivery that results from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


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
    """

    bucket: str
    key: str
    size: int
    etag: str
    crc32: str
    parts: int


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
    """

    path: Path
    target: Mapping[str, str]
    content_type: str
    metadata: Mapping[str, str]
    overwrite: bool
    checksums: bool
    part_size: int
    workers: int

    @property
    def attributes(self) -> dict[str, Any]:
        """The arguments that give the object its type and its metadata."""
        return {"ContentType": self.content_type, "Metadata": dict(self.metadata)}

    @property
    def guard(self) -> dict[str, str]:
        """The argument that protects an existing object."""
        return {} if self.overwrite else {"IfNoneMatch": "*"}

    def with_checksums(self, **arguments: Any) -> dict[str, Any]:
        """Return the arguments if the store supports checksums, else none."""
        return arguments if self.checksums else {}
