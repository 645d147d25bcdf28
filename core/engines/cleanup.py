"""What an unload that fails has left in the bucket: removed, or told."""

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
from core.remedy import joined
from core.runtime.background import Waiter
from core.runtime.deadline import Deadline

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

# Seconds to clean up in; few where somebody waits for the end.
_LONG, _SHORT = 30.0, 0.9
_POLL = 0.05


class Remains:
    """The objects of one COPY INTO.

    Only what is surely this statement's own is removed: parts carry its query id in their names
    (INCLUDE_QUERY_ID); a single object appears whole, so it is ours if the statement succeeded.

    Args:
        connection: the session that it runs in.
        bucket: with this machine's own credentials.
        key: the object's key, or the folder of the parts.
    """

    def __init__(self, connection: SnowflakeConnection, bucket: Bucket, key: str) -> None:
        self._connection = connection
        self._bucket = bucket
        self._key = key
        self._query_id = ""

    def expect(self, query_id: str) -> None:
        """From now on the statement `query_id` may write."""
        self._query_id = query_id

    @contextmanager
    def cleared(self) -> Iterator[None]:
        """Remove what a failure inside leaves; its hint tells what could not be removed."""
        try:
            yield
        except (DestinationExistsError, UsageError):
            raise  # refused at once: nothing was written
        except TransferError as error:
            if left := self._left(error):
                error.hint = joined([error.hint, left])
                error.in_doubt = True
            raise

    def _left(self, error: TransferError) -> str:
        """What a failure may have left, as a sentence; without an id, nobody knows whose it is."""
        if self._query_id:
            return self._clear(hurried=isinstance(error, CancelledError))
        if isinstance(error, TemporaryError):
            url = self._bucket.destination.url(self._key)
            return f"Snowflake may have got the order all the same: look for files at {url}."
        return ""

    def _clear(self, *, hurried: bool) -> str:
        """Remove the objects; what may be left, as a sentence, or nothing."""
        deadline = Deadline(_SHORT if hurried else _LONG)
        try:
            if keys := self._own(deadline):
                remove(self._bucket, keys, deadline)
        except Exception:  # whatever it is, the first error is the one to tell
            return (
                f"Files may remain at {self._bucket.destination.url(self._key)}; those of this run "
                f"are of Snowflake's query {self._query_id}."
            )
        return ""

    def _own(self, deadline: Deadline) -> list[str]:
        status = Waiter(deadline).call(self._last_status, deadline)
        if self._key.endswith("/"):
            return [key for key in find(self._bucket, self._key, deadline) if self._query_id in key]
        return [self._key] if status == "SUCCESS" else []

    def _last_status(self, deadline: Deadline) -> str:
        """How the statement ended: what has been aborted may go on for a moment."""
        while True:
            status = self._connection.get_query_status(self._query_id)
            if not self._connection.is_still_running(status) or deadline.wait(_POLL):
                return str(status.name)
