"""Open a Snowflake session that behaves as the transfer needs it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from core.connections import discovery
from core.connections.secret_refs import AwsSecret, choose_secrets
from core.connections.secrets import reveal
from core.runtime.background import Future, Waiter, start
from core.runtime.cancel import NEVER, Cancel
from core.runtime.library_logging import hush
from core.runtime.retry import QUICK, Retry
from core.warehouse.failures import translate

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

APPLICATION: Final = "amplify_transfer"
CHUNK_MEGABYTES: Final = 16
LOGIN_TIMEOUT: Final = 60  # seconds, without a person
_INTERACTIVE_LOGIN_TIMEOUT: Final = 120  # seconds, with one: browser, second factor
_REQUEST_TIMEOUT: Final = 120  # seconds for a request
_ATTEMPT_TIMEOUT: Final = 90  # seconds for one try: Snowflake answers a running query within 45
_REQUIRED: Final = {
    "application": APPLICATION,
    "paramstyle": "qmark",
    "client_session_keep_alive": True,
    # It would repeat requests unheard; downloads it repeats all the same, so those are ours.
    "retry_max_attempts": 1,
    # Always log out on close: a statement that is still running then is of no use to anybody.
    "enable_server_session_keep_alive_auto_detection": False,
    # We close every session. Else the garbage collector would, inside whatever call it interrupts;
    # where that sets a context variable, Python before 3.12 reads freed memory (CPython issue
    # 148891): the connector sets some in every call, and in that closing.
    "auto_cleanup": False,
}
_REQUIRED_OF_SESSIONS: Final = {
    "QUOTED_IDENTIFIERS_IGNORE_CASE": False,
    # Where an account sets it, asynchronous queries end after five minutes, polled or not
    # (snowflake-connector-python issue 700; spark-snowflake pull request 562).
    "ABORT_DETACHED_QUERY": False,
    # Where a user or an account sets it, results end after so many rows, and say so nowhere
    # (docs.snowflake.com, "Parameters").
    "ROWS_PER_RESULTSET": 0,
}
_INTERACTIVE: Final = ("externalbrowser", "oauth_authorization_code", "username_password_mfa")


def connect(
    connection: str | Mapping[str, object] | None,
    *,
    query_tag: str,
    timezone: str | None = None,
    warehouse: str | None = None,
    role: str | None = None,
    aws_profile: str | None = None,
    login_timeout: int | None = None,
    statement_timeout: int | None = None,
    chunk_megabytes: int = CHUNK_MEGABYTES,
    retry: Retry = QUICK,
    cancel: Cancel = NEVER,
) -> SnowflakeConnection:
    """Sign in.

    The session binds `?` parameters at the server, compares quoted identifiers exactly, ships
    results in chunks of bounded size and is kept alive until it is closed. The connector's module
    globals stay as they are, so other users of it in this process are not disturbed.

    Args:
        connection: a name in Snowflake's connection files (see `core.connections.discovery`),
            or the connector's arguments themselves, in which a secret may be told by where it is
            (`core.connections.secret_refs`); None for the default connection.
        query_tag: what the session's statements are marked with in Snowflake's query history.
        timezone: IANA name of the session's time zone; None keeps the account's.
        warehouse: instead of the connection's.
        role: instead of the connection's.
        aws_profile: of the AWS configuration files, for secrets that AWS keeps; boto3's own rules
            if None.
        login_timeout: seconds for the whole sign-in; None for the connection's own, or 60, or 120
            where a person takes part.
        statement_timeout: seconds after which Snowflake stops a statement; None keeps its own.
        chunk_megabytes: largest uncompressed size of a result chunk (16 to 160).
        retry: how patient the session is with the network, here and later.
        cancel: gives up the sign-in at once.

    Returns:
        An open session; the caller closes it.

    Raises:
        UsageError: there is no such connection, or a parameter is missing or invalid, or a secret
            is not where it is said to be.
        SignInError: Snowflake refused the sign-in, the role or the warehouse, or AWS a secret.
        TemporaryError: Snowflake, or AWS for a secret, could not be reached in time.
        LocalResourceError: the keyring does not have a secret, is locked or does not answer.
        CancelledError: `cancel` was set.
    """
    session = {
        "QUERY_TAG": query_tag,
        "CLIENT_RESULT_CHUNK_SIZE": chunk_megabytes,
        "TIMEZONE": timezone,
        "STATEMENT_TIMEOUT_IN_SECONDS": statement_timeout,
    }
    given = {"warehouse": warehouse, "role": role, "login_timeout": login_timeout}

    def arguments() -> dict[str, Any]:
        own = _arguments(_parameters(connection), aws_profile)
        return _completed(own, _given(given), _given(session))

    person = _is_interactive(_parameters(connection))
    hush()
    from core.warehouse.session import Session

    def sign_in() -> SnowflakeConnection:
        try:
            return Session(arguments, retry, renewable=not person)
        except Exception as error:
            raise translate(error, "signing in to Snowflake") from error

    if person:  # nobody likes to be asked again and again
        return _waited(sign_in, cancel)
    tries = retry.tries("Snowflake, signing in", cancel)
    return tries.call(lambda: _waited(sign_in, cancel))


def sign_out(connection: SnowflakeConnection) -> None:
    """Close the session without waiting for a network that may be gone."""

    def close() -> None:
        with suppress(Exception):  # a session that cannot be closed ends by itself
            connection.close()

    closing = threading.Thread(target=close, name="sign-out", daemon=True)
    closing.start()
    closing.join(1.0)


def _waited(sign_in: Callable[[], SnowflakeConnection], cancel: Cancel) -> Any:
    """Sign in, in the background, so that it can be given up; what comes too late is closed."""
    future = start(sign_in)
    try:
        return Waiter(cancel).result(future)
    except BaseException:
        future.add_done_callback(_close_unseen)
        raise


def _close_unseen(signed_in: Future[SnowflakeConnection]) -> None:
    if signed_in.exception() is None:
        sign_out(signed_in.result())


def _parameters(connection: str | Mapping[str, object] | None) -> Mapping[str, Any]:
    if isinstance(connection, Mapping):
        return choose_secrets(connection)
    return discovery.resolve(connection).parameters


def _arguments(parameters: Mapping[str, Any], aws_profile: str | None) -> dict[str, Any]:
    """The connector's arguments in the clear; they live no longer than the call."""
    return {
        key: reveal(value.with_profile(aws_profile) if isinstance(value, AwsSecret) else value)
        for key, value in parameters.items()
        if value is not None
    }


