"""Open a Snowflake session with the parameters that a transfer requires."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from core.connections import discovery
from core.connections.address import normalize_address
from core.connections.private_key import prepare_key
from core.connections.secret_refs import AwsSecret, choose_secrets
from core.connections.secrets import reveal
from core.runtime.background import Future, Waiter, start
from core.runtime.cancel import NEVER, Cancel
from core.runtime.library_logging import hush
from core.runtime.process.forks import check_not_forked
from core.runtime.retry import QUICK, Retry
from core.warehouse.failures import translate

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

APPLICATION: Final = "amplify_transfer"
CHUNK_MEGABYTES: Final = 16
LOGIN_TIMEOUT: Final = 60  # seconds, for a sign-in without user interaction
_INTERACTIVE_LOGIN_TIMEOUT: Final = 120  # seconds, for one with: browser, second factor
_REQUEST_TIMEOUT: Final = 120  # seconds for a request
_ATTEMPT_TIMEOUT: Final = 90  # seconds for one attempt: Snowflake answers a running query within 45
_SIGN_OUT_SECONDS: Final = 1.0
_REQUIRED: Final = {
    "application": APPLICATION,
    "paramstyle": "qmark",
    "client_session_keep_alive": True,
    # The connector would silently repeat requests. Downloads it repeats regardless of this
    # parameter, so `core.warehouse.results.chunks` sends those.
    "retry_max_attempts": 1,
    # Always log out on close: the result of a statement that is still running is not needed.
    "enable_server_session_keep_alive_auto_detection": False,
    # Every session is closed explicitly. Otherwise the garbage collector would close it inside
    # whatever call it interrupts; if that call sets a context variable, Python before 3.12 reads
    # freed memory (CPython issue 148891). The connector sets some in every call, closing included.
    "auto_cleanup": False,
}
# Set at the sign-in, so that a session that signs in again has them too. An account or a user may
# have set any of them differently (docs.snowflake.com, "Parameters").
_REQUIRED_OF_SESSIONS: Final = {
    "QUOTED_IDENTIFIERS_IGNORE_CASE": False,
    # If an account sets it, asynchronous queries end after five minutes, polled or not
    # (snowflake-connector-python issue 700; spark-snowflake pull request 562).
    "ABORT_DETACHED_QUERY": False,
    # If a user or an account sets it, results are silently cut after that number of rows.
    "ROWS_PER_RESULTSET": 0,
    "PYTHON_CONNECTOR_QUERY_RESULT_FORMAT": "ARROW",
    # With FALSE, the types in Parquet depend on the types of the statement, not on the values
    # (DECIMAL(38,s) for every sum).
    "ENABLE_UNLOAD_PHYSICAL_TYPE_OPTIMIZATION": False,
    "TWO_DIGIT_CENTURY_START": 1970,
    # Snowflake's own defaults, on which casts from and to text depend.
    "DATE_INPUT_FORMAT": "AUTO",
    "TIME_INPUT_FORMAT": "AUTO",
    "TIMESTAMP_INPUT_FORMAT": "AUTO",
    "DATE_OUTPUT_FORMAT": "YYYY-MM-DD",
    "TIME_OUTPUT_FORMAT": "HH24:MI:SS",
    "TIMESTAMP_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM",
    "TIMESTAMP_NTZ_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3",
    "TIMESTAMP_LTZ_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM",
    "TIMESTAMP_TZ_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM",
    "BINARY_INPUT_FORMAT": "HEX",
    "BINARY_OUTPUT_FORMAT": "HEX",
    "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_NTZ",
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
    is_of_one_run: bool = False,
    retry: Retry = QUICK,
    cancel: Cancel = NEVER,
    meanwhile: Callable[[], None] = lambda: None,
) -> SnowflakeConnection:
    """Sign in and return an open session.

    The session binds `?` parameters at the server, compares quoted identifiers exactly, sends
    results in chunks of bounded size and is kept alive until it is closed. The connector's module
    globals are unchanged, so other code of the process that uses it is not affected.

    Args:
        connection: a name in Snowflake's connection files (see `core.connections.discovery`),
            or a mapping of the connector's arguments, which may refer to secrets by their location
            (`core.connections.secret_refs`); None for the default connection.
        query_tag: the tag of the session's statements in Snowflake's query history.
        timezone: IANA name of the session's time zone; None keeps the account's.
        warehouse: replaces the connection's warehouse, if given.
        role: replaces the connection's role, if given.
        aws_profile: the profile of the AWS configuration files for secrets stored in AWS; None for
            boto3's own rules.
        login_timeout: seconds for the whole sign-in; None for the connection's value, else 60, or
            120 if the sign-in is interactive.
        statement_timeout: seconds after which Snowflake stops a statement; None keeps Snowflake's
            setting.
        chunk_megabytes: largest uncompressed size of a result chunk (16 to 160).
        is_of_one_run: whether the session is for one run and ends with it
            (`core.warehouse.submit`).
        retry: the retry policy of the session, for the sign-in and later requests.
        cancel: aborts the sign-in at once.
        meanwhile: called while Snowflake's answer is awaited, in each attempt.

    Returns:
        An open session; the caller closes it.

    Raises:
        UsageError: the connection does not exist, a parameter is missing or invalid, a secret is
            not at the location that its reference names, or the process was forked after the
            connector had been loaded (`core.runtime.process.forks`).
        SignInError: Snowflake refused the sign-in, the role or the warehouse, or AWS refused access
            to a secret.
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
        own = _reveal_arguments(_resolve_parameters(connection), aws_profile)
        own = prepare_key(normalize_address(own))
        return _merge_arguments(own, _drop_empty(given), _drop_empty(session))

    interactive = _is_interactive(_resolve_parameters(connection))
    check_not_forked()
    hush()
    from core.warehouse.session import Session

    def sign_in() -> SnowflakeConnection:
        try:
            return Session(arguments, retry, renewable=not interactive, is_of_one_run=is_of_one_run)
        except Exception as error:
            raise translate(error, "signing in to Snowflake") from error

    if interactive:  # no retries, which would prompt the user each time
        return _sign_in_cancellably(sign_in, cancel, meanwhile)
    tries = retry.tries("Snowflake, signing in", cancel)
    return tries.call(lambda: _sign_in_cancellably(sign_in, cancel, meanwhile))


