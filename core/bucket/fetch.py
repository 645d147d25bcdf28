"""Reads a delivered object back: all of it, and no other object in its place.

Imports botocore, so this module is imported only when a bucket is used.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from botocore.exceptions import ClientError, IncompleteReadError

from core.bucket.bucket import Bucket
from core.bucket.failures import DENIED, EXISTS, code_of, find_retry_reason, is_temporary, status_of
from core.bucket.send_part import etag_of
from core.errors import IntegrityError, LocalResourceError, TemporaryError
from core.runtime.cancel import NEVER, Cancel, check
from core.runtime.disk.private_files import opener
from core.runtime.retry import Retry

_CHUNK_BYTES = 1024 * 1024
_GONE = frozenset({"NoSuchKey", "404"})


@dataclass(frozen=True)
class Fetched:
    """A downloaded object.

    Attributes:
        size: its bytes.
        etag: its ETag, without quotes; empty if the store returns none.
        crc32: the CRC32 of its bytes, in base64 as S3 shows it.
    """

    size: int
    etag: str
    crc32: str


def fetch(
    bucket: Bucket,
    key: str,
    path: Path,
    *,
    etag: str = "",
    any_etag: bool = False,
    before: Callable[[int], None] = lambda _: None,
    on_progress: Callable[[int], None] = lambda _: None,
    cancel: Cancel = NEVER,
) -> Fetched | None:
    """Download an object to a local file; continue after a broken connection.

    Args:
        bucket: its bucket.
        key: its key.
        path: the file to write; an existing one is replaced.
        etag: the ETag that it must have; empty if unknown.
        any_etag: whether an object with another ETag is read too, for a caller that compares the
            checksum: some stores show another ETag than the one that they returned at first.
        before: called with its size, in bytes, before the first byte is written; may raise.
        on_progress: called with the bytes read so far, in another thread.
        cancel: once set, the download ends.

    Returns:
        The object's size and checksums; None if the credentials may not read it.

    Raises:
        IntegrityError: the object is gone, or was replaced.
        CancelledError, DestinationError, LocalResourceError, TemporaryError: see core.errors.
    """
    download = _Download(bucket.retry, path, etag, any_etag, before, on_progress, cancel)
    return bucket.ask(
        lambda client, where: download.run(client, {**where, "Key": key}), key, cancel=cancel
    )


class _Download:
    def __init__(
        self,
        retry: Retry,
        path: Path,
        etag: str,
        any_etag: bool,
        before: Callable[[int], None],
        on_progress: Callable[[int], None],
        cancel: Cancel,
    ) -> None:
        self._retry, self._path, self._etag = retry, path, etag
        self._before, self._on_progress, self._cancel = before, on_progress, cancel
        self._any_etag = any_etag
        self._size: int | None = None
        self._done = 0
        self._crc = 0

    def run(self, client: Any, target: Mapping[str, str]) -> Fetched | None:
        try:
            with open(self._path, "wb", opener=opener) as file:
                self._read_all(client, target, file)
        except ClientError as error:
            if code_of(error) in EXISTS | _GONE:
                raise IntegrityError(
                    f"{target['Key']} is gone, or was replaced meanwhile."
                ) from error
            if code_of(error) in DENIED or status_of(error) == 403:
                return None
            raise
        except OSError as error:
            raise LocalResourceError(
                f"{self._path.parent} cannot be written: {error.strerror or 'I/O error'}."
            ) from error
        crc32 = base64.b64encode(self._crc.to_bytes(4, "big")).decode()
        return Fetched(self._done, self._etag, crc32)

    def _read_all(self, client: Any, target: Mapping[str, str], file: IO[bytes]) -> None:
        def read_once() -> None:
            before = self._done
            try:
                self._read_on(client, target, file)
            except Exception as error:
                if self._done == before or not _is_broken(error) or not self._etag:
                    raise  # else the next request continues from there

        while self._size is None or self._done < self._size:
            try:
                self._retry.tries("The read-back", self._cancel, _find_retry_reason).call(read_once)
            except Exception as error:
                if not _is_broken(error):
                    raise
                raise TemporaryError(
                    f"S3 did not return {target['Key']} ({type(error).__name__}).",
                    "Try again later.",
                ) from error

    def _read_on(self, client: Any, target: Mapping[str, str], file: IO[bytes]) -> None:
        """Read the rest of the same object, from where the last answer ended.

        Without an ETag, only the whole object is known to be one: it is read from the start.
        """
        if not self._etag:
            self._done = self._crc = file.seek(0)
            file.truncate()
        answer = self._get(client, target)
        with closing(answer["Body"]) as body:
            if self._size is None:
                self._size, self._etag = int(answer["ContentLength"]), etag_of(answer)
                self._before(self._size)
            while chunk := body.read(_CHUNK_BYTES):
                check(self._cancel)
                file.write(chunk)
                self._crc = zlib.crc32(chunk, self._crc)
                self._done += len(chunk)
                self._on_progress(self._done)

    def _get(self, client: Any, target: Mapping[str, str]) -> dict[str, Any]:
        guard = {"IfMatch": f'"{self._etag}"'} if self._etag else {}
        part = {"Range": f"bytes={self._done}-"} if self._done else {}
        try:
            answer: dict[str, Any] = client.get_object(**target, **guard, **part)
        except ClientError as error:
            if code_of(error) not in EXISTS or self._done or not self._any_etag:
                raise
            self._any_etag = False
            answer = client.get_object(**target)
        return answer


def _is_broken(error: Exception) -> bool:
    """Whether the connection broke, so that another request may succeed."""
    return isinstance(error, IncompleteReadError) or is_temporary(error)


def _find_retry_reason(error: Exception) -> TemporaryError | None:
    cut = TemporaryError("the answer was incomplete", again=True)
    return cut if isinstance(error, IncompleteReadError) else find_retry_reason(error)
