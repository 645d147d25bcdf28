"""A multipart upload: created, recorded on disk, and completed or aborted."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any, Final

from core.bucket.delivery import Order
from core.bucket.failures import FAILURES, GONE, code_of, find_retry_reason
from core.bucket.open_uploads import OpenUploads
from core.bucket.send_part import Response, require
from core.bucket.stored import refuse_existing
from core.errors import CancelledError
from core.runtime.background import Future, Waiter, start
from core.runtime.cancel import NEVER, Cancel
from core.runtime.retry import Retry, Tries

log = logging.getLogger(__name__)

# Seconds for the abort of an upload: enough for a bad network, and few if the process is to end.
_ABORT_SECONDS: Final = (30.0, 0.6)
# S3 gives the start of an upload in whole seconds.
_CLOCK_GRAIN_SECONDS: Final = 2


class Multipart:
    """A multipart upload; used once.

    Args:
        client: a boto3 S3 client without retries of its own.
        order: what to deliver.
        open_uploads: where the upload is recorded while it is open.
        retry: how often and how long requests are retried.
        cancel: ends the pauses between tries.
        waiter: waits for requests.
        settle: ends the requests that send its parts; its argument is whether the process is to
            end soon.

    Attributes:
        leftover: the id of an upload that could not be aborted, or None.
        maybe_completed: whether it was aborted so late that the object may exist.
    """

    def __init__(
        self,
        client: Any,
        order: Order,
        open_uploads: OpenUploads,
        retry: Retry,
        cancel: Cancel,
        waiter: Waiter,
        settle: Callable[[bool], None],
    ) -> None:
        self.leftover: str | None = None
        self.maybe_completed = False
        self._client, self._order, self._open_uploads = client, order, open_uploads
        self._retry, self._cancel = retry, cancel
        self._waiter, self._settle = waiter, settle
        self._completing = False

    @contextmanager
    def begin(self) -> Iterator[str]:
        """Create the upload; the `with` block completes it, or it is aborted at the end.

        An abort leaves no parts in the bucket, which would be invisible and cost money.

        Yields:
            The upload's id.
        """
        tries, asked = self._make_tries("The start of the upload"), time.monotonic()
        upload_id = self._create(tries)
        asking = time.monotonic() - asked
        with self._open_uploads.record(self._order.target["Key"], upload_id) as record:
            try:
                if tries.failed:
                    self._waiter.call(self._abort_lost, upload_id, asking)
                yield upload_id
            except BaseException as error:
                hurried = not isinstance(error, Exception) or isinstance(error, CancelledError)
                record.kept = not self._abort(upload_id, hurried=hurried)
                raise

    def complete(self, tries: Tries, upload_id: str, etags: list[str], **checks: Any) -> Response:
        """Complete the upload, which creates the object.

        Args:
            tries: the tries of the request.
            upload_id: the upload's id.
            etags: the ETags of the parts, in their order.
            checks: the checksums and the size with which S3 compares the object.

        Returns:
            S3's answer.
        """
        parts = [{"PartNumber": n, "ETag": etag} for n, etag in enumerate(etags, start=1)]
        asked = {
            "UploadId": upload_id,
            "MultipartUpload": {"Parts": parts},
            **self._order.target,
            **self._order.guard,
            **checks,
        }

        def complete() -> Response:
            if not self._order.overwrite:
                refuse_existing(self._client, self._order.target)
            return require(self._client.complete_multipart_upload(**asked), "ETag")

        self._completing = True
        return self._waiter.call(tries.call, complete)

    def _create(self, tries: Tries) -> str:
        order = self._order
        kind = order.with_checksums(ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
        asked = {**order.target, **order.attributes, **kind}

        def create() -> Response:
            return require(self._client.create_multipart_upload(**asked), "UploadId")

        future = start(tries.call, create)
        try:
            return str(self._waiter.result(future)["UploadId"])
        except BaseException:
            future.add_done_callback(self._abort_unseen)
            raise

    def _abort(self, upload_id: str, *, hurried: bool) -> bool:
        """Abort the upload, and return whether it is gone."""
        self._settle(hurried)
        tries = self._retry.tries("The abort", NEVER, find_retry_reason)
        abort = start(tries.call, self._make_abort(upload_id))
        failure = (
            abort.exception()
            if self._waiter.linger([abort], *_ABORT_SECONDS, hurried=hurried)
            else TimeoutError()
        )
        if failure is not None:
            self.maybe_completed = self._completing
            if code_of(failure) not in GONE:
                self.leftover = upload_id
                log.warning("The multipart upload %s could not be aborted.", upload_id)
        return self.leftover is None

    def _abort_unseen(self, created: Future[Response]) -> None:
        """Abort an upload that was cancelled before its id was known."""
        if created.exception() is None:
            upload_id = str(created.result()["UploadId"])
            with self._open_uploads.record(self._order.target["Key"], upload_id) as record:
                record.kept = not self._abort(upload_id, hurried=True)

    def _abort_lost(self, upload_id: str, seconds: float) -> None:
        """Abort the uploads of earlier tries of Create, whose answers were lost.

        Args:
            upload_id: the upload to keep.
            seconds: the duration of Create. Uploads of this key that began in that time are
                assumed to be of those tries.
        """
        where = {name: v for name, v in self._order.target.items() if name != "Key"}
        key = self._order.target["Key"]
        try:
            ask = partial(self._client.list_multipart_uploads, **where, Prefix=key)
            listed = self._make_tries("The list of uploads").call(ask).get("Uploads", [])
            begun = {up["UploadId"]: up["Initiated"] for up in listed if up["Key"] == key}
            earliest = begun[upload_id] - timedelta(seconds=seconds + _CLOCK_GRAIN_SECONDS)
            for other, when in begun.items():
                if other != upload_id and earliest <= when <= begun[upload_id]:
                    self._make_tries("The abort").call(self._make_abort(other))
        except (*FAILURES, KeyError) as error:
            log.warning("An unfinished upload of %s may remain (%s).", key, code_of(error))

    def _make_abort(self, upload_id: str) -> Callable[[], Response]:
        return partial(
            self._client.abort_multipart_upload, UploadId=upload_id, **self._order.target
        )

    def _make_tries(self, what: str) -> Tries:
        return self._retry.tries(what, self._cancel, find_retry_reason)