def sign_out(connection: SnowflakeConnection, begun: threading.Thread | None = None) -> None:
    """Close the session; wait at most a second, since the network may be unavailable.

    Args:
        connection: the session.
        begun: what `start_sign_out` returned, if it was called before.
    """
    (begun or start_sign_out(connection)).join(_SIGN_OUT_SECONDS)


def start_sign_out(connection: SnowflakeConnection) -> threading.Thread:
    """Close the session in a daemon thread, which ends when it is closed."""

    def close() -> None:
        with suppress(Exception):  # Snowflake ends a session that cannot be closed
            connection.close()

    closing = threading.Thread(target=close, name="sign-out", daemon=True)
    closing.start()
    return closing


def _sign_in_cancellably(
    sign_in: Callable[[], SnowflakeConnection], cancel: Cancel, meanwhile: Callable[[], None]
) -> Any:
    """Sign in in the background, so that `cancel` can abort it; close a session that comes late."""
    future = start(sign_in)
    try:
        meanwhile()
        return Waiter(cancel).result(future)
    except BaseException:
        future.add_done_callback(_close_unused)
        raise


def _close_unused(signed_in: Future[SnowflakeConnection]) -> None:
    if signed_in.exception() is None:
        sign_out(signed_in.result())


def _resolve_parameters(connection: str | Mapping[str, object] | None) -> Mapping[str, Any]:
    if isinstance(connection, Mapping):
        return choose_secrets(connection)
    return discovery.resolve(connection).parameters


def _reveal_arguments(parameters: Mapping[str, Any], aws_profile: str | None) -> dict[str, Any]:
    """Return the connector's arguments with their secrets in plain text, for one call only."""
    return {
        key: reveal(value.with_profile(aws_profile) if isinstance(value, AwsSecret) else value)
        for key, value in parameters.items()
        if value is not None
    }


def _merge_arguments(
    own: Mapping[str, Any], given: Mapping[str, object], session: Mapping[str, object]
) -> dict[str, Any]:
    """Merge the connection's arguments, those that are required here and those of the caller."""
    return {
        **own,
        **_REQUIRED,
        "login_timeout": own.get("login_timeout") or _choose_login_timeout(own),
        "request_timeout": own.get("request_timeout", _REQUEST_TIMEOUT),
        "retry_timeout": own.get("retry_timeout", _ATTEMPT_TIMEOUT),
        **given,
        "session_parameters": {
            **_get_session_parameters(own),
            **_REQUIRED_OF_SESSIONS,
            **session,
        },
    }


def _drop_empty(values: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in values.items() if value}


def _get_session_parameters(arguments: Mapping[str, Any]) -> dict[str, Any]:
    own = arguments.get("session_parameters")
    return dict(own) if isinstance(own, Mapping) else {}


def _is_interactive(arguments: Mapping[str, Any]) -> bool:
    authenticator = str(arguments.get("authenticator", "")).lower()
    return authenticator in _INTERACTIVE or authenticator.startswith("https://")


def _choose_login_timeout(arguments: Mapping[str, Any]) -> int:
    return _INTERACTIVE_LOGIN_TIMEOUT if _is_interactive(arguments) else LOGIN_TIMEOUT
