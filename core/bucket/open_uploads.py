"""Records of open multipart uploads, so that a later run aborts those of a killed process.

Each record is a private file in the state directory, which the uploading process keeps locked. It
is removed once the upload is completed or aborted. A record whose lock is free was left by a
process that was killed, or that could not abort. It holds no secret: the later run has its own
credentials. A failure to read or write records fails no delivery.
"""

from __future__ import annotations

import json
import logging
import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from core.errors import LocalResourceError
from core.runtime.disk.directories import private_directory
from core.runtime.disk.paths import state_dir
from core.runtime.disk.private_files import open_own, try_lock, write_locked

log = logging.getLogger(__name__)

# Without the permission to abort, later runs fail too; the bucket's lifecycle rule aborts uploads.
_KEPT_SECONDS: Final = 30 * 24 * 3600
_FOLDER: Final = "uploads"
_LARGEST: Final = 64 * 1024  # bytes of a record


@dataclass
class Record:
    """An open upload.

    Attributes:
        kept: whether to leave the record for a later run, because the upload may be open.
    """

    kept: bool = False


@dataclass(frozen=True)
class OpenUploads:
    """The open uploads of one bucket, made with one profile at one endpoint.

    Attributes:
        way: the names of the bucket, of the endpoint's host and of the profile.
    """

    way: Mapping[str, str]

    @classmethod
    def of(cls, bucket: str, endpoint_url: str, profile: str) -> Self:
        """Return the uploads to a bucket; of the endpoint's URL only the host is used."""
        host = ""
        with suppress(ValueError):  # the client reports an invalid URL
            host = urlsplit(endpoint_url).netloc.rpartition("@")[2]
        return cls({"bucket": bucket, "endpoint": host, "profile": profile})

    @contextmanager
    def record(self, key: str, upload_id: str) -> Iterator[Record]:
        """Record an upload during the `with` block, and longer if `kept` is set."""
        record, path, handle = Record(), None, None
        try:
            path, handle = _write({**self.way, "key": key, "upload_id": upload_id})
        except (OSError, LocalResourceError) as error:
            log.info("The open upload is not recorded (%s).", type(error).__name__)
        try:
            yield record
        finally:
            if handle is not None:
                os.close(handle)  # first, as Windows removes no file that is open
            if path and not record.kept:
                with suppress(OSError):
                    path.unlink()

    def sweep(self, abort: Callable[[str, str], bool]) -> None:
        """Abort the uploads of processes that have ended.

        Args:
            abort: called with a key and an upload's id; returns whether that upload is gone.
        """
        with suppress(OSError, LocalResourceError):
            for path in sorted(private_directory(state_dir() / _FOLDER).glob("*.json")):
                with suppress(OSError, ValueError, KeyError, AttributeError, RecursionError):
                    self._sweep_one(path, abort)

    def _sweep_one(self, path: Path, abort: Callable[[str, str], bool]) -> None:
        with os.fdopen(open_own(path, os.O_RDWR), "rb") as file:
            if not try_lock(file.fileno()):
                return
            record = json.loads(file.read(_LARGEST))
            if not all(record.get(name) == value for name, value in self.way.items()):
                return
            old = time.time() - os.fstat(file.fileno()).st_mtime > _KEPT_SECONDS
            done = abort(record["key"], record["upload_id"]) or old
        if done:
            path.unlink()


def _write(record: Mapping[str, str]) -> tuple[Path, int]:
    path = private_directory(state_dir() / _FOLDER) / f"{uuid.uuid4().hex}.json"
    return path, write_locked(path, json.dumps(record))
