"""One file becomes one object: verified before it is visible, or nothing at all.

Up to one part's size, the file goes as a single PutObject, whose MD5 and CRC32 S3 verifies before
it stores it. Above, as a multipart upload: every part's ETag is compared with our MD5 before
Complete, and Complete carries the size and the CRC32 of the whole file, so that S3 itself refuses
to make a wrong object
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html).
s3:PutObject is all the permission this needs.
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
    again,
    code_of,
    is_temporary,
)
from core.bucket.multipart import Multipart
from core.bucket.open_uploads import OpenUploads
from core.bucket.parts import Digest, Part, combine_crc32, cut, digest
from core.bucket.send_part import Sender, agrees, etag_of
from core.errors import IntegrityError
from core.runtime.background import Future, Waiter, start
from core.runtime.cancel import Cancel
from core.runtime.retry import Retry, Tries

# Seconds for the requests under way to end when an upload is given up: as many as a bad network may
# need, and few when somebody waits for us to go.
_SETTLE_SECONDS: Final = (2.0, 0.2)


class Upload:
    """One attempt to deliver a file; used once.

    Args:
        client: a boto3 S3 client without retries of its own.
        order: what to deliver.
        open_uploads: where to write down that a multipart upload is open.
        retry: how patient to be.
        cancel: ends the upload.
        on_progress: called with bytes sent and bytes in all, in the caller's thread.
        repeated: whether an attempt before this one may have delivered the object.

    Attributes:
        maybe_ours: the object in the way may be ours: the answer to its request was lost, and S3
            does not let us look.
        maybe_delivered: given up too late to know whether the object came to be.
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
        repeated: bool = False,
    ) -> None:
        self.maybe_ours = self.maybe_delivered = False
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
        """Deliver.

        Raises:
            CancelledError: `cancel` was set.
            IntegrityError: the data arrived damaged every time.
            ClientError, BotoCoreError, OSError: what went wrong, for `failures.translate`.
        """
        try:
            delivery = self._in_one() if len(self._parts) == 1 else self._in_parts()
        finally:
            self._sender.stop()
        self._report(self._size)
        return delivery

    def _in_one(self) -> Delivery:
        (part,) = self._parts
        order = self._order
        expected = self._waiter.call(digest, order.path, part)
        delivery = self._delivery([expected], expected.md5.hex())
        try:
            response = self._waiter.call(
                self._sender.send,
                self._client.put_object,
                part,
                expected,
                self._withdraw,
                **order.attributes,
                **order.guard,
            )
        except Exception as error:
            self.maybe_delivered = self._sender.sent == self._size
            return self._landed(error, delivery, lost=self._sender.repeated)
        return replace(delivery, etag=etag_of(response))

    def _in_parts(self) -> Delivery:
        try:
            with self._multipart.begun() as upload_id:
                return self._complete(upload_id, self._send_all(upload_id))
        finally:
            self.maybe_delivered = self._multipart.maybe_completed

    def _send_all(self, upload_id: str) -> list[tuple[Digest, str]]:
        """Send every part, a few at a time; returns digests and ETags in the parts' order."""
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
        delivery = self._delivery([expected for expected, _ in sent], etag)
        checks = self._order.checked(
            ChecksumCRC32=delivery.crc32, ChecksumType="FULL_OBJECT", MpuObjectSize=self._size
        )
        tries = self._tries("The end of the upload")
        try:
            response = self._multipart.complete(
                tries, upload_id, [etag for _, etag in sent], **checks
            )
        except Exception as error:
            return self._landed(error, delivery, lost=tries.failed > 1)
        if not agrees(response, delivery.etag):
            self._withdraw()
            raise IntegrityError("S3 put the parts together wrongly.", "The object was removed.")
        return replace(delivery, etag=etag_of(response))

    def _landed(self, error: Exception, delivery: Delivery, *, lost: bool) -> Delivery:
        """The delivery, if it came to be although the answer to its request says otherwise.

        An answer can get lost. The request that is then repeated meets its own work: an object
        that exists, an upload that is gone. Our metadata, size and ETag tell.

        Args:
            error: the last answer.
            delivery: what was to be.
            lost: whether an answer before it was an error that may have hidden a success.
        """
        if not (code_of(error) in EXISTS | {"NoSuchUpload"} or is_temporary(error)):
            raise error
        try:
            head = partial(self._client.head_object, **self._order.target)
            found = self._waiter.call(self._tries("The look at the object").call, head)
        except FAILURES as refused:
            self.maybe_ours = (lost or self._repeated) and code_of(refused) in DENIED
            raise error from None
        ours = (
            found["ContentLength"] == self._size
            and _folded(found.get("Metadata", {})) == _folded(self._order.metadata)
            and agrees(found, delivery.etag)
        )
        if ours:
            return replace(delivery, etag=etag_of(found))
        raise error

    def _settle(self, hurried: bool) -> None:
        """End the requests that send parts."""
        self._sender.stop()
        self._waiter.linger(self._pending, *_SETTLE_SECONDS, hurried=hurried)

    def _withdraw(self) -> None:
        """Remove an object of ours that turned out wrong after it became visible."""
        try:
            remove = partial(self._client.delete_object, **self._order.target)
            self._tries("The removal").call(remove)
        except FAILURES as error:
            raise IntegrityError(
                "S3 stored a damaged object, which could not be removed.", "Delete it."
            ) from error

    def _tries(self, what: str) -> Tries:
        return self._retry.tries(what, self._cancel, again)

    def _delivery(self, digests: list[Digest], etag: str) -> Delivery:
        crc32 = reduce(lambda crc, d: combine_crc32(crc, d.crc32, d.size), digests, 0)
        return Delivery(
            bucket=self._order.target["Bucket"],
            key=self._order.target["Key"],
            size=self._size,
            etag=etag,
            crc32=Digest(b"", crc32, self._size).crc32_base64,
            parts=len(digests),
        )

    def _report(self, sent: int) -> None:
        if self._on_progress and sent > self._reported:
            self._reported = sent
            self._on_progress(sent, self._size)


def is_overtaken(error: BaseException) -> bool:
    """Whether another request got in the way of the upload, and a new upload may succeed."""
    return code_of(error) in OVERTAKEN


def _folded(metadata: Any) -> dict[str, str]:
    """Metadata with its names in lower case; stores differ in it."""
    return {name.lower(): value for name, value in metadata.items()}
