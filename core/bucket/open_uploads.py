"""Multipart uploads under way, written down so that a later run aborts what a killed one has left.

A record is a file of its own in the state directory, private, and locked for as long as the process
that uploads lives. It is gone once the upload is completed or aborted. One whose lock is free was
left by a process that was killed, or that could not abort. There is no secret in it: it is for a
later run that has its own way to the credentials. Records serve tidiness only, so whatever goes
wrong with them fails no delivery.
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
from core.runtime.directories import private_directory
from core.runtime.paths import state_dir
from core.runtime.private_files import open_own, try_lock, write_locked

log = logging.getLogger(__name__)

# Who may not abort never will; a lifecycle rule of the bucket has done it long since.
_KEPT_SECONDS: Final = 30 * 24 * 3600
_FOLDER: Final = "uploads"
_LARGEST: Final = 64 * 1024  # bytes of a record


@dataclass
class Record:
    """One upload that is open.

    Attributes:
        kept: whether to leave the record for a later run, as the upload may remain.
    """

    kept: bool = False


@dataclass(frozen=True)
class OpenUploads:
    """The open uploads of one bucket, as one way to the credentials leads to it.

    Attributes:
        way: the bucket, and what tells one way from another, such as the profile's name.
    """

    way: Mapping[str, str]

    @classmethod
    def of(cls, bucket: str, endpoint_url: str, profile: str) -> Self:
        """The uploads to a bucket; of the endpoint's URL, which may hold a password, its host."""
        host = ""
        with suppress(ValueError):  # the client will tell that it is none
            host = urlsplit(endpoint_url).netloc.rpartition("@")[2]
        return cls({"bucket": bucket, "endpoint": host, "profile": profile})

    @contextmanager
    def recorded(self, key: str, upload_id: str) -> Iterator[Record]:
        """Keep a record of an upload for as long as the `with` lasts, or longer if it says so."""
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
        """Abort what is left of processes that have ended.

        Args:
            abort: is given a key and an upload's id; whether that upload is no more.
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
