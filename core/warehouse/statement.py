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
from typing import TYPE_CHECKING, Any

from core.query import Statement
from core.retry import Retry
from core.warehouse.cancel import Cancel, check

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection
    from snowflake.connector.cursor import SnowflakeCursor

__all__ = ["Cancel", "Result", "check", "run"]

_FIRST_POLL, _SLOWEST_POLL = 0.005, 0.5  # seconds; doubles in between


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

    @property
    def retry(self) -> Retry:
        """How patient the session is with the network."""
        from core.warehouse.session import retry_of

        return retry_of(self.connection)

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows of a small result (SHOW, DESCRIBE), as dicts with lower-case names."""
        names = [column.name.lower() for column in self.cursor.description]
        for row in self.cursor.fetchall():
            yield dict(zip(names, row, strict=True))


def run(
    connection: SnowflakeConnection,
    statement: Statement,
    cancel: Cancel,
    *,
    on_start: Callable[[str], None] = lambda _: None,
    repeatable: bool = True,
) -> Result:
    """Run `statement` to its end; whatever interrupts that also stops it at the warehouse.

    Args:
        connection: an open session.
        statement: what to run.
        cancel: stops the wait, and the statement.
        on_start: told the query id as soon as there is one.
        repeatable: whether it may be started again where the answer to its start is lost; false
            for what writes.

    Raises:
        CancelledError: `cancel` was set; the statement was aborted.
        TransferError: it failed; the class tells why.
    """
    from core.warehouse.session import ask

    query_id = ""

    def start() -> str:
        started = connection.cursor().execute_async(statement.revealed, statement.binds or None)
        return started["queryId"] or ""

    def is_running() -> bool:
        return bool(connection.is_still_running(connection.get_query_status(query_id)))

    def result() -> SnowflakeCursor:
        return connection.cursor().query_result(query_id)

    check(cancel)
    try:
        query_id = ask(connection, start, "running a statement", cancel, repeatable=repeatable)
        on_start(query_id)
        delay = _FIRST_POLL
        while ask(connection, is_running, "waiting for a statement", cancel):
            cancel.wait(delay)
            check(cancel)
            delay = min(2 * delay, _SLOWEST_POLL)
        cursor = ask(connection, result, "running a statement", cancel)
    except BaseException:
        if query_id:
            _abort(connection, query_id)
        raise
    return Result(connection, query_id, cursor)


def _abort(connection: SnowflakeConnection, query_id: str) -> None:
    """Ask the warehouse to stop the statement; in a thread, as a dead link would hold us up."""

    def abort() -> None:
        with suppress(Exception):  # the first error is the one to tell
            connection.cursor().abort_query(query_id)

    asking = threading.Thread(target=abort, name="abort-query", daemon=True)
    asking.start()
    asking.join(1.0)
