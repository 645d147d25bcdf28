"""Aborts the uploads that killed runs on this machine have left open."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from core.bucket.bucket import Bucket
from core.errors import CancelledError, TemporaryError, TransferError
from core.runtime.background import run_within
from core.runtime.cancel import Cancel
from core.runtime.retry import Retry

_SECONDS: Final = 10.0  # the longest that a run waits


def sweep(bucket: Bucket, cancel: Cancel) -> None:
    """Abort the uploads to `bucket` that are recorded for processes that have ended.

    Uploads that cannot be aborted are left for the next run; no failure is raised.

    Args:
        bucket: the destination of the uploads.
        cancel: ends the wait within a tenth of a second.

    Raises:
        CancelledError: `cancel` was set.
    """

    def abort(key: str, upload_id: str) -> bool:
        def ask(client: Any, where: dict[str, str]) -> None:
            from botocore.exceptions import ClientError

            from core.bucket.failures import GONE, code_of

            try:
                client.abort_multipart_upload(**where, Key=key, UploadId=upload_id)
            except ClientError as error:
                if code_of(error) not in GONE:
                    raise

        try:
            bucket.ask(ask, key, cancel=cancel, retry=Retry(attempts=1))
        except CancelledError:
            raise
        except TransferError:
            return False
        return True

    with suppress(TemporaryError):
        run_within(_SECONDS, cancel, lambda: bucket.open_uploads.sweep(abort))
