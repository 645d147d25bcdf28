"""What the error codes mean that all services of AWS share.

Those of one service are with the code that asks it: S3's in `core.bucket.failures`, those of the
services that keep secrets in `core.connections.aws_secrets`. Imports nothing of botocore.

Sources: docs.aws.amazon.com, "Common Errors" of Secrets Manager, Systems Manager and STS; "Error
responses" of Amazon S3.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

# The same request may succeed later.
TEMPORARY: Final = frozenset(
    {
        "InternalError",
        "InternalServerError",
        "InternalServiceError",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequests",
    }
)
_TEMPORARY_STATUS: Final = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
_EXPIRED: Final = "The session has expired; sign in again."
_UNKNOWN_KEY: Final = "The access key is unknown; check the AWS profile or the environment."
_OTHER_SECRET: Final = "The secret key does not fit the access key."  # noqa: S105
# The credentials are refused, and what to do about it.
CREDENTIALS: Final[Mapping[str, str]] = {
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "InvalidAccessKeyId": _UNKNOWN_KEY,
    "InvalidClientTokenId": _UNKNOWN_KEY,
    "InvalidSignatureException": _OTHER_SECRET,
    "InvalidToken": "The session token does not fit the keys; sign in again.",
    "SignatureDoesNotMatch": _OTHER_SECRET,
    "UnrecognizedClientException": _UNKNOWN_KEY,
}
_LONGEST: Final = 100  # characters of a code, which are shown


def code_in(response: Mapping[str, Any]) -> str:
    """The error code in the `response` of botocore's ClientError; empty if there is none."""
    return str(response.get("Error", {}).get("Code", ""))[:_LONGEST]


def status_in(response: Mapping[str, Any]) -> int:
    """The HTTP status in the `response` of botocore's ClientError, or 0."""
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def is_temporary(response: Mapping[str, Any]) -> bool:
    """Whether the same request may succeed later, by the code or the status of its answer."""
    return code_in(response) in TEMPORARY or status_in(response) in _TEMPORARY_STATUS
