"""What answers of S3 and of its stores mean: the class of the error, its words, and its remedy."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from botocore import exceptions as boto
from botocore.exceptions import ClientError

from core.bucket.failures import StrangeAnswerError, translate
from core.errors import (
    DestinationError,
    DestinationExistsError,
    IntegrityError,
    LocalResourceError,
    TemporaryError,
    TransferError,
    UsageError,
)

URL = "s3://partner/in/a.parquet"
MARKER = "hidden-words"


def said(
    code: str,
    status: int,
    operation: str = "PutObject",
    message: str = "",
    given: frozenset[str] = frozenset(),
    **headers: str,
) -> TransferError:
    """The error for an answer."""
    answer: Any = {
        "Error": {"Code": code, "Message": f"{message} {MARKER}"},
        "ResponseMetadata": {
            "HTTPStatusCode": status,
            "HTTPHeaders": {name.replace("_", "-"): value for name, value in headers.items()},
        },
    }
    return translate(ClientError(answer, operation), URL, given)


def check(error: TransferError, kind: type[TransferError], words: str) -> None:
    """The error is of this very class, has these words and a hint, and hides what it must."""
    assert type(error) is kind
    with pytest.raises(kind, match=words):
        raise error
    assert error.hint
    assert MARKER not in str(error)


@pytest.mark.parametrize(
    ("code", "status", "kind", "words"),
    [
        ("PreconditionFailed", 412, DestinationExistsError, "exists already"),
        ("412", 412, DestinationExistsError, "exists already"),
        ("QuotaExceeded", 403, DestinationError, "no room"),
        ("XMinioStorageFull", 507, DestinationError, "no room"),
        ("507", 507, DestinationError, "no room"),
        ("413", 413, DestinationError, "too large for what answers"),
        ("NoSuchBucket", 404, DestinationError, "Bucket partner does not exist"),
        ("404", 404, DestinationError, "does not exist"),
        ("RequestTimeTooSkewed", 403, DestinationError, "clock is off"),
        ("PermanentRedirect", 301, DestinationError, "another region"),
        ("AccessControlListNotSupported", 400, DestinationError, "no access lists"),
        ("InvalidStorageClass", 400, DestinationError, "storage class"),
        ("InvalidTag", 400, DestinationError, "refuses the tags"),
        ("NotImplemented", 501, DestinationError, "lacks a function"),
        ("BadDigest", 400, IntegrityError, "arrived damaged"),
        ("InvalidPart", 400, IntegrityError, "arrived damaged"),
        ("InvalidPartOrder", 400, IntegrityError, "arrived damaged"),
        ("EntityTooLarge", 400, UsageError, "breaks a limit"),
        ("KeyTooLongError", 400, UsageError, "breaks a limit"),
        ("AccessDenied", 403, DestinationError, "may not write"),
        ("403", 403, DestinationError, "may not write"),
        ("KMS.DisabledException", 400, DestinationError, "may not write"),
        ("SlowDown", 503, TemporaryError, "did not take"),
        ("InternalError", 500, TemporaryError, "did not take"),
        ("NoSuchUpload", 404, TemporaryError, "did not take"),
        ("ConditionalRequestConflict", 409, TemporaryError, "did not take"),
        ("ExpiredToken", 400, DestinationError, "refuses the credentials"),
        ("SomethingNew", 400, DestinationError, r"refuses s3://partner/in/a\.parquet \(Something"),
    ],
)
def test_an_answer(code: str, status: int, kind: type[TransferError], words: str) -> None:
    check(said(code, status), kind, words)


@pytest.mark.parametrize("status", [400, 403])
@pytest.mark.parametrize("given", [frozenset({"role_arn"}), frozenset()])
def test_a_role_that_is_refused(status: int, given: frozenset[str]) -> None:
    """By STS: with 403, or with 400 for a role that does not admit the request."""
    error = said("ValidationError", status, "AssumeRole", given=given)
    assert type(error) is DestinationError
    assert "refuses to assume the role" in error.message
    assert ("of the AWS profile" in error.message) is not given
    assert type(said("InternalFailure", 500, "AssumeRole", given=given)) is TemporaryError


@pytest.mark.parametrize("status", [400, 501])
def test_checksums_that_a_store_refuses(status: int) -> None:
    message = "Unsupported header 'x-amz-sdk-checksum-algorithm' received"
    error = said("InvalidArgument", status, message=message)
    assert "refuses the checksums of AWS" in error.message
    assert [(r.option, r.value) for r in error.remedies] == [("checksums", "required-only")]
    assert "checksums" not in said("InvalidArgument", 500, message=message).message


def test_a_whole_that_is_refused_although_its_parts_were_not() -> None:
    error = said("BadDigest", 400, "CompleteMultipartUpload")
    assert type(error) is IntegrityError
    assert "although it has accepted" in error.message
    assert "although" not in said("BadDigest", 400, "UploadPart").message


@pytest.mark.parametrize(
    ("named", "remedy"), [("eu-west-1", "eu-west-1"), ("not a region;", None), ("", None)]
)
def test_another_region_is_named_if_it_is_one(named: str, remedy: str | None) -> None:
    error = said("PermanentRedirect", 301, x_amz_bucket_region=named)
    assert [(r.option, r.value) for r in error.remedies] == [("region", remedy)]


@pytest.mark.parametrize(
    ("message", "given", "words", "not_words"),
    [
        ("not authorized to perform: s3:PutObjectAcl", {"acl"}, "s3:PutObjectAcl is needed", "KMS"),
        ("not authorized to perform: s3:PutObjectAcl", set(), "s3:PutObject is needed", "Acl is"),
        ("s3:PutObjectTagging", {"tags"}, "s3:PutObjectTagging is needed", "KMS"),
        ("not authorized to perform: kms:GenerateDataKey", set(), "The KMS key refuses", "owner"),
        ("with an explicit deny in a resource-based policy", set(), "policy refuses", "needed"),
        (
            "",
            {"acl", "tags"},
            "s3:PutObject and s3:PutObjectAcl and s3:PutObjectTagging are",
            "KM ",
        ),
        ("", {"expected_bucket_owner"}, "the bucket must belong to", "explicit"),
    ],
)
def test_a_denial_says_what_is_needed(
    message: str, given: set[str], words: str, not_words: str
) -> None:
    error = said("AccessDenied", 403, message=message, given=frozenset(given))
    assert words in error.hint
    assert not_words not in error.hint


def test_a_denial_by_the_code_of_a_kms_key_says_what_is_needed() -> None:
    assert "kms:GenerateDataKey" in said("KMS.DisabledException", 400).hint
    assert "The KMS key refuses" in said("KMS.DisabledException", 400).hint
    assert "The KMS key refuses" not in said("AccessDenied", 403).hint


def test_what_is_given_already_is_not_asked_for() -> None:
    demands = frozenset({"sse", "kms_key_id", "acl", "request_payer", "role_arn"})
    asked = {remedy.option for remedy in said("AccessDenied", 403).remedies}
    assert asked == demands
    rest = said("AccessDenied", 403, given=frozenset({"sse", "acl"})).remedies
    assert {remedy.option for remedy in rest} == demands - {"sse", "acl"}


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (boto.NoCredentialsError(), DestinationError, "no AWS credentials"),
        (
            boto.PartialCredentialsError(provider="env", cred_var=MARKER),
            DestinationError,
            "or they are incomplete",
        ),
        (boto.ProfileNotFound(profile=MARKER), UsageError, "no such AWS profile"),
        (boto.UnauthorizedSSOTokenError(), DestinationError, "sign-in has expired"),
        (
            boto.TokenRetrievalError(provider="sso", error_msg=MARKER),
            DestinationError,
            "sign-in has expired",
        ),
        (
            boto.CredentialRetrievalError(provider="process", error_msg=MARKER),
            DestinationError,
            "could not be loaded",
        ),
        (boto.InvalidConfigError(error_msg=MARKER), DestinationError, "could not be loaded"),
        (boto.NoRegionError(), UsageError, "region is missing"),
        (boto.InvalidRegionError(region_name=MARKER), UsageError, "region is missing or invalid"),
        (boto.ParamValidationError(report=MARKER), UsageError, "client rejects the request for s3"),
        (boto.EndpointConnectionError(endpoint_url=MARKER), TemporaryError, "not be reached"),
        (boto.DataNotFoundError(data_path=MARKER), DestinationError, "client failed for s3"),
        (StrangeAnswerError(MARKER), TemporaryError, "did not come from S3"),
        (OSError(errno.EIO, MARKER), LocalResourceError, r"cannot be read \(EIO\)"),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Exception) else "",
)
def test_an_error_before_any_answer(
    error: Exception, kind: type[TransferError], words: str
) -> None:
    check(translate(error, URL), kind, words)


def test_an_error_of_ours_stays_and_a_defect_is_raised() -> None:
    ours = IntegrityError("Rows are missing.")
    assert translate(ours, URL) is ours
    with pytest.raises(ZeroDivisionError):
        translate(ZeroDivisionError(), URL)
