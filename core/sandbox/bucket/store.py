"""The contents of the sandbox bucket: moto's state, and its copy on disk."""

from __future__ import annotations

import base64
import json
import logging
import mimetypes
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.iam.access_control import (
    CreateAccessKeyFailure,
    PermissionResult,
    S3IAMRequest,
    create_access_key,
)
from moto.iam.models import get_account_id_from, iam_backends
from moto.s3 import models
from moto.s3.models import EntityTooSmall, FakeKey, FakeMultipart, InvalidPart, MalformedXML
from moto.utilities.utils import get_partition, md5_hash

from core.sandbox.bucket.checks import BUCKET_NAME, S3Request
from core.sandbox.bucket.refusal import RefusalError
from core.sandbox.bucket.stores import STORES, TAG, Habits

log = logging.getLogger(__name__)

# The copy to disk reads and writes this many bytes at a time.
BLOCK = 1 << 20
# Where the mirror keeps the metadata of objects; it is no bucket, whose names begin otherwise.
_METADATA = ".metadata"
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


class Store:
    """moto's buckets, with every complete object mirrored as a file.

    Args:
        data_dir: the root of the mirror; None for none.
    """

    def __init__(self, data_dir: Path | None) -> None:
        self._root = data_dir.resolve() if data_dir else None
        self._writers: dict[tuple[str, str], tuple[str, str]] = {}
        FakeMultipart.complete = _complete
        models.FakeKey = _FileKey
        # moto evaluates no conditions and would refuse everything: policy.py does.
        models.FakeBucket.get_permission = lambda *_: PermissionResult.NEUTRAL
        # The front has verified the signature, before a store's habits changed the request.
        S3IAMRequest.check_signature = lambda *_: None

    def provision(self, bucket: str, region: str) -> dict[str, str]:
        """Create an administrator and the first bucket, and load the mirrored objects.

        Returns:
            The administrator's `aws_access_key_id` and `aws_secret_access_key`.
        """
        if "sandbox" not in iam_backends[DEFAULT_ACCOUNT_ID]["aws"].users:
            self._access_key = make_administrator(DEFAULT_ACCOUNT_ID, region)
        self._make_bucket(bucket, region)
        if self._root:
            self._root.mkdir(parents=True, exist_ok=True)
            for folder in sorted(p for p in self._root.iterdir() if _is_bucket(p)):
                self._make_bucket(folder.name, region)
                self._load(folder)
        return {
            "aws_access_key_id": self._access_key.access_key_id,
            "aws_secret_access_key": self._access_key.secret_access_key,
        }

    def secret(self, key: str, region: str, token: str | None) -> str:
        """Return the secret access key of an access key id.

        Args:
            key: the id, of a user or of a session of an assumed role.
            region: of the request; the key belongs to one of the partitions of regions.
            token: the session's; None for a user.

        Raises:
            RefusalError: InvalidAccessKeyId or InvalidToken.
        """
        return str(_find_key(key, region, token).create_credentials().secret_key)

    def identity(self, key: str, region: str, token: str | None) -> tuple[str, str]:
        """Return the account id and the ARN of an access key id; raises as `secret`."""
        found = _find_key(key, region, token)
        return str(found.account_id), str(found.arn)

    def owner(self, bucket: str) -> str | None:
        """Return the account id that owns a bucket; None if there is no such bucket."""
        _, account = models.s3_backends.bucket_accounts.get(bucket, (None, None))
        return str(account) if account else None

    def habits(self, bucket: str) -> Habits:
        """Return the habits that the bucket's tag names, or those of AWS."""
        found = self._bucket(bucket)
        if found is None:
            return Habits()
        tagger = models.s3_backends[found.account_id]["aws"].tagger
        return STORES.get(tagger.get_tag_dict_for_resource(found.arn).get(TAG, ""), Habits())

    def default_encryption(self, bucket: str) -> dict[str, str]:
        """Return the default encryption of a bucket, as the headers of a WSGI request."""
        found = self._bucket(bucket)
        rule = ((found and found.encryption) or {}).get("Rule", {})
        applied = rule.get("ApplyServerSideEncryptionByDefault", {})
        headers = {"HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION": applied.get("SSEAlgorithm")}
        key = "HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION_AWS_KMS_KEY_ID"
        headers[key] = applied.get("KMSMasterKeyID")
        return {name: value for name, value in headers.items() if value}

    def policy(self, bucket: str) -> str | None:
        """Return the policy of a bucket, or None."""
        found = self._bucket(bucket)
        return found.policy.decode() if found and found.policy else None

    def ownership(self, bucket: str) -> str:
        """Return the Object Ownership of a bucket; AWS's default for new buckets if not set."""
        found = self._bucket(bucket)
        return str((found and found.ownership_rule) or "BucketOwnerEnforced")

    def writer(self, bucket: str, key: str) -> tuple[str, str] | None:
        """Return the account that wrote an object, and the ACL that it gave; None if unknown."""
        return self._writers.get((bucket, key))

    def note_writer(self, request: S3Request) -> None:
        """Remember who wrote the object that a successful request has created."""
        if request.creates_object:
            acl = request.header("x-amz-acl") or ""
            self._writers[request.bucket, request.key] = request.account, acl

    def upload(self, bucket: str, upload_id: str) -> FakeMultipart | None:
        """Return an unfinished multipart upload, or None."""
        found = self._bucket(bucket)
        return found.multiparts.get(upload_id) if found else None

    def key(self, bucket: str, key: str) -> FakeKey | None:
        """Return an object, or None if it does not exist or is deleted."""
        found = self._bucket(bucket)
        value = found.keys.get(key) if found else None
        return value if isinstance(value, FakeKey) else None

    def mirror(self, bucket: str, key: str) -> None:
        """Write, replace or remove the file of an object, so that it equals the object."""
        path = self._path(bucket, key)
        if path is None:
            return
        value = self.key(bucket, key)
        try:
            if value is None:
                path.unlink(missing_ok=True)
                self._metadata_file(bucket, key).unlink(missing_ok=True)
            else:
                _write(value, path)
                self._write_metadata(bucket, key, value, path)
        except OSError as error:
            # For instance the keys `a` and `a/b`, which no file system holds at once.
            log.warning("The sandbox keeps %s/%s in memory only: %s", bucket, key, error.strerror)

    def mirror_bucket(self, bucket: str) -> None:
        """Remove the files of objects that are gone."""
        for path in list(self._files(bucket)):
            key = path.relative_to(self._folder(bucket)).as_posix()
            if self.key(bucket, key) is None:
                path.unlink(missing_ok=True)

    def _bucket(self, name: str) -> Any:
        account = self.owner(name)
        return models.s3_backends[account]["aws"].buckets.get(name) if account else None

    def _make_bucket(self, name: str, region: str) -> None:
        if self._bucket(name) is None:
            models.s3_backends[DEFAULT_ACCOUNT_ID]["aws"].create_bucket(name, region)

    def _load(self, folder: Path) -> None:
        bucket = self._bucket(folder.name)
        for path in self._files(folder.name):
            name = path.relative_to(folder).as_posix()
            value = _FileKey(
                name, b"", DEFAULT_ACCOUNT_ID, bucket.region_name, bucket_name=folder.name
            )
            _read_from(value, path)
            value.set_metadata(self._read_metadata(folder.name, name, path))
            bucket.keys.setlist(name, [value])

    def _metadata_file(self, bucket: str, key: str) -> Path:
        assert self._root is not None  # noqa: S101
        return self._root / _METADATA / bucket / f"{key}.json"

    def _write_metadata(self, bucket: str, key: str, value: FakeKey, path: Path) -> None:
        file = self._metadata_file(bucket, key)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"of": _version(path), "metadata": dict(value.metadata)}))

    def _read_metadata(self, bucket: str, key: str, path: Path) -> dict[str, str]:
        """Return the metadata of an object whose file nobody else has changed; else its type."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            kept = json.loads(self._metadata_file(bucket, key).read_text())
            if kept["of"] == _version(path):
                return {str(name): str(each) for name, each in kept["metadata"].items()}
        kind, _ = mimetypes.guess_type(key)
        return {"Content-Type": kind or "binary/octet-stream"}

    def _folder(self, bucket: str) -> Path:
        assert self._root is not None  # noqa: S101
        return self._root / bucket

    def _files(self, bucket: str) -> Iterator[Path]:
        if self._root and _is_bucket(self._folder(bucket)):
            for path in sorted(self._folder(bucket).rglob("*")):
                if path.is_file() and not path.is_symlink() and not path.name.endswith(".part"):
                    yield path

    def _path(self, bucket: str, key: str) -> Path | None:
        """Return the file of an object; None without a mirror, or if it is outside its bucket."""
        if self._root is None:
            return None
        segments = [bucket, *key.split("/")]
        if any(s in ("", ".", "..") or "\\" in s or "\0" in s for s in segments):
            return None
        path = self._root.joinpath(*segments)
        return path if path.resolve() == path else None


def make_administrator(account: str, region: str) -> Any:
    """Create a user who may do everything in an account, and return its access key."""
    iam = iam_backends[account]["aws"]
    policy = {"Version": "2012-10-17", "Statement": [EVERYTHING]}
    iam.create_user(region, "sandbox")
    iam.put_user_policy("sandbox", "everything", json.dumps(policy))
    return iam.create_access_key("sandbox")


def _find_key(key: str, region: str, token: str | None) -> Any:
    headers = {} if token is None else {"X-Amz-Security-Token": token}
    try:
        return create_access_key(get_account_id_from(key), get_partition(region), key, headers)
    except CreateAccessKeyFailure as failure:
        raise RefusalError("403 Forbidden", *_UNKNOWN[failure.reason]) from None


_UNKNOWN = {
    "InvalidId": (
        "InvalidAccessKeyId",
        "The AWS Access Key Id you provided does not exist in our records.",
    ),
    "InvalidToken": (
        "InvalidToken",
        "The provided token is malformed or otherwise invalid.",
    ),
}


def _version(path: Path) -> list[int]:
    """Return what changes if a file is written again."""
    return [path.stat().st_size, path.stat().st_mtime_ns]


def _is_bucket(path: Path) -> bool:
    """Whether a directory holds a bucket's files; a link may lead anywhere."""
    named = BUCKET_NAME.fullmatch(path.name) is not None
    return named and path.is_dir() and not path.is_symlink()


