"""Run one statement: start it, wait for it, cancel it, read its result.

Only `execute_async`, `query_result`, the status, `abort_query` and the batch list of the connector
are used, and `execute` for short statements: its other calls ignore Ctrl-C and time limits, and
some corrupt values (a chunk whose integer width differs from that of the first is silently
misread).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from core.errors import IntegrityError, TemporaryError
from core.query import Statement
from core.runtime.cancel import Cancel, check
from core.runtime.deadline import Deadline
from core.runtime.retry import Retry
from core.warehouse.ask import ask
from core.warehouse.failures import translate
from core.warehouse.own_session import get_retry
from core.warehouse.results.batch_list import BatchList
from core.warehouse.submit import Start

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection
    from snowflake.connector.cursor import SnowflakeCursor

__all__ = ["Cancel", "Result", "check", "parse_count", "run"]

_FIRST_POLL, _SLOWEST_POLL = 0.005, 0.5  # seconds; doubles in between
_HELD_SECONDS = 1.0  # a request that Snowflake answers later than that has waited there
_DIGITS = 20  # the most that a count may have
_UNKNOWN_SECONDS = 120.0  # for which Snowflake may not report a statement that it has accepted


@dataclass(frozen=True)
class Result:
    """A finished statement whose rows have not been downloaded.

    Attributes:
        connection: the session of the statement.
        query_id: Snowflake's id of the statement.
        cursor: a cursor that holds the result, until `batches` is read.
        cancel: stops the download of the rows.
    """

    connection: SnowflakeConnection
    query_id: str
    cursor: SnowflakeCursor
    cancel: Cancel

    @property
    def retry(self) -> Retry:
        """The retry policy of the session."""
        return get_retry(self.connection)

    @cached_property
    def batches(self) -> BatchList:
        """The batches of the result."""
        try:
            return BatchList.of(self.connection, self.cursor)
        except Exception as error:
            raise translate(error, "reading an answer") from error


def parse_count(value: object) -> int | None:
    """Parse a number of rows or bytes of an answer; return None if it is empty.

    Raises:
        IntegrityError: it is not a number of this kind.
    """
    if value is None or value == "":
        return None
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise IntegrityError("Snowflake's answer holds an invalid count.", "Run again.")
    return int(text)


def run(
    connection: SnowflakeConnection,
    statement: Statement,
    cancel: Cancel,
    *,
    on_start: Callable[[str], None] = lambda _: None,
    repeatable: bool = True,
    short: bool = False,
) -> Result:
    """Run `statement` to its end; any interruption also aborts it at the warehouse.

    Args:
        connection: an open session.
        statement: what to run.
        cancel: ends the wait and aborts the statement.
        on_start: called with the query id as soon as it is known.
        repeatable: whether it may be started again if the answer to its start is lost; false for
            statements that write.
        short: whether it ends within seconds, whatever the size of the table: then it takes one
            request instead of two, if the session is of one run.

    Returns:
        The finished statement.

    Raises:
        CancelledError: `cancel` was set; the statement was aborted.
        TransferError: it failed; the class gives the reason.
    """
    start = Start(connection, statement, short=short)
    check(cancel)
    try:
        ask(connection, start, "running a statement", cancel, repeatable=repeatable)
        on_start(start.query_id)
        cursor = start.cursor or _wait(_Result(connection, start.query_id), cancel)
    except BaseException:
        start.give_up()
        raise
    return Result(connection, start.query_id, cursor, cancel)


def _wait(result: _Result, cancel: Cancel) -> SnowflakeCursor:
    """Ask for the result until the statement has ended."""
    delay = _FIRST_POLL
    while (cursor := ask(result.connection, result, "running a statement", cancel)) is None:
        cancel.wait(delay)
        check(cancel)
        delay = min(2 * delay, _SLOWEST_POLL)
    return cursor


class _Result:
    """Asks for the result of a statement.

    Snowflake keeps the request until the statement ends, for 45 seconds at most; then the answer is
    that it is in progress, which the connector (5.2) returns as a cursor without columns. All
    results have columns, also those of DDL. So the first request is usually the only one.

    Before any other, the status is asked for. If the statement still runs, the result is asked for
    again only if Snowflake has kept the request before: some answer at once, and a proxy may break
    off a request that is kept.
    """

    def __init__(self, connection: SnowflakeConnection, query_id: str) -> None:
        self.connection = connection
        self._query_id = query_id
        self._is_running = _Watch(connection, query_id)
        self._is_first = True
        self._was_held = False

    def __call__(self) -> SnowflakeCursor | None:
        """Ask once; return None if the statement is in progress."""
        may_run = self._is_first or self._is_running()
        if may_run and not (self._is_first or self._was_held):
            return None
        self._is_first = self._was_held = False  # if this request fails
        began = time.monotonic()
        cursor = self.connection.cursor().query_result(self._query_id)
        self._was_held = time.monotonic() - began >= _HELD_SECONDS
        return None if may_run and cursor.description is None else cursor


class _Watch:
    """Asks whether a statement is still running.

    The connector also answers yes if Snowflake reports no status, so that is limited in time.
    """

    def __init__(self, connection: SnowflakeConnection, query_id: str) -> None:
        self._connection = connection
        self._query_id = query_id
        self._deadline = Deadline(_UNKNOWN_SECONDS)

    def __call__(self) -> bool:
        status = self._connection.get_query_status(self._query_id)
        if status.name != "NO_DATA":
            self._deadline = Deadline(_UNKNOWN_SECONDS)
        elif self._deadline.is_set():
            raise TemporaryError(
                f"Snowflake does not report the status of query {self._query_id}.",
                "Run it again.",
            )
        return bool(self._connection.is_still_running(status))
