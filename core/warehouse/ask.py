"""Call the connector in a background thread, with retries and a new sign-in for a lost session."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from core.runtime.background import Waiter
from core.runtime.cancel import Cancel
from core.warehouse.failures import is_session_lost, session_ended, translate
from core.warehouse.own_session import OwnSession, get_retry, take_refusal

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

T = TypeVar("T")


def ask(
    connection: SnowflakeConnection,
    work: Callable[[], T],
    what: str,
    cancel: Cancel,
    *,
    repeatable: bool = True,
) -> T:
    """Call Snowflake in the background; retry temporary failures.

    Args:
        connection: an open session.
        work: one or two calls of the connector.
        what: the request as a phrase for messages, such as "running a statement".
        cancel: ends the wait at once; the call continues and its result is discarded.
        repeatable: whether `work` may be done twice.

    Returns:
        The result of `work`.

    Raises:
        CancelledError: `cancel` was set.
        TransferError: the call failed; the class gives the reason.
    """

    def once() -> T:
        return ask_once(connection, work, what, cancel)

    if not repeatable:
        return once()
    return get_retry(connection).tries(f"Snowflake, {what}", cancel).call(once)


def ask_once(
    connection: SnowflakeConnection, work: Callable[[], T], what: str, cancel: Cancel
) -> T:
    """Call as `ask` does, but once; if the session is lost, sign in again for the next call."""
    waiter = Waiter(cancel)
    signed_in = str(connection.session_id)
    try:
        return waiter.call(work)
    except Exception as error:
        known = take_refusal(connection) or translate(error, what)
        renewable = isinstance(connection, OwnSession) and connection.renewable
        if renewable and is_session_lost(error):
            waiter.call(_renew, connection, signed_in)
            raise session_ended() from error
        if known is error:
            raise
        raise known from error


def _renew(session: OwnSession, lost: str) -> None:
    try:
        session.renew(lost)
    except Exception as error:
        known = take_refusal(session) or translate(error, "signing in to Snowflake again")
        raise known from error
