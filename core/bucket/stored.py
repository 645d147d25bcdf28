"""What is stored under a key now: whether there is an object, and whether its bytes are the file's.

Imports botocore, so this module is imported only when a bucket is used.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from contextlib import closing
from typing import Any, Final

from botocore.exceptions import ClientError

from core.bucket.failures import DENIED, StrangeAnswerError, code_of, is_temporary, status_of

_CHUNK_BYTES: Final = 1024 * 1024
# The header Server of stores that document If-None-Match for PutObject and
# CompleteMultipartUpload: docs.aws.amazon.com, "How to prevent object overwrites with conditional
# writes"; blog.min.io, "Leading the Way: MinIO's Conditional Write Feature".
_GUARDING: Final = frozenset({"AmazonS3", "MinIO"})


def refuse_existing(client: Any, target: Mapping[str, str]) -> None:
    """Fail as S3 does if an object exists that must not be replaced.

    For stores that ignore If-None-Match: what is created between this request and the next one is
    still replaced there.

    Args:
        client: a boto3 S3 client.
        target: `Bucket`, `Key` and further arguments of every request.

    Raises:
        ClientError: PreconditionFailed, the object exists; or a temporary failure. If the
            permissions do not allow to look, nothing is raised.
        StrangeAnswerError: the answer did not come from S3
            (https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html).
    """
    try:
        answer = client.head_object(**target)
    except ClientError as error:
        if is_temporary(error):
            raise
        return
    if "LastModified" not in answer:  # S3 always gives it; a sign-in page of the network does not
        raise StrangeAnswerError("the answer to HeadObject has no Last-Modified")
    raise ClientError({"Error": {"Code": "PreconditionFailed"}}, "HeadObject")


def is_guarding(response: Mapping[str, Any]) -> bool:
    """Whether the store that answered is known to obey If-None-Match when it writes."""
    headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return headers.get("server") in _GUARDING


def has_bytes(client: Any, target: Mapping[str, str], size: int, crc32: str) -> bool | None:
    """Whether the stored object has a size and a CRC32; None if it may not be read.

    Args:
        client: a boto3 S3 client.
        target: `Bucket`, `Key` and further arguments of every request.
        size: the bytes of the file.
        crc32: their CRC32, in base64.

    Raises:
        ClientError, BotoCoreError: the request failed for another reason.
    """
    try:
        answer = client.get_object(**target)
    except ClientError as error:
        if code_of(error) in DENIED or status_of(error) == 403:
            return None
        raise
    with closing(answer["Body"]) as body:
        if answer["ContentLength"] != size:
            return False
        found = 0
        while chunk := body.read(_CHUNK_BYTES):
            found = zlib.crc32(chunk, found)
    return base64.b64encode(found.to_bytes(4, "big")).decode() == crc32
