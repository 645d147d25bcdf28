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
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial, reduce
from typing import Any

from core.bucket.failures import (
    DENIED,
    EXISTS,
    FAILURES,
    GONE,
    OVERTAKEN,
    again,
    code_of,
    is_temporary,
)
from core.bucket.open_uploads import OpenUploads
from core.bucket.order import Delivery, Order
from core.bucket.parts import Digest, Part, combine_crc32, cut, digest
from core.bucket.sending import Response, Sender, agrees, etag_of, whole
from core.errors import CancelledError, IntegrityError
from core.retry import Retry, Tries
from core.waiting import Future, Waiter, start, waiting

log = logging.getLogger(__name__)

# Seconds for the requests under way to end, and for the abort, when an upload is given up: as many
# as a bad network may need, and few when somebody waits for us to go.
SETTLE_SECONDS = (2.0, 0.2)
ABORT_SECONDS = (30.0, 0.6)
# S3 tells when an upload began to the second.
CLOCK_GRAIN_SECONDS = 2


class Upload:
    """One attempt to deliver a file; used once.

    Args:
        client: a boto3 S3 client without retries of its own.
        order: what to deliver.
        open_uploads: where to write down that a multipart upload is open.
        retry: how patient to be.
        cancelled: asked ten times a second; true ends the upload.
        on_progress: called with bytes sent and bytes in all, in the caller's thread.
        repeated: whether an attempt before this one may have delivered the object.

    Attributes:
        leftover: the id of a multipart upload that could not be aborted, or None.
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
        cancelled: Callable[[], bool],
        on_progress: Callable[[int, int], None] | None,
        *,
        repeated: bool = False,
    ) -> None:
        self.leftover: str | None = None
        self.maybe_ours = self.maybe_delivered = False
        self._client, self._order, self._repeated = client, order, repeated
        self._open_uploads = open_uploads
        self._on_progress, self._reported = on_progress, -1
        self._parts = cut(order.path.stat().st_size, order.part_size)
        self._size = sum(part.size for part in self._parts)
        self._sender = Sender(order, self._parts, retry)
        self._retry, self._pausing = retry, waiting(cancelled)
        self._waiter = Waiter(cancelled, lambda: self._report(self._sender.sent))
        self._pending: set[Future[Any]] = set()
        self._landing = False

    def run(self) -> Delivery:
        """Deliver.

        Raises:
            CancelledError: the caller cancelled.
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
        tries, asked = self._tries("The start of the upload"), time.monotonic()
        upload_id = self._create(tries)
        asking = time.monotonic() - asked
        with self._open_uploads.recorded(self._order.target["Key"], upload_id) as record:
            try:
                if tries.failed:
                    self._waiter.call(self._abort_lost, upload_id, asking)
                return self._complete(upload_id, self._send_all(upload_id))
            except BaseException as error:
                record.kept = not self._abort(upload_id, error)
                raise

    def _create(self, tries: Tries) -> str:
        order = self._order
        kind = order.checked(ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
        asked = {**order.target, **order.attributes, **kind}

        def create() -> Response:
            return whole(self._client.create_multipart_upload(**asked), "UploadId")

        future = start(tries.call, create)
        try:
            return str(self._waiter.result(future)["UploadId"])
        except BaseException:
            future.add_done_callback(self._abort_unseen)
            raise

    def _abort_lost(self, upload_id: str, seconds: float) -> None:
        """Abort the uploads that our own repeated Create has left; their ids were never answered.

        Args:
            upload_id: the upload to keep.
            seconds: how long Create took. What began on this key in that time is taken for ours.
        """
        where = {name: v for name, v in self._order.target.items() if name != "Key"}
        key = self._order.target["Key"]
        try:
            ask = partial(self._client.list_multipart_uploads, **where, Prefix=key)
            listed = self._tries("The list of uploads").call(ask).get("Uploads", [])
            begun = {up["UploadId"]: up["Initiated"] for up in listed if up["Key"] == key}
            earliest = begun[upload_id] - timedelta(seconds=seconds + CLOCK_GRAIN_SECONDS)
            for other, when in begun.items():
                if other != upload_id and earliest <= when <= begun[upload_id]:
                    self._tries("The abort").call(self._aborting(other))
        except (*FAILURES, KeyError) as error:
            log.warning("An unfinished upload of %s may remain (%s).", key, code_of(error))

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
        order = self._order
        md5s = b"".join(expected.md5 for expected, _ in sent)
        etag = f"{hashlib.md5(md5s, usedforsecurity=False).hexdigest()}-{len(sent)}"
        delivery = self._delivery([expected for expected, _ in sent], etag)
        parts = [{"PartNumber": n, "ETag": etag} for n, (_, etag) in enumerate(sent, start=1)]
        asked = {
            "UploadId": upload_id,
            "MultipartUpload": {"Parts": parts},
            **order.target,
            **order.guard,
            **order.checked(
                ChecksumCRC32=delivery.crc32, ChecksumType="FULL_OBJECT", MpuObjectSize=self._size
            ),
        }

        def complete() -> Response:
            return whole(self._client.complete_multipart_upload(**asked), "ETag")

        tries = self._tries("The end of the upload")
        self._landing = True
        try:
            response = self._waiter.call(tries.call, complete)
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

    def _abort(self, upload_id: str, error: BaseException) -> bool:
        """Leave no parts behind: they cost money, and nobody sees them; whether that succeeded."""
        self._sender.stop()
        hurried = not isinstance(error, Exception) or isinstance(error, CancelledError)
        self._waiter.linger(self._pending, *SETTLE_SECONDS, hurried=hurried)
        tries = self._retry.tries("The abort", threading.Event().wait, again)
        abort = start(tries.call, self._aborting(upload_id))
        failure = (
            abort.exception()
            if self._waiter.linger([abort], *ABORT_SECONDS, hurried=hurried)
            else TimeoutError()
        )
        if failure is not None:
            self.maybe_delivered = self._landing
            if code_of(failure) not in GONE:
                self.leftover = upload_id
                log.warning("The multipart upload %s could not be aborted.", upload_id)
        return self.leftover is None

    def _abort_unseen(self, created: Future[Response]) -> None:
        """Abort an upload that was given up before its id was known."""
        if created.exception() is None:
            upload_id = str(created.result()["UploadId"])
            with self._open_uploads.recorded(self._order.target["Key"], upload_id) as record:
                record.kept = not self._abort(upload_id, CancelledError(""))

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
        return self._retry.tries(what, self._pausing, again)

    def _aborting(self, upload_id: str) -> Callable[[], Response]:
        return partial(
            self._client.abort_multipart_upload, UploadId=upload_id, **self._order.target
        )

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