def _completed(
    own: Mapping[str, Any], given: Mapping[str, object], session: Mapping[str, object]
) -> dict[str, Any]:
    """The connector's arguments: the connection's own, what we require, what the caller asks."""
    return {
        **own,
        **_REQUIRED,
        "login_timeout": own.get("login_timeout") or _login_timeout(own),
        "request_timeout": own.get("request_timeout", _REQUEST_TIMEOUT),
        "retry_timeout": own.get("retry_timeout", _ATTEMPT_TIMEOUT),
        **given,
        "session_parameters": {
            **_own_session_parameters(own),
            **_REQUIRED_OF_SESSIONS,
            **session,
        },
    }


def _given(values: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in values.items() if value}


def _own_session_parameters(arguments: Mapping[str, Any]) -> dict[str, Any]:
    own = arguments.get("session_parameters")
    return dict(own) if isinstance(own, Mapping) else {}


def _is_interactive(arguments: Mapping[str, Any]) -> bool:
    authenticator = str(arguments.get("authenticator", "")).lower()
    return authenticator in _INTERACTIVE or authenticator.startswith("https://")


def _login_timeout(arguments: Mapping[str, Any]) -> int:
    return _INTERACTIVE_LOGIN_TIMEOUT if _is_interactive(arguments) else LOGIN_TIMEOUT
