"""Translates errors of S3 and boto3 into those of core.errors.

A driver's message may hold keys and signatures: it is chained as the cause, never repeated.
Imports botocore, so this package is imported only when a bucket is used.
"""

from __future__ import annotations

import errno

from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError

from core.bucket.failures.codes import (
    DAMAGED,
    DENIED,
    EXISTS,
    FAILURES,
    GONE,
    OVERTAKEN,
    STRANGE,
    StrangeAnswerError,
    code_of,
    find_retry_reason,
    is_temporary,
    status_of,
)
from core.bucket.failures.responses import translate_response
from core.errors import (
    DestinationError,
    LocalResourceError,
    TemporaryError,
    TransferError,
    UsageError,
)
from core.remedy import Advice, Remedy
from core.runtime.aws.errors import OF_PROXY
from core.runtime.certificates import find_refusal

__all__ = [
    "DAMAGED",
    "DENIED",
    "EXISTS",
    "FAILURES",
    "GONE",
    "OVERTAKEN",
    "StrangeAnswerError",
    "code_of",
    "find_retry_reason",
    "is_temporary",
    "status_of",
    "translate",
]


def translate(error: Exception, url: str, given: frozenset[str] = frozenset()) -> TransferError:
    """Return the error of core.errors for a failure.

    Args:
        error: an exception of boto3, or of reading the file.
        url: the object or bucket of the request.
        given: the names of the options that the request sets.

    Raises:
        Exception: `error` itself, if it is of another kind: a defect.
    """
    if isinstance(error, TransferError):
        return error
    if isinstance(error, ClientError):
        return translate_response(error, url, given)
    if isinstance(error, BotoCoreError):
        return _translate_client_error(error, url)
    if isinstance(error, STRANGE):
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
        return UsageError(
            "The AWS region is missing or invalid.",
            Advice("Set ", Remedy("region"), ", AWS_DEFAULT_REGION or the AWS profile."),
        )
    if isinstance(error, boto.ParamValidationError):
        return UsageError(f"S3's client rejects the request for {url}.", "Check bucket and key.")
    if refused := find_refusal(error):
        return DestinationError(
            f"The certificate of the store of {url} is not trusted: {refused}.", OF_PROXY
        )
    if is_temporary(error):
        return TemporaryError(
            f"S3 could not be reached for {url} ({type(error).__name__}).",
            "Check the network and the endpoint URL; then try again.",
        )
    return DestinationError(
        f"The S3 client failed for {url} ({type(error).__name__}).",
        "Check the AWS profile and the endpoint URL.",
    )
