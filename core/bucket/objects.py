"""Finds, reads and removes objects that are in a bucket.

All functions raise the exceptions of `Bucket.ask`, and stop waiting once `cancel` is set.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

from core.bucket.bucket import Bucket
from core.connections.secrets import Secret
from core.errors import DestinationError
from core.runtime.cancel import Cancel, check
from core.runtime.deadline import Deadline

_CHUNK_BYTES = 1024 * 1024
_MOST_LISTED, _MOST_NEWEST = 10_000, 20
# Seconds to remove what a run has delivered; few after a cancellation, where the user waits.
_LONG, _SHORT = 30.0, 0.9
_AT_ONCE = 1_000  # keys of one DeleteObjects request, at most


def find(bucket: Bucket, prefix: str, cancel: Cancel, *, most: int | None = None) -> list[str]:
    """Return the keys that begin with `prefix`: all of them, or the first `most`."""

    def ask(client: Any, where: dict[str, str]) -> list[str]:
        pages = client.get_paginator("list_objects_v2").paginate(
            **where, Prefix=prefix, PaginationConfig={"MaxItems": most}
        )
        return [item["Key"] for page in pages for item in page.get("Contents", ())]

    return bucket.ask(ask, prefix, cancel=cancel)


def find_newest(bucket: Bucket, ending: str, cancel: Cancel) -> list[str]:
    """Return the newest keys below the destination that end in `ending`, newest first.

    At most 10,000 keys are listed, and 20 returned.
    """

    def ask(client: Any, where: dict[str, str]) -> list[str]:
        pages = client.get_paginator("list_objects_v2").paginate(
            **where, Prefix=bucket.destination.prefix, PaginationConfig={"MaxItems": _MOST_LISTED}
        )
        found = [
            (item["LastModified"], item["Key"])
            for page in pages
            for item in page.get("Contents", ())
            if item["Key"].endswith(ending)
        ]
        return [key for _, key in sorted(found, reverse=True)[:_MOST_NEWEST]]

    return bucket.ask(ask, bucket.destination.prefix, cancel=cancel)


def read_object(bucket: Bucket, key: str, most: int, cancel: Cancel) -> bytes | None:
    """Return the bytes of a small object; None if it may not be read, or is not there.

    Raises:
        DestinationError: it has more than `most` bytes.
    """
    parts: list[bytes] = []

    def restart() -> None:
        parts.clear()

    def take(chunk: bytes) -> None:
        parts.append(chunk)
        if sum(map(len, parts)) > most:
            raise DestinationError(f"{bucket.destination.url(key)} has more than {most:,} bytes.")

    return b"".join(parts) if _read(bucket, key, restart, take, cancel) else None


def hash_object(bucket: Bucket, key: str, cancel: Cancel) -> str | None:
    """Return the SHA-256 of an object, in hexadecimal; None if it may not be read."""
    found = hashlib.sha256()

    def restart() -> None:
        nonlocal found
        found = hashlib.sha256()

    def take(chunk: bytes) -> None:
        found.update(chunk)

    return found.hexdigest() if _read(bucket, key, restart, take, cancel) else None


def _read(
    bucket: Bucket,
    key: str,
    restart: Callable[[], None],
    take: Callable[[bytes], None],
    cancel: Cancel,
) -> bool:
    """Read an object from its start to its end; again from the start if the connection breaks."""

    def ask(client: Any, where: dict[str, str]) -> bool:
        from botocore.exceptions import ClientError

        from core.bucket.failures import DENIED, code_of, status_of

        restart()
        try:
            answer = client.get_object(**where, Key=key)
        except ClientError as error:
            if code_of(error) in DENIED or status_of(error) in (403, 404):
                return False
            raise
        with closing(answer["Body"]) as body:
            while chunk := body.read(_CHUNK_BYTES):
                check(cancel)
                take(chunk)
        return True

    return bucket.ask(ask, key, cancel=cancel)


def remove(bucket: Bucket, keys: Sequence[str], cancel: Cancel) -> None:
    """Remove objects that this run has written.

    Raises:
        DestinationError: one of them could not be removed.
    """

    def ask(client: Any, where: dict[str, str]) -> None:
        for first in range(0, len(keys), _AT_ONCE):
            named = [{"Key": key} for key in keys[first : first + _AT_ONCE]]
            answer = client.delete_objects(**where, Delete={"Objects": named, "Quiet": True})
            if answer.get("Errors"):
                raise DestinationError("S3 did not remove every object.")

    def ask_one_by_one(client: Any, where: dict[str, str]) -> None:
        for key in keys:
            check(cancel)
            client.delete_object(**where, Key=key)

    # DeleteObjects has a body, of which boto3 sends a checksum in any case, of a kind that not all
    # stores accept.
    bucket.ask(ask if bucket.sends_checksums else ask_one_by_one, cancel=cancel)


def remove_delivered(bucket: Bucket, keys: Sequence[str], *, hurried: bool) -> bool:
    """Remove objects of a run that has failed; return whether all of them are removed.

    Args:
        bucket: their bucket.
        keys: their keys.
        hurried: whether the user waits for the end.
    """
    try:
        remove(bucket, keys, Deadline(_SHORT if hurried else _LONG))
    except Exception:  # of any kind: the first error is the one that is reported
        return False
    return True


def get_aws_keys(bucket: Bucket, cancel: Cancel) -> tuple[Secret, ...]:
    """Return the AWS access key id, the secret key and, if there is one, the session token."""

    def ask(client: Any, _: dict[str, str]) -> tuple[Secret, ...]:
        from botocore.exceptions import NoCredentialsError

        # A client has no public attribute for its credentials; the session's may be others.
        held = client._request_signer._credentials
        if held is None:
            raise NoCredentialsError
        frozen = held.get_frozen_credentials()
        known = (frozen.access_key, frozen.secret_key, frozen.token)
        return tuple(Secret(each) for each in known if each)

    return bucket.ask(ask, cancel=cancel)
