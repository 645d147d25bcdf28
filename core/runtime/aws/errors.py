"""The error codes that all AWS services share.

Codes of a single service are in the module that uses it: S3's in `core.bucket.failures`, those of
the secret stores in `core.connections.aws_secrets`. This module does not import botocore.

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
# What to do where AWS's certificate is refused.
OF_PROXY: Final = (
    "If a proxy of your network replaces it, name a file with the proxy's certificate authority in "
    "AWS_CA_BUNDLE."
)
_EXPIRED: Final = "The session has expired; sign in again."
_UNKNOWN_KEY: Final = "The access key is unknown; check the AWS profile or the environment."
_OTHER_SECRET: Final = "The secret key does not match the access key."  # noqa: S105
# Codes for refused credentials, with the cause and the remedy.
CREDENTIALS: Final[Mapping[str, str]] = {
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "InvalidAccessKeyId": _UNKNOWN_KEY,
    "InvalidClientTokenId": _UNKNOWN_KEY,
    "InvalidSignatureException": _OTHER_SECRET,
    "InvalidToken": "The session token does not match the keys; sign in again.",
    "SignatureDoesNotMatch": _OTHER_SECRET,
    "TokenRefreshRequired": _EXPIRED,
    "UnrecognizedClientException": _UNKNOWN_KEY,
}
_LONGEST: Final = 100  # characters of a code that are shown
_LONGEST_MESSAGE: Final = 2_000  # characters of a message that are searched


def get_code(response: Mapping[str, Any]) -> str:
    """Return the error code in the `response` of botocore's ClientError; empty if absent."""
    return str(response.get("Error", {}).get("Code", ""))[:_LONGEST]


def get_message(response: Mapping[str, Any]) -> str:
    """Return the message in the `response` of botocore's ClientError; empty if absent.

    It may name keys, users and policies: look for words in it, and never show it.
    """
    return str(response.get("Error", {}).get("Message", ""))[:_LONGEST_MESSAGE]


def get_status(response: Mapping[str, Any]) -> int:
    """Return the HTTP status in the `response` of botocore's ClientError; 0 if absent."""
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def is_temporary(response: Mapping[str, Any]) -> bool:
    """Whether the error code or the HTTP status says that the request may succeed later."""
    return get_code(response) in TEMPORARY or get_status(response) in _TEMPORARY_STATUS
