"""The checks of a bucket: credentials, region, owner, encryption, access; with a probe, writing.

Without a probe nothing is written. A probe is an object beside those that a transfer would deliver,
uploaded by the code of a transfer and removed in every case.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Any, Final

from core.bucket import Bucket
from core.bucket.checks import is_there, obeys_owner, refuses_damaged, refuses_to_replace
from core.bucket.parts import MIN_PART_SIZE
from core.checking.walk import UncheckedError, Walk
from core.errors import DestinationError, TransferError
from core.request.request import Request

_BUCKET: Final = "bucket"
_PROBE: Final = b"amplify-transfer check\n"
_UNSAFE: Final = "Two runs that write the same name could replace each other's object. "


class BucketChecks:
    """The checks of one bucket.

    Args:
        walk: where the findings go.
        bucket: the bucket.
        request: the options of the destination.
    """

    def __init__(self, walk: Walk, bucket: Bucket, request: Request) -> None:
        self.walk = walk
        self.bucket = bucket
        self.request = request
        name = f"amplify-transfer-check-{uuid.uuid4().hex}"
        self._small, self._large = (bucket.destination.key(f"{name}-{n}") for n in (1, 2))
        self._removable: list[str] = []

    def check_all(self, *, probe_write: bool) -> None:
        """Make the checks; write only with `probe_write`."""
        if self.walk.recording is not None:
            self.bucket.ask(self._watch, cancel=self.walk.cancel)
        step = self.walk.step
        if not step(_BUCKET, "credentials and name", self._check_access):
            return
        if self.walk.findings[-1].exit_code:
            return
        step(_BUCKET, "region", self._check_region)
        step(_BUCKET, "owner", self._check_owner)
        step(_BUCKET, "encryption", self._check_encryption)
        step(_BUCKET, "ACL and ownership", self._check_ownership)
        probes: tuple[tuple[str, Callable[[], str]], ...] = (
            ("writing an object", self._write_small),
            ("an object that exists is not replaced", self._check_condition),
            ("checksums: damaged bytes are refused", self._check_damaged),
            ("writing an object in parts", self._write_large),
            ("reading an object back", self._read_back),
        )
        if not probe_write:
            why = "Only a probe object shows this; none was asked for."
            self.walk.skip(_BUCKET, "writing, conditions, checksums, parts, reading", why)
            return
        try:
            for subject, work in probes:
                step(_BUCKET, subject, work)
                if subject == probes[0][0] and self.walk.findings[-1].exit_code:
                    break
        finally:
            if self._removable:
                step(_BUCKET, "removing what was written", self._remove, always=True)

    def _watch(self, client: Any, _: dict[str, str]) -> None:
        """Have every answer of S3 recorded."""
        recording = self.walk.recording

        def add(parsed: Any, model: Any, **_: Any) -> None:
            if recording is not None:
                recording.add_request(model.name, parsed)

        client.meta.events.register("after-call.s3", add)

    # ---------------------------------------------------------------------------- without writing

    def _check_access(self) -> str:
        there = is_there(self.bucket, self._small, cancel=self.walk.cancel)
        return "" if there is not None else "listing is not allowed, and not needed"

    def _check_region(self) -> str:
        answer = self._read("head_bucket")
        headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        region = answer.get("BucketRegion") or headers.get("x-amz-bucket-region")
        return str(region) if region else "the store does not say"

    def _check_owner(self) -> str:
        expected = self.request.expected_bucket_owner
        bucket = self.bucket.destination.bucket

        def ask(client: Any, _: dict[str, str]) -> bool:
            """Return whether the store refuses an owner that it cannot have."""
            from botocore.exceptions import ClientError

            try:
                client.list_objects_v2(Bucket=bucket, MaxKeys=1)
            except ClientError as error:
                raise UncheckedError("The credentials may not list the bucket.") from error
            return obeys_owner(client.list_objects_v2, {"Bucket": bucket, "MaxKeys": 1})

        if self.bucket.ask(ask, cancel=self.walk.cancel):
            return "as expected" if expected else "the store checks it where one is expected"
        return "the store does not check an expected owner"

    def _check_encryption(self) -> str:
        try:
            answer = self._read("get_bucket_encryption")
        except _RefusedError as refused:
            if refused.code == "ServerSideEncryptionConfigurationNotFoundError":
                return "no default encryption"
            raise
        rules = answer.get("ServerSideEncryptionConfiguration", {}).get("Rules", [{}])
        default = rules[0].get("ApplyServerSideEncryptionByDefault", {}) if rules else {}
        return f"{default.get('SSEAlgorithm', 'none')} by default"

    def _check_ownership(self) -> str:
        try:
            answer = self._read("get_bucket_ownership_controls")
            rules = answer.get("OwnershipControls", {}).get("Rules", [{}])
            ownership = str(rules[0].get("ObjectOwnership", "unknown")) if rules else "unknown"
        except _RefusedError as refused:
            if refused.code != "OwnershipControlsNotFoundError":
                raise
            ownership = "ObjectWriter"
        if ownership == "ObjectWriter":
            return "ObjectWriter: the bucket's owner can read what its own account writes"
        return ownership

    def _read(self, operation: str) -> dict[str, Any]:
        """Return the answer to a request for a property of the bucket."""
        from core.bucket.failures import DENIED, code_of, status_of

        def ask(client: Any, where: dict[str, str]) -> dict[str, Any]:
            from botocore.exceptions import ClientError

            try:
                return dict(getattr(client, operation)(**where))
            except ClientError as error:
                code = code_of(error)
                if status_of(error) in (403, 404, 405, 501) or code in DENIED:
                    raise _RefusedError(code or str(status_of(error))) from error
                raise

        return self.bucket.ask(ask, cancel=self.walk.cancel)

    # ------------------------------------------------------------------------------- with a probe

    def _write_small(self) -> str:
        self._upload(self._small, _PROBE)
        return ""

    def _check_condition(self) -> str:
        if refuses_to_replace(self.bucket, self._small, cancel=self.walk.cancel):
            return ""
        raise DestinationError(
            "The store ignores If-None-Match: it replaced an object that existed.",
            _UNSAFE + "Deliver under a name that no other run writes, such as the default.",
        )

    def _check_damaged(self) -> str:
        self._removable.append(self._large)
        if refuses_damaged(self.bucket, self._large, cancel=self.walk.cancel):
            self._removable.remove(self._large)
        else:
            raise DestinationError(
                "The store accepted bytes that differ from their MD5.",
                "It does not check what it receives: verify every delivery.",
            )
        return ""

    def _write_large(self) -> str:
        self._upload(self._large, bytes(MIN_PART_SIZE + 1), overwrite=True)
        return "2 parts of 5 MiB in all"

    def _upload(self, key: str, data: bytes, *, overwrite: bool = False) -> None:
        is_new = key not in self._removable
        if is_new:
            self._removable.append(key)
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "probe"
            path.write_bytes(data)
            try:
                self.bucket.upload(
                    path,
                    key,
                    content_type="application/octet-stream",
                    metadata={"amplify-transfer": "check"},
                    overwrite=overwrite,
                    part_size=MIN_PART_SIZE,
                    cancel=self.walk.cancel,
                )
            except DestinationError as error:
                if is_new and not error.in_doubt:  # refused: there is nothing to remove
                    self._removable.remove(key)
                raise

    def _read_back(self) -> str:
        from core.bucket.fetch import fetch

        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "probe"
            found = fetch(self.bucket, self._large, path, cancel=self.walk.cancel)
        if found is None:
            raise UncheckedError(
                "The credentials may not read it: a verification reads the local copy."
            )
        if found.size != MIN_PART_SIZE + 1:
            raise DestinationError(
                f"{found.size} bytes came back instead of {MIN_PART_SIZE + 1}.",
                "The store does not keep what it receives: do not rely on it.",
            )
        return ""

    def _remove(self) -> str:
        return remove_probes(self.bucket, self._removable, "What was written")


def remove_probes(bucket: Bucket, keys: Collection[str], what: str) -> str:
    """Remove objects that a check has written; return an empty text, the detail of a finding.

    Args:
        bucket: where they are.
        keys: their keys.
        what: what they are, to begin a sentence.

    Raises:
        DestinationError: one of them may remain.
    """
    left: list[str] = []
    for key in keys:
        try:
            bucket.ask(partial(_delete, key))
        except TransferError:
            left.append(bucket.destination.url(key))
    if left:
        raise DestinationError(
            f"{what} may remain: {', '.join(left)}.",
            "Remove it; a transfer itself does not need s3:DeleteObject.",
        )
    return ""


def _delete(key: str, client: Any, where: dict[str, str]) -> None:
    client.delete_object(**where, Key=key)


class _RefusedError(UncheckedError):
    """A property of the bucket may not be read, or the store has no such property."""

    def __init__(self, code: str) -> None:
        super().__init__(f"The store does not show it to these credentials ({code}).")
        self.code = code