def _write(value: FakeKey, path: Path) -> None:
    """Write an object to its file, whole or not at all, and let moto read it from there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        partial = Path(file.name)
        try:
            with value.lock:
                value._value_buffer.seek(0)
                shutil.copyfileobj(value._value_buffer, file, BLOCK)
            file.flush()
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    _read_from(value, path)


def _read_from(value: FakeKey, path: Path) -> None:
    """Back an object by a file instead of by moto's own buffer."""
    with value.lock:
        value._value_buffer.close()
        value._value_buffer = path.open("rb")
        value.contentsize = path.stat().st_size


class _FileKey(FakeKey):  # type: ignore[misc]
    """An object that may be given as a file instead of as bytes."""

    @FakeKey.value.setter  # type: ignore[untyped-decorator]
    def value(self, value: bytes | _Joined) -> None:
        """Set the content."""
        if isinstance(value, _Joined):
            self._value_buffer.close()
            self._value_buffer: IO[bytes] = value.file
            self.contentsize = value.size
        else:
            FakeKey.value.fset(self, value)


@dataclass(frozen=True)
class _Joined:
    file: IO[bytes]
    size: int


def _complete(
    upload: FakeMultipart, parts: Iterator[tuple[int, str]]
) -> tuple[_Joined, str, tuple[str, str, int] | None]:
    """Join the parts of an upload in a file, in place of `FakeMultipart.complete`.

    moto's function holds five copies of the object in memory. The checksum is the one that
    HeadObject returns; checks.py has compared it with the client's.
    """
    joined = tempfile.TemporaryFile()  # noqa: SIM115 - it becomes the object
    md5s, crc32, count, last = bytearray(), 0, 0, None
    for number, etag in parts:
        part = upload.parts.get(number)
        if part is None or part.etag.strip('"') != etag.strip('"'):
            raise InvalidPart
        if last is not None and last.contentsize < models.S3_UPLOAD_PART_MIN_SIZE:
            raise EntityTooSmall
        value = part.value
        md5s += bytes.fromhex(part.etag.strip('"'))
        crc32 = zlib.crc32(value, crc32)
        joined.write(value)
        last, count = part, count + 1
    if count == 0:
        raise MalformedXML
    checksum = None
    if upload.metadata.get("x-amz-checksum-type") == "FULL_OBJECT":
        checksum = ("FULL_OBJECT", base64.b64encode(crc32.to_bytes(4, "big")).decode(), 1)
    etag = f"{md5_hash(bytes(md5s)).hexdigest()}-{count}"
    return _Joined(joined, joined.tell()), etag, checksum
