"""Objects that the warehouse writes to S3, streamed: one PutObject, or the parts of an upload."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.sandbox.warehouse import failures

PART_BYTES = 8 << 20  # of a multipart upload; S3 wants at least 5 MiB
_TIMEOUTS = {"connect_timeout": 10, "read_timeout": 60}


@dataclass(frozen=True)
class Place:
    """A bucket and the beginning of a key in it.

    `access` holds a boto3 client's arguments, `encryption` those of the start of an upload. `shown`
    is the place as a statement names it.
    """

    bucket: str
    key: str
    shown: str
    access: dict[str, str] = field(repr=False)
    encryption: dict[str, str] = field(default_factory=dict)

    def objects(self) -> Objects:
        """Return a connection to the bucket."""
        return Objects(self)


class Objects:
    """The warehouse's operations on a bucket. They raise Failure 91003 for every refusal of S3."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._client = client(tuple(place.access.items()))

    def holds(self, key: str, *, prefix: bool) -> bool:
        """Whether there is an object of that key, or one whose key begins so."""
        with _refusals():
            found = self._client.list_objects_v2(
                Bucket=self._place.bucket, Prefix=key, MaxKeys=1
            ).get("Contents", ())
        return any(prefix or each["Key"] == key for each in found)

    def listed(self) -> list[str]:
        """Return the keys of the objects that begin with the place's, in their order."""
        pages = self._client.get_paginator("list_objects_v2")
        with _refusals():
            found = pages.paginate(Bucket=self._place.bucket, Prefix=self._place.key)
            return [each["Key"] for page in found for each in page.get("Contents", ())]

    def download(self, key: str, file: Path) -> None:
        """Write an object into a file."""
        with _refusals(), file.open("wb") as target:
            body = self._client.get_object(Bucket=self._place.bucket, Key=key)["Body"]
            shutil.copyfileobj(body, target)

    def writer(self, key: str) -> ObjectWriter:
        """Return a writer of a new object, which exists after the writer has finished."""
        return ObjectWriter(self._client, self._place, key)


@lru_cache(maxsize=8)
def client(access: tuple[tuple[str, str], ...]) -> Any:
    """Return a boto3 client; it is slow to create, and all threads share it."""
    import boto3
    from botocore.config import Config

    config = Config(
        retries={"mode": "standard"},
        s3={"addressing_style": "path"},
        proxies={},  # the environment's lead away from here
        **_TIMEOUTS,
    )
    return boto3.session.Session().client("s3", config=config, **dict(access))


class ObjectWriter(io.RawIOBase):
    """A file whose bytes become one object; nothing is visible until `finish`."""

    def __init__(self, client: Any, place: Place, key: str) -> None:
        self._client = client
        self._address = {"Bucket": place.bucket, "Key": key}
        self._encryption = place.encryption
        self._pending = bytearray()
        self._upload: str | None = None
        self._parts: list[dict[str, Any]] = []
        self.size = 0

    def writable(self) -> bool:
        """Return true."""
        return True

    def tell(self) -> int:
        """Return the number of bytes so far."""
        return self.size

    def write(self, data: Any) -> int:
        """Append bytes, and send a part whenever there is enough for one."""
        taken = memoryview(data).cast("B")
        self._pending += taken
        self.size += len(taken)
        while len(self._pending) >= PART_BYTES:
            self._send(self._pending[:PART_BYTES])
            del self._pending[:PART_BYTES]
        return len(taken)

    def finish(self) -> None:
        """Send the rest; the object is there, whole, when this returns."""
        with _refusals():
            if self._upload is None:
                self._client.put_object(
                    Body=bytes(self._pending), **self._address, **self._encryption
                )
            else:
                if self._pending:
                    self._send(self._pending)
                self._client.complete_multipart_upload(
                    UploadId=self._upload,
                    MultipartUpload={"Parts": self._parts},
                    **self._address,
                )
                self._upload = None
        self._pending = bytearray()

    def withdraw(self) -> None:
        """Remove the object that `finish` has made."""
        with _refusals():
            self._client.delete_object(**self._address)

    def abandon(self) -> None:
        """Remove the parts of an object that has not been finished."""
        self._pending = bytearray()
        if self._upload is not None:
            with suppress(Exception):  # the first error is the one that is reported
                self._client.abort_multipart_upload(UploadId=self._upload, **self._address)
            self._upload = None

    def _send(self, data: bytearray) -> None:
        with _refusals():
            if self._upload is None:
                begun = self._client.create_multipart_upload(**self._address, **self._encryption)
                self._upload = begun["UploadId"]
            number = len(self._parts) + 1
            sent = self._client.upload_part(
                UploadId=self._upload, PartNumber=number, Body=bytes(data), **self._address
            )
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})


@contextmanager
def _refusals() -> Iterator[None]:
    """Raise S3's errors as Snowflake reports them."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        response = error.response
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        code = response.get("Error", {}).get("Code", "Unknown")
        message = str(response.get("Error", {}).get("Message", "")).rstrip(".")
        raise stage_failure(f"{message} (Status Code: {status}; Error Code: {code})") from error
    except BotoCoreError as error:
        raise stage_failure(str(error)) from error


def stage_failure(cause: str) -> failures.Failure:
    """Return error 91003: the cloud storage refused, or could not be reached."""
    return failures.Failure(91003, "22000", f"Failure using stage area. Cause: [{cause}]")
