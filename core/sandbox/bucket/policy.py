"""What a bucket's owner demands of those who write to it: its policy, and who owns the objects.

moto evaluates no conditions in bucket policies, and lets every account read every object.

Sources: docs.aws.amazon.com, "Condition operators" (a negated operator matches a key that is
absent), "Policy keys" of Amazon S3, "Controlling ownership of objects", and "Troubleshoot access
denied (403 Forbidden) errors", which has the text of the refusals.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from core.sandbox.bucket.checks import S3Request
from core.sandbox.bucket.refusal import RefusalError, denied

# The headers whose values policies compare; none may have more than one.
KEYS: Final[Mapping[str, str]] = {
    "s3:x-amz-server-side-encryption": "x-amz-server-side-encryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id": "x-amz-server-side-encryption-aws-kms-key-id",
    "s3:x-amz-acl": "x-amz-acl",
    "s3:x-amz-storage-class": "x-amz-storage-class",
    "s3:if-none-match": "if-none-match",
}
_OPERATORS: Final[Mapping[str, Callable[[str | None, list[str]], bool]]] = {
    "StringEquals": lambda value, wanted: value in wanted,
    "StringNotEquals": lambda value, wanted: value not in wanted,
    "StringNotEqualsIfExists": lambda value, wanted: value is not None and value not in wanted,
    "Null": lambda value, wanted: str(value is None).lower() in wanted,
}
_READABLE: Final = frozenset({"bucket-owner-full-control", "bucket-owner-read"})


class Owners(Protocol):
    """The stored state, as far as ownership needs it."""

    def owner(self, bucket: str) -> str | None:
        """Return the account id that owns a bucket."""

    def policy(self, bucket: str) -> str | None:
        """Return the policy of a bucket."""

    def ownership(self, bucket: str) -> str:
        """Return the Object Ownership of a bucket."""

    def writer(self, bucket: str, key: str) -> tuple[str, str] | None:
        """Return the account that wrote an object, and the ACL that it gave; None if unknown."""


def check_demands(request: S3Request, store: Owners) -> None:
    """Raise `RefusalError` if the bucket's owner has ruled the request out."""
    _check_acl(request, store)
    if request.creates_object:
        text = store.policy(request.bucket)
        for statement in json.loads(text).get("Statement", []) if text else []:
            if statement.get("Effect") == "Deny" and _applies(statement, request):
                raise denied(
                    f"User: {request.user} is not authorized to perform: s3:PutObject on resource: "
                    f'"arn:aws:s3:::{request.bucket}/{request.key}" with an explicit deny in a '
                    "resource-based policy"
                )
    elif request.key and request.method in ("GET", "HEAD"):
        _check_reader(request, store)


def _check_acl(request: S3Request, store: Owners) -> None:
    """Refuse ACLs that a bucket without ACLs does not accept: all but the owner's full control."""
    acl = request.header("x-amz-acl")
    enforced = store.ownership(request.bucket) == "BucketOwnerEnforced"
    if request.creates_object and acl and enforced and acl != "bucket-owner-full-control":
        raise RefusalError(
            "400 Bad Request", "AccessControlListNotSupported", "The bucket does not allow ACLs"
        )


def _check_reader(request: S3Request, store: Owners) -> None:
    """Refuse the bucket's owner an object of another account, unless its ACL admits the owner."""
    found = store.writer(request.bucket, request.key)
    if found is None or store.ownership(request.bucket) == "BucketOwnerEnforced":
        return
    account, acl = found
    if account == request.account or request.account != store.owner(request.bucket):
        return
    if acl not in _READABLE:
        raise denied()


def _applies(statement: Mapping[str, Any], request: S3Request) -> bool:
    resource = f"arn:aws:s3:::{request.bucket}/{request.key}"
    if not _matches(statement.get("Action"), "s3:PutObject"):
        return False
    if not _matches(statement.get("Resource"), resource):
        return False
    return all(
        _OPERATORS[operator](request.header(KEYS[key]), _listed(wanted))
        for operator, keys in statement.get("Condition", {}).items()
        for key, wanted in keys.items()
    )


def _matches(patterns: Any, text: str) -> bool:
    return any(
        re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), text) for pattern in _listed(patterns)
    )


def _listed(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]
