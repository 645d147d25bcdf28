"""Remove the objects that a failed unload left in the bucket, or report them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from core.bucket import Bucket
from core.bucket.objects import find, remove
from core.errors import (
    CancelledError,
    DestinationExistsError,
    TemporaryError,
    TransferError,
    UsageError,
)
from core.remedy import join_texts
from core.runtime.background import Waiter
from core.runtime.deadline import Deadline

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

# Seconds for the cleanup; few after a cancellation, where the user waits for the end.
_LONG, _SHORT = 30.0, 0.9
_POLL = 0.05


class CopyCleanup:
    """Removes the objects of one COPY INTO that failed.

    It removes only objects that this statement is known to have written: parts carry its query id
    in their names (INCLUDE_QUERY_ID); a single object is written in one operation, so it is this
    statement's if the statement succeeded.

    Args:
        connection: the session that the statement runs in.
        bucket: accessed with this machine's own credentials.
        key: the object's key, or the folder of the parts.
    """

    def __init__(self, connection: SnowflakeConnection, bucket: Bucket, key: str) -> None:
        self._connection = connection
        self._bucket = bucket
        self._key = key
        self._query_id = ""

    def expect(self, query_id: str) -> None:
        """Note that the statement `query_id` has started and may write."""
        self._query_id = query_id

    @contextmanager
    def clean_up_on_failure(self) -> Iterator[None]:
        """Remove the objects if the body fails; the error's hint names those that may remain."""
        try:
            yield
        except (DestinationExistsError, UsageError):
            raise  # refused before anything was written
        except TransferError as error:
            if left := self._clean_up_after(error):
                error.hint = join_texts([error.hint, left])
                error.in_doubt = True
            raise

    def _clean_up_after(self, error: TransferError) -> str:
        """Clean up and return a sentence about objects that may remain, or an empty string.

        Without a query id, objects cannot be attributed to this run, and none is removed.
        """
        if self._query_id:
            return self._remove(hurried=isinstance(error, CancelledError))
        if isinstance(error, TemporaryError):
            url = self._bucket.destination.url(self._key)
            return f"Snowflake may have received the statement: look for files at {url}."
        return ""

    def _remove(self, *, hurried: bool) -> str:
        """Remove the objects; return a sentence about what may remain, or an empty string."""
        deadline = Deadline(_SHORT if hurried else _LONG)
        try:
            if keys := self._find_own_keys(deadline):
                remove(self._bucket, keys, deadline)
        except Exception:  # of any kind: the first error is the one that is reported
            return (
                f"Files may remain at {self._bucket.destination.url(self._key)}; this run's were "
                f"written by Snowflake's query {self._query_id}."
            )
        return ""

    def _find_own_keys(self, deadline: Deadline) -> list[str]:
        status = Waiter(deadline).call(self._wait_for_status, deadline)
        if self._key.endswith("/"):
            return [key for key in find(self._bucket, self._key, deadline) if self._query_id in key]
        return [self._key] if status == "SUCCESS" else []

    def _wait_for_status(self, deadline: Deadline) -> str:
        """Return the final status; an aborted statement may still run for a moment."""
        while True:
            status = self._connection.get_query_status(self._query_id)
            if not self._connection.is_still_running(status) or deadline.wait(_POLL):
                return str(status.name)
