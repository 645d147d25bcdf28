"""Finds and removes objects that Snowflake has written for a run.

All functions raise the exceptions of `Bucket.ask`, and stop waiting once `cancel` is set.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.bucket.bucket import Bucket
from core.connections.secrets import Secret
from core.errors import DestinationError
from core.runtime.cancel import Cancel

_AT_ONCE = 1_000  # keys of one DeleteObjects request, at most


def find(bucket: Bucket, prefix: str, cancel: Cancel, *, most: int | None = None) -> list[str]:
    """Return the keys that begin with `prefix`: all of them, or the first `most`."""

    def ask(client: Any, where: dict[str, str]) -> list[str]:
        pages = client.get_paginator("list_objects_v2").paginate(
            **where, Prefix=prefix, PaginationConfig={"MaxItems": most}
        )
        return [item["Key"] for page in pages for item in page.get("Contents", ())]

    return bucket.ask(ask, prefix, cancel=cancel)


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

    bucket.ask(ask, cancel=cancel)


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
