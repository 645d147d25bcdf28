"""Uploads a file as one object, which is verified before it is visible.

Unless an existing object may be replaced, the key is looked up right before the object is created,
since some stores ignore the condition that is sent with it.
A file of at most one part's size is sent by a single PutObject, whose MD5 and CRC32 S3 verifies
before it stores the object. A larger one is a multipart upload: every part's ETag is compared with
the file's MD5 before Complete, and Complete holds the size and the CRC32 of the whole file, so that
S3 itself refuses to create a wrong object
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html).
The only permission needed is s3:PutObject.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial, reduce
from typing import Any, Final

from core.bucket.delivery import Delivery, Order
from core.bucket.failures import (
    DENIED,
    EXISTS,
    FAILURES,
    OVERTAKEN,
    code_of,
    find_retry_reason,
    is_temporary,
)
from core.bucket.multipart import Multipart
from core.bucket.open_uploads import OpenUploads
from core.bucket.parts import Digest, Part, combine_crc32, cut, digest
from core.bucket.send_part import Response, Sender, etag_of, has_md5
from core.bucket.stored import has_bytes, is_guarding, refuse_existing
from core.errors import IntegrityError
from core.runtime.background import Future, Waiter, start
from core.runtime.cancel import Cancel
from core.runtime.retry import Retry, Tries

# Seconds for open requests to end when an upload is stopped: enough for a bad network, and few if
# the process is to end.
_SETTLE_SECONDS: Final = (2.0, 0.2)


class Upload:
    """One attempt to deliver a file; used once.

    Args:
        client: a boto3 S3 client without retries of its own.
        order: the file, and the options of the upload.
        open_uploads: where a multipart upload is recorded while it is open.
        retry: how often and how long requests are retried.
        cancel: ends the upload.
        on_progress: called with the bytes sent and the size of the file, in the caller's thread.
        repeated: whether an attempt before this one may have delivered the object.

    Attributes:
        maybe_own: whether the existing object may be of this run: the answer to its request was
            lost, and S3 does not allow a check.
        maybe_delivered: whether it was stopped so late that the object may exist.
    """

    def __init__(
        self,
        client: Any,
        order: Order,
        open_uploads: OpenUploads,
        retry: Retry,
        cancel: Cancel,
        on_progress: Callable[[int, int], None] | None,
        *,
        repeated: bool,
    ) -> None:
        self.maybe_own = self.maybe_delivered = False
        self._client, self._order, self._repeated = client, order, repeated
        self._on_progress, self._reported = on_progress, -1
        self._parts = cut(order.path.stat().st_size, order.part_size)
        self._size = sum(part.size for part in self._parts)
        self._sender = Sender(order, self._parts, retry)
        self._retry, self._cancel = retry, cancel
        self._waiter = Waiter(cancel, lambda: self._report(self._sender.sent))
        self._pending: set[Future[Any]] = set()
        self._multipart = Multipart(
            client, order, open_uploads, retry, cancel, self._waiter, self._settle
        )

    @property
    def leftover(self) -> str | None:
        """The id of a multipart upload that could not be aborted, or None."""
        return self._multipart.leftover

    def run(self) -> Delivery:
        """Upload the file.

        Returns:
            The delivered object.

        Raises:
            CancelledError: `cancel` was set.
            IntegrityError: the data arrived damaged in every try.
            ClientError, BotoCoreError, OSError: any other failure; see `failures.translate`.
        """
        try:
            delivery = self._upload_whole() if len(self._parts) == 1 else self._upload_in_parts()
        finally:
            self._sender.stop()
        self._report(self._size)
        return delivery

    def _upload_whole(self) -> Delivery:
        (part,) = self._parts
        order = self._order
        expected = self._waiter.call(digest, order.path, part)
        delivery = self._make_delivery([expected], expected.md5.hex())
        try:
            response = self._waiter.call(
                self._sender.send,
                self._put_object,
                part,
                expected,
                partial(self._confirm, delivery),
                **order.attributes,
                **order.guard,
            )
        except Exception as error:
            self.maybe_delivered = self._sender.sent == self._size
            return self._recover_delivery(error, delivery, lost=self._sender.repeated)
        return self._finish(delivery, response)

    def _put_object(self, **arguments: Any) -> Response:
        if not self._order.overwrite:
            refuse_existing(self._client, self._order.target)
        response: Response = self._client.put_object(**arguments)
        return response

    def _upload_in_parts(self) -> Delivery:
        try:
            with self._multipart.begin() as upload_id:
                return self._complete(upload_id, self._send_all(upload_id))
        finally:
            self.maybe_delivered = self._multipart.maybe_completed

    def _send_all(self, upload_id: str) -> list[tuple[Digest, str]]:
        """Send every part, a few at a time, and return digests and ETags in the parts' order."""
        sent: dict[int, tuple[Digest, str]] = {}
        parts = iter(self._parts)
        while len(sent) < len(self._parts):
            while len(self._pending) < self._order.workers and (part := next(parts, None)):
                self._pending.add(start(self._send_one, upload_id, part))
            done = self._waiter.first(self._pending)
            self._pending -= done
            for future in done:
                number, expected, etag = future.result()
                sent[number] = expected, etag
        return [sent[part.number] for part in self._parts]

    def _send_one(self, upload_id: str, part: Part) -> tuple[int, Digest, str]:
        expected = digest(self._order.path, part)
        response = self._sender.send(
            self._client.upload_part, part, expected, PartNumber=part.number, UploadId=upload_id
        )
        return part.number, expected, response["ETag"]

    def _complete(self, upload_id: str, sent: list[tuple[Digest, str]]) -> Delivery:
        md5s = b"".join(expected.md5 for expected, _ in sent)
        etag = f"{hashlib.md5(md5s, usedforsecurity=False).hexdigest()}-{len(sent)}"
        delivery = self._make_delivery([expected for expected, _ in sent], etag)
        checks = self._order.with_checksums(
            ChecksumCRC32=delivery.crc32, ChecksumType="FULL_OBJECT", MpuObjectSize=self._size
        )
        tries = self._make_tries("The end of the upload")
        try:
            response = self._multipart.complete(
                tries, upload_id, [etag for _, etag in sent], **checks
            )
        except Exception as error:
            return self._recover_delivery(error, delivery, lost=tries.failed > 1)
        alike = has_md5(response, delivery.etag)
        if not alike and not self._waiter.call(self._confirm, delivery):
            raise IntegrityError("S3 combined the parts wrongly.", "The object was removed.")
        return self._finish(delivery, response)

    def _recover_delivery(self, error: Exception, delivery: Delivery, *, lost: bool) -> Delivery:
        """Return the delivery if the object was created although its request failed.

        If an answer is lost, the request is repeated and fails because the first one succeeded:
        the object exists, or the upload is gone. The object is this run's if its metadata, size
        and ETag are.

        Args:
            error: the last answer.
            delivery: the object that was to be created.
            lost: whether an earlier answer was an error that may have hidden a success.

        Raises:
            Exception: `error`, if the object is missing, is another one or cannot be read.
        """
        if not (code_of(error) in EXISTS | {"NoSuchUpload"} or is_temporary(error)):
            raise error
        try:
            head = partial(self._client.head_object, **self._order.target)
            found = self._waiter.call(self._make_tries("The look at the object").call, head)
        except FAILURES as refused:
            self.maybe_own = (lost or self._repeated) and code_of(refused) in DENIED
            raise error from None
        is_own = (
            found["ContentLength"] == self._size
            and _fold_names(found.get("Metadata", {})) == _fold_names(self._order.metadata)
            and has_md5(found, delivery.etag)
        )
        if is_own:
            return self._finish(delivery, found)
        raise error

    def _confirm(self, delivery: Delivery) -> bool:
        """Read back an object whose ETag is that of other bytes; remove it if it has others.

        An ETag alone is no evidence of damage: stores encrypt and combine in ways of their own.

        Returns:
            Whether the object has the bytes of the file.

        Raises:
            IntegrityError: the credentials may not read the object, or not remove it.
        """
        read = partial(has_bytes, self._client, self._order.target, delivery.size, delivery.crc32)
        right = self._make_tries("The read-back").call(read)
        if right is None:
            raise IntegrityError(
                f"The ETag of {delivery.key} is not that of the file, and these credentials may "
                "not read the object to compare it.",
                "It is in the bucket: have its owner compare it, or remove it. s3:GetObject lets "
                "the next run compare.",
            )
        if not right:
            self._withdraw()
        return right

    def _settle(self, hurried: bool) -> None:
        """Stop the requests that send parts, and wait for their end."""
        self._sender.stop()
        self._waiter.linger(self._pending, *_SETTLE_SECONDS, hurried=hurried)

    def _withdraw(self) -> None:
        """Remove an object of this run that became visible with wrong bytes."""
        try:
            remove = partial(self._client.delete_object, **self._order.target)
            self._make_tries("The removal").call(remove)
        except FAILURES as error:
            raise IntegrityError(
                "S3 stored a damaged object, which could not be removed.", "Delete it."
            ) from error

    def _make_tries(self, what: str) -> Tries:
        return self._retry.tries(what, self._cancel, find_retry_reason)

    def _make_delivery(self, digests: list[Digest], etag: str) -> Delivery:
        crc32 = reduce(lambda crc, d: combine_crc32(crc, d.crc32, d.size), digests, 0)
        return Delivery(
            bucket=self._order.target["Bucket"],
            key=self._order.target["Key"],
            size=self._size,
            etag=etag,
            crc32=Digest(b"", crc32, self._size).crc32_base64,
            parts=len(digests),
        )

    def _finish(self, delivery: Delivery, response: Response) -> Delivery:
        guarded = self._order.overwrite or is_guarding(response)
        return replace(delivery, etag=etag_of(response), guarded=guarded)

    def _report(self, sent: int) -> None:
        if self._on_progress and sent > self._reported:
            self._reported = sent
            self._on_progress(sent, self._size)


def is_overtaken(error: BaseException) -> bool:
    """Whether another request interfered with the upload, so that a new one may succeed."""
    return code_of(error) in OVERTAKEN


def _fold_names(metadata: Any) -> dict[str, str]:
    """Return metadata with its names in lower case, since stores change their case."""
    return {name.lower(): value for name, value in metadata.items()}
