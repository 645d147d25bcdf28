"""Answer as other S3 stores do, for a bucket whose tag `sandbox-store` names one of them.

A bucket without the tag answers as AWS does. The tag is set with PutBucketTagging, so that a test
needs no other way to the server. Objects encrypted with KMS have an ETag that is no MD5, at AWS too
(docs.aws.amazon.com, "Checking object integrity": "Objects encrypted by SSE-C or SSE-KMS have ETags
that are not an MD5 digest of their object data").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from core.sandbox.bucket.checks import S3Request
from core.sandbox.bucket.refusal import RefusalError, denied

TAG: Final = "sandbox-store"
AWS: Final = "AmazonS3"  # the header Server of AWS

_CHECKSUM_HEADERS: Final = re.compile(r"HTTP_X_AMZ_(CHECKSUM_\w+|SDK_CHECKSUM_ALGORITHM|TRAILER)")
_ETAG: Final = re.compile(rb'(<ETag>(?:"|&quot;)?)([0-9a-f]{32})')
_ENCRYPTION: Final = "x-amz-server-side-encryption"
_MASK: Final = int("5a" * 16, 16)  # turns a true MD5 into the ETag of an encrypted object, and back

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Habits:
    """What a store does in another way than AWS.

    Attributes:
        server: the header Server of its answers.
        checksums: whether it accepts checksum headers.
        conditions: whether it obeys If-None-Match when it writes.
        owners: whether it checks the expected owner.
        etags: whether GetObject and HeadObject return an ETag.
        whole_md5: whether the ETag of a multipart object is the MD5 of all its bytes.
        whole_crc32: whether it computes the CRC32 of a whole multipart object rightly.
        payer: whether other accounts than the owner's must agree to pay.
    """

    server: str = AWS
    checksums: bool = True
    conditions: bool = True
    owners: bool = True
    etags: bool = True
    whole_md5: bool = False
    whole_crc32: bool = True
    payer: bool = False


STORES: Final[Mapping[str, Habits]] = {
    # "Unsupported header 'x-amz-checksum-crc32' received for this API call." (diced/zipline#746,
    # cyberduck#16107, which shows the header Server too). Conditional writes are not among the
    # headers that B2 documents (backblaze.com/apidocs/s3-put-object).
    "backblaze-b2": Habits("nginx", checksums=False, conditions=False, owners=False),
    "no-conditions": Habits("nginx", conditions=False),
    "no-etags": Habits("nginx", etags=False),
    "whole-md5": Habits("nginx", whole_md5=True),  # as localbucket and some gateways
    "wrong-crc32": Habits("nginx", whole_crc32=False),
    "no-owners": Habits("nginx", owners=False),
    # docs.aws.amazon.com, "Using Requester Pays buckets": without the header, 403.
    "requester-pays": Habits(payer=True),
}


class Contents(Protocol):
    """The stored state, as far as the habits need it."""

    def habits(self, bucket: str) -> Habits:
        """Return the habits that the bucket's tag names."""

    def default_encryption(self, bucket: str) -> Mapping[str, str]:
        """Return the default encryption of a bucket, as the headers of a request."""

    def key(self, bucket: str, key: str) -> Any:
        """Return an object, or None."""

    def upload(self, bucket: str, upload_id: str) -> Any:
        """Return an unfinished multipart upload, or None."""

    def owner(self, bucket: str) -> str | None:
        """Return the account id that owns a bucket."""


def receive(request: S3Request, store: Contents) -> None:
    """Change a request to what the store sees of it.

    Raises:
        RefusalError: the store refuses the request.
    """
    habits, environ = store.habits(request.bucket), request.environ
    if not habits.checksums and (sent := next(filter(_CHECKSUM_HEADERS.fullmatch, environ), None)):
        name = sent.removeprefix("HTTP_").replace("_", "-").lower()
        raise RefusalError(
            "400 Bad Request",
            "InvalidArgument",
            f"Unsupported header '{name}' received for this API call.",
        )
    foreign = request.account != store.owner(request.bucket)
    if habits.payer and foreign and request.header("x-amz-request-payer") != "requester":
        raise denied()
    completes = request.method == "POST" and request.upload_id is not None
    if not habits.whole_crc32 and completes and request.header("x-amz-checksum-crc32"):
        raise RefusalError(
            "400 Bad Request", "BadDigest", "The CRC32 you specified did not match what we computed"
        )
    if not habits.conditions and request.method in ("PUT", "POST"):
        environ.pop("HTTP_IF_NONE_MATCH", None)
    if not habits.owners:
        environ.pop("HTTP_X_AMZ_EXPECTED_BUCKET_OWNER", None)
    creates = request.method == "PUT" or "uploads" in request.query
    if request.key and creates and not request.upload_id and not request.header(_ENCRYPTION):
        environ.update(store.default_encryption(request.bucket))


