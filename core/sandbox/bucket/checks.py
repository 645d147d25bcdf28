"""The checks that AWS makes and moto does not.

Each refusal has the status, the code and the message of the S3 API reference
(https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html).
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from core.sandbox.bucket.refusal import Environ, RefusalError
from core.sandbox.bucket.signature import HEX_SHA256

MAX_KEY_BYTES = 1024
MAX_METADATA_BYTES = 2048
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
BUCKET_NAME = re.compile(r"(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
# Checksums of the standard library; CRC32C and CRC64NVME are not verified.
CHECKSUMS: dict[str, Callable[[bytes], bytes]] = {
    "crc32": lambda data: zlib.crc32(data).to_bytes(4, "big"),
    "sha1": lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    "sha256": lambda data: hashlib.sha256(data).digest(),
}


class Backing(Protocol):
    """The stored state, as far as the checks need it."""

    def owner(self, bucket: str) -> str | None:
        """Return the account id that owns a bucket; None if there is no such bucket."""

    def upload(self, bucket: str, upload_id: str) -> Any:
        """Return an unfinished multipart upload, or None."""

    def key(self, bucket: str, key: str) -> Any:
        """Return an object, or None if it does not exist or is deleted."""

    def mirror(self, bucket: str, key: str) -> None:
        """Bring the copy of one object up to date."""

    def mirror_bucket(self, bucket: str) -> None:
        """Bring the copy of a bucket up to date."""


@dataclass
class S3Request:
    """The parts of a request that the checks need (path-style addressing).

    Attributes:
        environ: the WSGI environment.
        body: the whole body.
        account: the account id of who signed it.
        user: the ARN of who signed it.
        method: the HTTP method.
        bucket, key: the names in the path; empty if absent.
        query: the parameters.
    """

    environ: Environ
    body: bytes
    account: str = ""
    user: str = ""
    method: str = field(init=False)
    bucket: str = field(init=False)
    key: str = field(init=False)
    query: dict[str, list[str]] = field(init=False)

    def __post_init__(self) -> None:
        url = urlsplit("http://sandbox" + self.environ["RAW_URI"])
        self.method = self.environ["REQUEST_METHOD"]
        self.bucket, _, self.key = (unquote(p) for p in url.path.lstrip("/").partition("/"))
        self.query = parse_qs(url.query, keep_blank_values=True)

    def header(self, name: str) -> str | None:
        """Return the value of a header by its wire name, or None."""
        value: str | None = self.environ.get("HTTP_" + name.upper().replace("-", "_"))
        return value

    @property
    def creates_object(self) -> bool:
        """Whether it is PutObject or CreateMultipartUpload, which say how an object is stored."""
        starts = self.method == "POST" and "uploads" in self.query
        return bool(self.key) and (starts or (self.method == "PUT" and not self.query))

    @cached_property
    def upload_id(self) -> str | None:
        """The id of the multipart upload in the query, or None."""
        return self.query.get("uploadId", [None])[0]


def verify(request: S3Request, store: Backing) -> None:
    """Raise `RefusalError` if AWS would refuse the request and moto would not."""
    _verify_limits(request)
    _verify_owner(request, store)
    if request.method == "PUT":
        _verify_digests(request)
    _verify_body(request)
    if request.upload_id and request.method in ("PUT", "POST"):
        _verify_upload(request, request.upload_id, store)


def _verify_limits(request: S3Request) -> None:
    if request.bucket and not BUCKET_NAME.fullmatch(request.bucket):
        raise RefusalError(
            "400 Bad Request", "InvalidBucketName", "The specified bucket is not valid."
        )
    if len(request.key.encode()) > MAX_KEY_BYTES:
        raise RefusalError("400 Bad Request", "KeyTooLongError", "Your key is too long")
    prefix = "HTTP_X_AMZ_META_"
    size = sum(
        len(name) - len(prefix) + len(value)
        for name, value in request.environ.items()
        if name.startswith(prefix)
    )
    if size > MAX_METADATA_BYTES:
        raise RefusalError(
            "400 Bad Request",
            "MetadataTooLarge",
            "Your metadata headers exceed the maximum allowed metadata size",
        )


def _verify_owner(request: S3Request, store: Backing) -> None:
    expected = request.header("x-amz-expected-bucket-owner")
    owner = store.owner(request.bucket)
    if expected and owner and expected != owner:
        raise RefusalError("403 Forbidden", "AccessDenied", "Access Denied")


def _verify_body(request: S3Request) -> None:
    """Compare the body with the digest that is signed, if one is."""
    content = request.header("x-amz-content-sha256") or ""
    if HEX_SHA256.fullmatch(content) and content != hashlib.sha256(request.body).hexdigest():
        raise RefusalError(
            "400 Bad Request",
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )


def _verify_digests(request: S3Request) -> None:
    """Compare the body with the other digests that were sent with it."""
    if (request.header("x-amz-content-sha256") or "").startswith("STREAMING-"):
        return  # framed in chunks, as clients send it over TLS only
    md5 = request.header("content-md5")
    if md5 and md5 != _base64(hashlib.md5(request.body, usedforsecurity=False).digest()):
        raise RefusalError(
            "400 Bad Request",
            "BadDigest",
            "The Content-MD5 you specified did not match what we received.",
        )
    for name, digest in CHECKSUMS.items():
        sent = request.header(f"x-amz-checksum-{name}")
        if sent and sent != _base64(digest(request.body)):
            raise _bad_checksum(name)


def _verify_upload(request: S3Request, upload_id: str, store: Backing) -> None:
    upload = store.upload(request.bucket, upload_id)
    if upload is None or upload.key_name != request.key:
        done = store.key(request.bucket, request.key)
        repeated = done is not None and done.multipart and done.multipart.id == upload_id
        if request.method == "POST" and repeated:
            return  # Completing twice is allowed: the first answer may have been lost.
        raise RefusalError(
            "404 Not Found",
            "NoSuchUpload",
            "The specified upload does not exist. The upload ID may be invalid, or the upload may "
            "have been aborted or completed.",
        )
    if request.method == "POST":
        numbers = [int(n) for n in re.findall(rb"<PartNumber>(\d+)</PartNumber>", request.body)]
        _verify_whole(request, [upload.parts[n] for n in numbers if n in upload.parts])


def _verify_whole(request: S3Request, parts: list[Any]) -> None:
    """Compare the object about to be made with the size and the checksum sent on Complete."""
    size = request.header("x-amz-mp-object-size")
    if size and int(size) != sum(part.contentsize for part in parts):
        raise RefusalError(
            "400 Bad Request",
            "InvalidRequest",
            "The provided 'x-amz-mp-object-size' header does not match what was computed.",
        )
    sent = request.header("x-amz-checksum-crc32")
    if sent and "-" not in sent:
        crc = 0
        for part in parts:
            crc = zlib.crc32(part.value, crc)
        if sent != _base64(crc.to_bytes(4, "big")):
            raise _bad_checksum("crc32")


def _bad_checksum(name: str) -> RefusalError:
    return RefusalError(
        "400 Bad Request",
        "BadDigest",
        f"The {name.upper()} you specified did not match the calculated checksum.",
    )


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
