"""What answers of S3 mean: error codes, and whether the same request may succeed later."""

from __future__ import annotations

from typing import Any

from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from core.errors import TemporaryError
from core.runtime.aws import errors as aws_errors
from core.runtime.certificates import find_refusal

# A part that arrived damaged: sending it again helps.
DAMAGED = frozenset({"BadDigest", "XAmzContentSHA256Mismatch", "InvalidDigest", "IncompleteBody"})
# The upload is gone, or another request took precedence: only a new upload helps.
OVERTAKEN = frozenset({"NoSuchUpload", "ConditionalRequestConflict", "OperationAborted"})
# There is no upload to be aborted.
GONE = frozenset({"NoSuchUpload", "NoSuchBucket"})
EXISTS = frozenset({"PreconditionFailed", "412"})
DENIED = frozenset({"AccessDenied", "AllAccessDisabled", "403"})


class StrangeAnswerError(Exception):
    """An answer that lacks a field of every answer of S3: another service has answered."""


# botocore's parsers raise ValueError and KeyError for well-formed XML with unexpected content.
STRANGE = (StrangeAnswerError, ResponseParserError, ValueError, KeyError)
# The exceptions that a request to S3 may raise.
FAILURES = (ClientError, BotoCoreError, *STRANGE)


def code_of(error: BaseException) -> str:
    """Return S3's error code, or '' for a failure that S3 did not report."""
    if isinstance(error, ClientError):
        return aws_errors.get_code(error.response)
    return ""


def status_of(error: BaseException) -> int:
    """Return the HTTP status of an error response, or 0."""
    return aws_errors.get_status(error.response) if isinstance(error, ClientError) else 0


def is_temporary(error: BaseException) -> bool:
    """Whether the same request may succeed later."""
    if isinstance(error, ClientError):
        return aws_errors.is_temporary(error.response)
    if find_refusal(error):  # of a certificate
        return False
    return isinstance(error, (boto.HTTPClientError, boto.ConnectionError, *STRANGE))


def find_retry_reason(error: Exception) -> TemporaryError | None:
    """Return why a failed request should be tried again; None if that would not help."""
    if not is_temporary(error):
        return None
    reason = f"{status_of(error) or ''} {code_of(error) or type(error).__name__}".strip()
    return TemporaryError(reason, again=True, retry_after=_read_retry_after(error))


def _read_retry_after(error: BaseException) -> float:
    """Return the seconds that S3 asks to wait; 0 for a date, which would need S3's clock."""
    asked = str(read_metadata(error).get("HTTPHeaders", {}).get("retry-after", ""))
    return float(asked) if asked.isdecimal() else 0.0


def read_metadata(error: BaseException) -> dict[str, Any]:
    """Return what botocore says of the response itself; empty for other errors."""
    if isinstance(error, ClientError):
        return dict(error.response.get("ResponseMetadata", {}))
    return {}
