"""One statement: started, waited for, cancelled, read.

Only `execute_async`, status polling, `abort_query`, `query_result` and the batch list of the
connector are used: its other calls ignore Ctrl-C and time limits, and some corrupt values
(a chunk with another integer width than the first is misread, without an error).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from core.errors import CancelledError
from core.query import Statement
from core.warehouse.failures import translate

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection
    from snowflake.connector.cursor import SnowflakeCursor

_FIRST_POLL, _SLOWEST_POLL = 0.005, 0.5  # seconds; doubles in between


class Cancel(Protocol):
    """What a caller cancels with: a `threading.Event`, or anything alike."""

    def is_set(self) -> bool:
        """Whether the run should stop."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait up to `timeout` seconds for the wish to stop; returns `is_set()`."""


@dataclass(frozen=True)
class Result:
    """A finished statement, its rows still at the warehouse.

    Attributes:
        connection: the session it ran in.
        query_id: Snowflake's id of the statement.
        cursor: a cursor that holds the result's batch list.
    """

    connection: SnowflakeConnection
    query_id: str
    cursor: SnowflakeCursor

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows of a small result (SHOW, DESCRIBE), as dicts with lower-case names."""
        names = [column.name.lower() for column in self.cursor.description]
        for row in self.cursor.fetchall():
            yield dict(zip(names, row, strict=True))


def check(cancel: Cancel) -> None:
    """Raise CancelledError if `cancel` is set."""
    if cancel.is_set():
        raise CancelledError


def run(
    connection: SnowflakeConnection,
    statement: Statement,
    cancel: Cancel,
    *,
    on_start: Callable[[str], None] = lambda _: None,
) -> Result:
    """Run `statement` to its end; whatever interrupts that also stops it at the warehouse.

    Args:
        connection: an open session.
        statement: what to run.
        cancel: stops the wait, and the statement.
        on_start: told the query id as soon as there is one.

    Raises:
        CancelledError: `cancel` was set; the statement was aborted.
        TransferError: it failed; the class tells why.
    """
    query_id = ""
    try:
        check(cancel)
        cursor = connection.cursor()
        started = cursor.execute_async(statement.revealed, statement.binds or None)
        query_id = started["queryId"] or ""
        on_start(query_id)
        delay = _FIRST_POLL
        while connection.is_still_running(connection.get_query_status(query_id)):
            cancel.wait(delay)
            check(cancel)
            delay = min(2 * delay, _SLOWEST_POLL)
        cursor.query_result(query_id)
    except BaseException as error:
        if query_id:
            _abort(cursor, query_id)
        if not isinstance(error, Exception) or isinstance(error, CancelledError):
            raise
        raise translate(error, "running a statement") from error
    return Result(connection, query_id, cursor)


def _abort(cursor: SnowflakeCursor, query_id: str) -> None:
    """Ask the warehouse to stop the statement; in a thread, as a dead link would hold us up."""

    def ask() -> None:
        with suppress(Exception):  # the first error is the one to tell
            cursor.abort_query(query_id)

    asking = threading.Thread(target=ask, name="abort-query", daemon=True)
    asking.start()
    asking.join(1.0)
