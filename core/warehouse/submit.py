"""The start of one statement, and its end where somebody gives it up.

The connector gives each start a request id of its own, so Snowflake cannot tell a second start from
the first. Where the answer to a start is lost, the statement may run and nobody knows its query id:
whatever runs in its session is cancelled then. A session of ours runs one statement at a time.
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
from core.runtime.retry import QUICK, temporary
from core.warehouse.ask import ask_once
from core.warehouse.failures import is_session_lost, translate

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

_JOIN_SECONDS = 1.0  # a dead link would hold us up


class Start:
    """Starts a statement when called, from whatever thread; again, it stops the first one before.

    Attributes:
        query_id: Snowflake's id of the statement; empty until it is told.
    """

    def __init__(self, connection: SnowflakeConnection, statement: Statement) -> None:
        self.query_id = ""
        self._connection = connection
        self._statement = statement
        self._unheard: list[int] = []  # the sessions of starts without an answer
        self._given_up = threading.Event()

    def __call__(self) -> None:
        """Start the statement.

        Raises:
            IntegrityError: the answer gives it an id that is none.
            Exception: as the connector raises it.
        """
        self._stop_unheard()
        self._unheard.clear()
        self._unheard.append(self._connection.session_id)
        try:
            sql, binds = self._statement.revealed, self._statement.binds or None
            started = self._connection.cursor().execute_async(sql, binds)
        except Exception as error:
            if is_session_lost(error) or not _is_temporary(error):
                self._unheard.clear()  # refused
            self._if_given_up()
            raise
        self.query_id = _checked(started["queryId"])
        self._unheard.clear()
        self._if_given_up()

    def give_up(self) -> None:
        """Have the warehouse stop the statement, as soon as it is known to have started."""
        self._given_up.set()
        self._stop()

    def _if_given_up(self) -> None:
        if self._given_up.is_set():  # nobody waited for the answer
            self._stop()

    def _stop(self) -> None:
        if self.query_id:
            _in_background(self._connection, self._abort)
        elif self._unheard:
            _in_background(self._connection, self._stop_unheard)

    def _abort(self) -> None:
        self._connection.cursor().abort_query(self.query_id)

    def _stop_unheard(self) -> None:
        """Cancel what starts without an answer may have begun; those of lost sessions too.

        Raises:
            Exception: it could not be asked for, but may be later.
        """
        for session_id in list(self._unheard):
            try:
                # Waited for, unlike all others: a late one would meet the next start.
                self._connection.cursor().execute(stop_session(session_id).sql)
            except Exception as error:
                # A refusal is as good an answer as any: another one would be the same.
                if _is_temporary(error):
                    raise


def _checked(query_id: object) -> str:
    """A query id; the connector (5.2) takes any text, and later raises ValueError for most."""
    try:
        uuid.UUID(str(query_id))
    except ValueError:
        raise IntegrityError(
            "Snowflake's answer gives the statement an id that is none.",
            "Check whether a proxy or a sign-in page of the network stands in between; then run "
            "again.",
        ) from None
    return str(query_id)


def _is_temporary(error: Exception) -> bool:
    return temporary(translate(error, "")) is not None


def _in_background(connection: SnowflakeConnection, stop: Callable[[], None]) -> None:
    """Ask for a stop, a few times, in a thread that may be left behind."""

    def ask() -> None:
        ask_once(connection, stop, "stopping a statement", NEVER)

    def tries() -> None:
        with suppress(Exception):  # the first error is the one to tell
            QUICK.tries("stopping a statement", NEVER).call(ask)

    asking = threading.Thread(target=tries, name="abort-query", daemon=True)
    asking.start()
    asking.join(_JOIN_SECONDS)
