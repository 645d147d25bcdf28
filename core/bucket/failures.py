"""Translates errors of S3 and boto3 into those of core.errors.

A driver's message may hold keys and signatures: it is chained as the cause, never repeated.
Imports botocore, so this module is imported only when a bucket is used.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable
from typing import Any

from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from core.errors import (
    DestinationError,
    DestinationExistsError,
    IntegrityError,
    LocalResourceError,
    TemporaryError,
    TransferError,
    UsageError,
)
from core.remedy import Advice, Remedy
from core.runtime.aws import errors as aws_errors
from core.runtime.aws.errors import CREDENTIALS

# A part that arrived damaged: sending it again helps.
DAMAGED = frozenset({"BadDigest", "XAmzContentSHA256Mismatch", "InvalidDigest", "IncompleteBody"})
# The upload is gone, or another request took precedence: only a new upload helps.
OVERTAKEN = frozenset({"NoSuchUpload", "ConditionalRequestConflict", "OperationAborted"})
# There is no upload to be aborted.
GONE = frozenset({"NoSuchUpload", "NoSuchBucket"})
EXISTS = frozenset({"PreconditionFailed", "412"})
DENIED = frozenset({"AccessDenied", "AllAccessDisabled", "403"})

_REGION = frozenset(
    {
        "PermanentRedirect",
        "AuthorizationHeaderMalformed",
        "IllegalLocationConstraintException",
        "301",
        "307",
    }
)


class StrangeAnswerError(Exception):
    """An answer that lacks a field of every answer of S3: another service has answered."""


# botocore's parsers raise ValueError and KeyError for well-formed XML with unexpected content.
_STRANGE = (StrangeAnswerError, ResponseParserError, ValueError, KeyError)
# The exceptions that a request to S3 may raise.
FAILURES = (ClientError, BotoCoreError, *_STRANGE)


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
    return isinstance(error, (boto.HTTPClientError, boto.ConnectionError, *_STRANGE))


def find_retry_reason(error: Exception) -> TemporaryError | None:
    """Return why a failed request should be tried again; None if that would not help."""
    if not is_temporary(error):
        return None
    reason = f"{status_of(error) or ''} {code_of(error) or type(error).__name__}".strip()
    return TemporaryError(reason, again=True, retry_after=_read_retry_after(error))


def translate(error: Exception, url: str) -> TransferError:
    """Return the error of core.errors for a failure.

    Args:
        error: an exception of boto3, or of reading the file.
        url: the object or bucket of the request.

    Raises:
        Exception: `error` itself, if it is of another kind: a defect.
    """
    if isinstance(error, TransferError):
        return error
    if isinstance(error, ClientError):
        return _translate_response(error, url)
    if isinstance(error, BotoCoreError):
        return _translate_client_error(error, url)
    if isinstance(error, _STRANGE):
        return TemporaryError(
            f"The answer for {url} did not come from S3.",
            "Check the endpoint URL, and whether a proxy or a sign-in page of the network "
            "answers instead; then try again.",
        )
    if isinstance(error, OSError):
        what = errno.errorcode.get(error.errno or 0, "an input/output error")
        return LocalResourceError(
            f"The finished file cannot be read ({what}).", "Check the disk of AMPLIFY_SPILL_DIR."
        )
    raise error


def _translate_response(error: ClientError, url: str) -> TransferError:
    code, status = code_of(error), status_of(error)
    if code in EXISTS:
        return DestinationExistsError(
            f"{url} exists already.",
            Advice("Allow it to be replaced: ", Remedy("if_exists", "overwrite"), "."),
        )
    for matches, make in _RESPONSES:
        if matches(code, status):
            return make(code, url)
    if is_temporary(error) or code in OVERTAKEN:
        return TemporaryError(f"S3 did not take {url} ({code}).", "Try again later.")
    return DestinationError(
        f"S3 refuses {url} ({code or status}).",
        "Look the code up in the documentation of S3, or ask the owner of the bucket.",
    )


def _extract_bucket(url: str) -> str:
    """Return the bucket of `s3://bucket/key`, which may be the ARN of an access point."""
    parts = url.removeprefix("s3://").split("/")
    return "/".join(parts[: 2 if parts[0].endswith(":accesspoint") else 1])


def _match_codes(codes: Iterable[str]) -> Callable[[str, int], bool]:
    return lambda code, _: code in codes


_Make = Callable[[str, str], TransferError]
_RESPONSES: list[tuple[Callable[[str, int], bool], _Make]] = [
    (
        _match_codes(CREDENTIALS),
        lambda code, url: DestinationError(
            f"AWS refuses the credentials for {url} ({code}).", CREDENTIALS[code]
        ),
    ),
    (
        _match_codes({"NoSuchBucket", "404"}),
        lambda code, url: DestinationError(
            f"Bucket {_extract_bucket(url)} does not exist.",
            "Check the bucket's name, the region and the account.",
        ),
    ),
    (
        _match_codes({"RequestTimeTooSkewed"}),
        lambda code, url: DestinationError(
            "This machine's clock is off by more than 15 minutes; S3 refuses its requests.",
            "Set the clock.",
        ),
    ),
    (
        _match_codes(_REGION),
        lambda code, url: DestinationError(
            f"{url} is in another region ({code}).", "Set the bucket's region in the AWS profile."
        ),
    ),
    (
        _match_codes({"NotImplemented"}),
        lambda code, url: DestinationError(
            f"The store of {url} lacks a function that safe delivery needs.",
            Advice("Deliver without it: ", Remedy("if_exists", "overwrite"), "."),
        ),
    ),
    (
        lambda code, _: code in DAMAGED or code in {"InvalidPart", "InvalidPartOrder"},
        lambda code, url: IntegrityError(
            f"{url} arrived damaged and was not accepted ({code}).",
            "Check the network between here and S3.",
        ),
    ),
    (
        _match_codes({"EntityTooLarge", "EntityTooSmall", "KeyTooLongError", "MetadataTooLarge"}),
        lambda code, url: UsageError(
            f"{url} breaks a limit of S3 ({code}).",
            "Use a shorter name, or a smaller file: fewer columns, or a compressed format.",
        ),
    ),
    (
        lambda code, status: status == 403 or code in DENIED or code.startswith("KMS."),
        lambda code, url: DestinationError(
            f"The credentials may not write to {url} ({code}).",
            "s3:PutObject is needed; with a KMS key also kms:GenerateDataKey and kms:Decrypt; "
            "and the bucket must belong to the expected owner, if one is set.",
        ),
    ),
]


def _translate_client_error(error: BotoCoreError, url: str) -> TransferError:
    """Return the error of core.errors for an exception of boto3's own, by its class."""
    if isinstance(error, (boto.NoCredentialsError, boto.PartialCredentialsError)):
        return DestinationError(
            "There are no AWS credentials, or they are incomplete.",
            "Name an AWS profile, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
            "or run on a machine that has a role.",
        )
    if isinstance(error, boto.ProfileNotFound):
        return UsageError(
            "There is no such AWS profile.", "`aws configure list-profiles` lists them."
        )
    if isinstance(
        error, (boto.SSOError, boto.TokenRetrievalError, boto.UnauthorizedSSOTokenError)
    ) or type(error).__name__.startswith("Login"):
        return DestinationError("The AWS sign-in has expired.", "Run `aws sso login`.")
    if isinstance(error, (boto.CredentialRetrievalError, boto.InvalidConfigError)):
        return DestinationError(
            "The AWS credentials could not be loaded.", "Check the AWS profile's configuration."
        )
    if isinstance(error, (boto.NoRegionError, boto.InvalidRegionError)):
        return UsageError("The AWS region is missing or invalid.", "Set it in the AWS profile.")
    if isinstance(error, boto.ParamValidationError):
        return UsageError(f"S3's client rejects the request for {url}.", "Check bucket and key.")
    if is_temporary(error):
        return TemporaryError(
            f"S3 could not be reached for {url} ({type(error).__name__}).",
            "Check the network and the endpoint URL; then try again.",
        )
    return DestinationError(
        f"The S3 client failed for {url} ({type(error).__name__}).",
        "Check the AWS profile and the endpoint URL.",
    )


def _read_retry_after(error: BaseException) -> float:
    """Return the seconds that S3 asks to wait; 0 for a date, which would need S3's clock."""
    asked = str(_read_metadata(error).get("HTTPHeaders", {}).get("retry-after", ""))
    return float(asked) if asked.isdecimal() else 0.0


def _read_metadata(error: BaseException) -> dict[str, Any]:
    if isinstance(error, ClientError):
        return dict(error.response.get("ResponseMetadata", {}))
    return {}