def translate_etags(request: S3Request, store: Contents) -> bytes:
    """Replace the ETags that the client was shown by those of moto; return the new body."""
    found = store.key(request.bucket, request.key) if request.key else None
    asked = (request.header("if-match") or "").strip('"')
    if found is not None and asked and asked == _shown(found, store.habits(request.bucket)):
        request.environ["HTTP_IF_MATCH"] = found.etag
    upload = store.upload(request.bucket, request.upload_id) if request.upload_id else None
    if request.method == "POST" and upload is not None and _is_keyed(upload.sse_encryption):
        return _ETAG.sub(lambda match: match[1] + _mask(match[2].decode()).encode(), request.body)
    return request.body


@dataclass(frozen=True)
class Presenter:
    """Changes the answer to a request to what the store shows of it.

    Attributes:
        request: the request.
        store: the state behind it.
        upload: the upload that the request is part of, as it was before it; or None.
    """

    request: S3Request
    store: Contents
    upload: Any

    @classmethod
    def of(cls, request: S3Request, store: Contents) -> Presenter:
        """Return the presenter of a request that has not been answered yet."""
        upload = store.upload(request.bucket, request.upload_id) if request.upload_id else None
        return cls(request, store, upload)

    def present(self, status: str, headers: Headers, body: list[bytes]) -> list[bytes]:
        """Change the headers of an answer in place; return its body."""
        request = self.request
        habits = self.store.habits(request.bucket)
        headers[:] = [(n, v) for n, v in headers if n.lower() != "server"]
        headers.append(("Server", habits.server))
        if not (status.startswith("2") and request.key):
            return body
        named = {name.lower() for name, _ in headers}
        encryption = self.upload.sse_encryption if self.upload is not None else None
        if encryption and _ENCRYPTION not in named:
            headers.append((_ENCRYPTION, encryption))
        etag = self._find_etag(habits)
        if etag and "etag" in named:
            shown = habits.etags or request.method not in ("GET", "HEAD")
            headers[:] = [(n, v) for n, v in headers if n.lower() != "etag"]
            headers += [("ETag", f'"{etag}"')] if shown else []
        if etag and request.method == "POST" and request.upload_id:
            changed = [
                re.sub(rb"[0-9a-f]{32}(-\d+)?(?=(&quot;|\")?</ETag>)", etag.encode(), block)
                for block in body
            ]
            _set_length(headers, changed)
            return changed
        return body

    def _find_etag(self, habits: Habits) -> str:
        request = self.request
        if self.upload is not None and request.method == "PUT":
            part = self.upload.parts.get(int(request.query["partNumber"][0]))
            return _shown(part, Habits()) if part else ""
        found = self.store.key(request.bucket, request.key)
        return _shown(found, habits) if found is not None else ""


def _shown(found: Any, habits: Habits) -> str:
    """Return the ETag of an object or a part as the store shows it."""
    etag: str = found.etag.strip('"')
    digest, dash, count = etag.partition("-")
    if dash and habits.whole_md5:
        import hashlib

        return hashlib.md5(found.value, usedforsecurity=False).hexdigest()
    return f"{_mask(digest)}{dash}{count}" if _is_keyed(found.encryption) else etag


def _mask(digest: str) -> str:
    return f"{int(digest, 16) ^ _MASK:032x}"


def _is_keyed(encryption: str | None) -> bool:
    return (encryption or "").startswith("aws:kms")


def _set_length(headers: Headers, body: list[bytes]) -> None:
    if any(name.lower() == "content-length" for name, _ in headers):
        headers[:] = [(n, v) for n, v in headers if n.lower() != "content-length"]
        headers.append(("Content-Length", str(sum(map(len, body)))))
