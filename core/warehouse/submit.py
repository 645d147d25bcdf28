"""Start one statement, or run a short one, and abort it if the caller stops waiting.

The connector gives each start a new request id, so Snowflake cannot recognize a repeated start. If
the answer to a start is lost, the statement may be running under an unknown query id. Then all
statements of its session are cancelled: this program runs one statement per session at a time, or
two that can be repeated (`core.warehouse.catalog.run_both`).
Where others use the session too (`core.warehouse.lending`), such a statement is left to itself.

A short statement of a session that serves one run is sent without starting it first: its result is
the answer to its only request. Until then it has no known query id, so it is aborted in that way.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from core.errors import IntegrityError
from core.query import Statement, stop_session
from core.runtime.cancel import NEVER
from core.runtime.retry import QUICK, as_temporary
from core.warehouse.ask import ask_once
from core.warehouse.connector_internals import execute, start
from core.warehouse.failures import is_session_lost, translate
from core.warehouse.own_session import get_statement_parameters, is_alone, is_of_one_run

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection
    from snowflake.connector.cursor import SnowflakeCursor

_JOIN_SECONDS = 1.0  # the network may not respond


class Start:
    """Starts a statement when called, from any thread; a further call first cancels the former one.

    Args:
        connection: an open session.
        statement: what to start.
        short: whether it ends within seconds.

    Attributes:
        query_id: Snowflake's id of the statement; empty until it is known.
        cursor: the result, if the statement has been run to its end; else None.
    """

    def __init__(
        self, connection: SnowflakeConnection, statement: Statement, *, short: bool = False
    ) -> None:
        self.query_id = ""
        self.cursor: SnowflakeCursor | None = None
        self._connection = connection
        self._statement = statement
        self._at_once = short and is_of_one_run(connection)
        self._unanswered: list[int] = []  # session ids of starts without an answer
        self._given_up = threading.Event()

    def __call__(self) -> None:
        """Start the statement.

        Raises:
            IntegrityError: the answer contains an invalid query id.
            Exception: any error of the connector.
        """
        self._cancel_unanswered()
        self._unanswered.clear()
        self._unanswered.append(self._connection.session_id)
        try:
            query_id = self._send()
        except Exception as error:
            if is_session_lost(error) or not _is_temporary(error):
                self._unanswered.clear()  # refused
            self._stop_if_given_up()
            raise
        self.query_id = _check_query_id(query_id)
        self._unanswered.clear()
        self._stop_if_given_up()

    def _send(self) -> object:
        cursor = self._connection.cursor()
        sql, binds = self._statement.revealed, self._statement.binds or None
        parameters = get_statement_parameters(self._connection)
        if not self._at_once:
            return start(cursor, sql, binds, parameters)["queryId"]
        query_id = execute(cursor, sql, binds, parameters)
        self.cursor = cursor
        return query_id

    def give_up(self) -> None:
        """Abort the statement at the warehouse, as soon as its start is confirmed."""
        self._given_up.set()
        self._stop()

    def _stop_if_given_up(self) -> None:
        if self._given_up.is_set():  # the caller no longer waits
            self._stop()

    def _stop(self) -> None:
        if self.cursor is not None:  # it has ended
            return
        if self.query_id:
            _run_in_background(self._connection, self._abort)
        elif self._unanswered:
            _run_in_background(self._connection, self._cancel_unanswered)

    def _abort(self) -> None:
        self._connection.cursor().abort_query(self.query_id)

    def _cancel_unanswered(self) -> None:
        """Cancel statements that unanswered starts may have begun, in lost sessions too.

        Raises:
            Exception: a temporary failure; the cancellation may be repeated.
        """
        if not is_alone(self._connection):
            return  # others use the session too, and it would end their statements
        for session_id in list(self._unanswered):
            try:
                # Synchronous, unlike all others: a delayed one would cancel the next start.
                self._connection.cursor().execute(stop_session(session_id).sql)
            except Exception as error:
                # A permanent refusal is ignored: repeating the request would not change it.
                if _is_temporary(error):
                    raise


def _check_query_id(query_id: object) -> str:
    """Check a query id; the connector (5.2) accepts any text and later raises ValueError."""
    try:
        uuid.UUID(str(query_id))
    except ValueError:
        raise IntegrityError(
            "Snowflake's answer contains an invalid query id.",
            "Check whether a proxy or a sign-in page of the network intercepts requests; then run "
            "again.",
        ) from None
    return str(query_id)


def _is_temporary(error: Exception) -> bool:
    return as_temporary(translate(error, "")) is not None


def _run_in_background(connection: SnowflakeConnection, stop: Callable[[], None]) -> None:
    """Run `stop`, with retries, in a daemon thread; wait for it a second at most."""

    def ask() -> None:
        ask_once(connection, stop, "stopping a statement", NEVER)

    def _try() -> None:
        with suppress(Exception):  # the original error is reported, not this one
            QUICK.tries("stopping a statement", NEVER).call(ask)

    asking = threading.Thread(target=_try, name="abort-query", daemon=True)
    asking.start()
    asking.join(_JOIN_SECONDS)
