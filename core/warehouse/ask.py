"""Calls of the connector: in the background, again where that may help, signed in again if lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from core.runtime.background import Waiter
from core.runtime.cancel import Cancel
from core.warehouse.failures import is_session_lost, session_ended, translate
from core.warehouse.own_session import OwnSession, refusal_of, retry_of

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
    """Ask the warehouse, in the background, again while that may help.

    Args:
        connection: an open session.
        work: a call or two of the connector.
        what: is asked for.
        cancel: ends the wait at once; the call goes on by itself, and nobody hears of it.
        repeatable: whether `work` may be done twice.

    Raises:
        CancelledError: `cancel` was set.
        TransferError: it failed; the class tells why.
    """

    def once() -> T:
        return ask_once(connection, work, what, cancel)

    if not repeatable:
        return once()
    return retry_of(connection).tries(f"Snowflake, {what}", cancel).call(once)


def ask_once(
    connection: SnowflakeConnection, work: Callable[[], T], what: str, cancel: Cancel
) -> T:
    """Ask as `ask` does, but once only; a lost session is signed in again for the next time."""
    waiter = Waiter(cancel)
    signed_in = str(connection.session_id)
    try:
        return waiter.call(work)
    except Exception as error:
        known = refusal_of(connection) or translate(error, what)
        renewable = isinstance(connection, OwnSession) and connection.renewable
        if renewable and is_session_lost(error):
            waiter.call(_renewed, connection, signed_in)
            raise session_ended() from error
        if known is error:
            raise
        raise known from error


def _renewed(session: OwnSession, lost: str) -> None:
    try:
        session.renew(lost)
    except Exception as error:
        known = refusal_of(session) or translate(error, "signing in to Snowflake again")
        raise known from error
