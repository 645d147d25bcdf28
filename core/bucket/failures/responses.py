"""Translates the refusals of S3, and of STS, into errors of core.errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from botocore.exceptions import ClientError

from core.bucket.failures.codes import (
    DAMAGED,
    DENIED,
    EXISTS,
    OVERTAKEN,
    code_of,
    is_temporary,
    read_metadata,
    status_of,
)
from core.errors import (
    DestinationError,
    DestinationExistsError,
    IntegrityError,
    TemporaryError,
    TransferError,
    UsageError,
)
from core.remedy import Advice, Remedy, join_remedies
from core.runtime.aws import errors as aws_errors
from core.runtime.aws.errors import CREDENTIALS

_REGION = frozenset(
    {
        "PermanentRedirect",
        "AuthorizationHeaderMalformed",
        "IllegalLocationConstraintException",
        "301",
        "307",
    }
)
_REGION_NAME = re.compile(r"[a-z0-9-]{2,32}")


@dataclass(frozen=True)
class _Answer:
    """A response that refuses a request.

    Attributes:
        code: S3's error code, or the HTTP status as text.
        status: the HTTP status.
        message: S3's message; searched for words, and never shown.
        operation: the request, as boto3 names it.
        region: the bucket's region, if the answer names it.
        url: the object or bucket of the request.
        given: the names of the options that the request sets.
    """

    code: str
    status: int
    message: str
    operation: str
    region: str
    url: str
    given: frozenset[str]


def translate_response(error: ClientError, url: str, given: frozenset[str]) -> TransferError:
    """Return the error of core.errors for a response that refuses a request."""
    answer = _Answer(
        code_of(error),
        status_of(error),
        aws_errors.get_message(error.response),
        error.operation_name,
        _read_region(error),
        url,
        given,
    )
    if answer.code in EXISTS:
        return DestinationExistsError(
            f"{url} exists already.",
            Advice("Allow it to be replaced: ", Remedy("if_exists", "overwrite"), "."),
        )
    for matches, make in _RESPONSES:
        if matches(answer):
            return make(answer)
    if is_temporary(error) or answer.code in OVERTAKEN:
        return TemporaryError(f"S3 did not take {url} ({answer.code}).", "Try again later.")
    return DestinationError(
        f"S3 refuses {url} ({answer.code or answer.status}).",
        "Look the code up in the documentation of S3, or ask the owner of the bucket.",
    )


def _extract_bucket(url: str) -> str:
    """Return the bucket of `s3://bucket/key`, which may be the ARN of an access point."""
    parts = url.removeprefix("s3://").split("/")
    return "/".join(parts[: 2 if parts[0].endswith(":accesspoint") else 1])


def _match_codes(codes: Iterable[str]) -> Callable[[_Answer], bool]:
    return lambda answer: answer.code in codes


def _refuses_checksums(answer: _Answer) -> bool:
    """Whether a store refuses the checksum headers, as Backblaze, R2 and Swift do."""
    return answer.status in (400, 501) and _CHECKSUMS.search(answer.message) is not None


def _miscomputes(answer: _Answer) -> bool:
    """Whether the whole is refused, although each part has arrived with its own checksums."""
    return answer.operation == "CompleteMultipartUpload" and answer.code in DAMAGED


def _explain_region(answer: _Answer) -> TransferError:
    return DestinationError(
        f"{answer.url} is in another region ({answer.code}).",
        Advice(
            "Set the bucket's region: ",
            Remedy("region", answer.region or None),
            ", AWS_DEFAULT_REGION or the AWS profile.",
        ),
    )


def _explain_denial(answer: _Answer) -> TransferError:
    """Explain a 403 by the words of its message, or by what the bucket may demand.

    The words are those of docs.aws.amazon.com, "Troubleshoot access denied (403 Forbidden) errors".
    """
    what = f"The credentials may not write to {answer.url} ({answer.code})."
    message, given = answer.message, answer.given
    for option, permission in _PERMISSIONS.items():
        if permission in message and option in given:
            return DestinationError(
                what,
                Advice(
                    f"{permission} is needed, since ", Remedy(option), " is set; or leave it out."
                ),
            )
    if "kms:" in message or answer.code.startswith("KMS."):
        return DestinationError(
            what,
            Advice(
                "The KMS key refuses it: kms:GenerateDataKey and kms:Decrypt are needed, and the "
                "key must exist in the bucket's region: ",
                Remedy("kms_key_id"),
                ".",
            ),
        )
    missing = [Remedy(name, value) for name, value in _DEMANDS.items() if name not in given]
    asked = (
        Advice("ask its owner whether it demands ", join_remedies(missing))
        if missing
        else "ask its owner"
    )
    if "explicit deny" in message:
        return DestinationError(what, Advice("The bucket's policy refuses it: ", asked, "."))
    needed = ["s3:PutObject", *(_PERMISSIONS[name] for name in _PERMISSIONS if name in given)]
    hints: list[str | Remedy] = [f"{' and '.join(needed)} {'are' if needed[1:] else 'is'} needed; "]
    hints += ["with a KMS key also kms:GenerateDataKey and kms:Decrypt; "]
    if "expected_bucket_owner" in given:
        hints += ["the bucket must belong to ", Remedy("expected_bucket_owner"), "; "]
    return DestinationError(what, Advice(*hints, asked, "."))


# What the permissions are called that an option needs beside s3:PutObject.
_PERMISSIONS: Final = {"acl": "s3:PutObjectAcl", "tags": "s3:PutObjectTagging"}
# The options with which a request meets what a bucket's policy may demand, and a usual value.
_DEMANDS: Final[dict[str, str | bool | None]] = {
    "sse": "aws:kms",
    "kms_key_id": None,
    "acl": "bucket-owner-full-control",
    "request_payer": True,
    "role_arn": None,
}
_CHECKSUMS: Final = re.compile(r"x-amz-(checksum|sdk-checksum|trailer)|aws-chunked", re.IGNORECASE)
# AWS and Ceph; MinIO, with the HTTP status 507 (github.com/minio/minio, cmd/api-errors.go).
_FULL: Final = frozenset(
    {"QuotaExceeded", "StorageFull", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded"}
)
_WITHOUT_CHECKSUMS: Final = Advice("Send none: ", Remedy("checksums", "required-only"), ".")


def _refuses_role(answer: _Answer) -> bool:
    return answer.operation == "AssumeRole" and answer.status in (400, 403)


_RESPONSES: list[tuple[Callable[[_Answer], bool], Callable[[_Answer], TransferError]]] = [
    (
        _match_codes(CREDENTIALS),
        lambda answer: DestinationError(
            f"AWS refuses the credentials for {answer.url} ({answer.code}).",
            CREDENTIALS[answer.code],
        ),
    ),
    (
        lambda answer: _refuses_role(answer) and "role_arn" not in answer.given,
        lambda answer: DestinationError(
            f"AWS refuses to assume the role of the AWS profile for {answer.url} ({answer.code}).",
            "Check the code of the second factor, if it asks for one, and the profile: its "
            "source_profile needs sts:AssumeRole, and the role's trust policy must name that "
            "account.",
        ),
    ),
    (
        _refuses_role,
        lambda answer: DestinationError(
            f"AWS refuses to assume the role for {answer.url} ({answer.code}).",
            Advice(
                "Check ",
                Remedy("role_arn"),
                ": its trust policy must name the account of these credentials, which need "
                "sts:AssumeRole; and ",
                Remedy("external_id"),
                ", if its owner demands one.",
            ),
        ),
    ),
    (
        lambda answer: answer.code in _FULL or answer.status == HTTPStatus.INSUFFICIENT_STORAGE,
        lambda answer: DestinationError(
            f"The store has no room for {answer.url} ({answer.code}).",
            "Its owner must raise the quota, or remove objects.",
        ),
    ),
    (
        lambda answer: answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        lambda answer: DestinationError(
            f"A request for {answer.url} is too large for what answers there (413).",
            "A proxy or gateway before the store limits the size of requests; its owner must "
            "allow 17 MB (client_max_body_size in nginx).",
        ),
    ),
    (
        _match_codes({"NoSuchBucket", "404"}),
        lambda answer: DestinationError(
            f"Bucket {_extract_bucket(answer.url)} does not exist.",
            "Check the bucket's name, the region and the account.",
        ),
    ),
    (
        _match_codes({"RequestTimeTooSkewed"}),
        lambda answer: DestinationError(
            "This machine's clock is off by more than 15 minutes; S3 refuses its requests.",
            "Set the clock.",
        ),
    ),
    (_match_codes(_REGION), _explain_region),
    (
        _match_codes({"AccessControlListNotSupported"}),
        lambda answer: DestinationError(
            f"The bucket of {answer.url} has no access lists: its owner owns every object.",
            Advice("Leave out ", Remedy("acl"), "."),
        ),
    ),
    (
        _match_codes({"InvalidStorageClass"}),
        lambda answer: DestinationError(
            f"The bucket of {answer.url} does not have this storage class.",
            Advice("Choose another, or none: ", Remedy("storage_class"), "."),
        ),
    ),
    (
        _match_codes({"InvalidTag"}),
        lambda answer: DestinationError(
            f"S3 refuses the tags of {answer.url}.", Advice("Check ", Remedy("tags"), ".")
        ),
    ),
    (
        _refuses_checksums,
        lambda answer: DestinationError(
            f"The store of {answer.url} refuses the checksums of AWS ({answer.code}).",
            _WITHOUT_CHECKSUMS,
        ),
    ),
    (
        _match_codes({"NotImplemented"}),
        lambda answer: DestinationError(
            f"The store of {answer.url} lacks a function that safe delivery needs.",
            Advice(
                "Deliver without it: ",
                join_remedies(
                    [Remedy("checksums", "required-only"), Remedy("if_exists", "overwrite")]
                ),
                ".",
            ),
        ),
    ),
    (
        _miscomputes,
        lambda answer: IntegrityError(
            f"The store refuses {answer.url} as damaged ({answer.code}), although it has accepted "
            "the checksums of all parts.",
            Advice(
                "Run again. If it stays, the store computes the checksum of the whole wrongly. ",
                _WITHOUT_CHECKSUMS,
            ),
        ),
    ),
    (
        lambda answer: answer.code in DAMAGED or answer.code in {"InvalidPart", "InvalidPartOrder"},
        lambda answer: IntegrityError(
            f"{answer.url} arrived damaged and was not accepted ({answer.code}).",
            "Check the network between here and S3.",
        ),
    ),
    (
        _match_codes({"EntityTooLarge", "EntityTooSmall", "KeyTooLongError", "MetadataTooLarge"}),
        lambda answer: UsageError(
            f"{answer.url} breaks a limit of S3 ({answer.code}).",
            "Use a shorter name, or a smaller file: fewer columns, or a compressed format.",
        ),
    ),
    (
        lambda answer: (
            answer.status == HTTPStatus.FORBIDDEN
            or answer.code in DENIED
            or answer.code.startswith("KMS.")
        ),
        _explain_denial,
    ),
]


def _read_region(error: ClientError) -> str:
    """Return the region of the bucket that an answer names, or an empty string."""
    named = error.response.get("Error", {}).get("Region") or read_metadata(error).get(
        "HTTPHeaders", {}
    ).get("x-amz-bucket-region")
    return str(named) if named and _REGION_NAME.fullmatch(str(named)) else ""
