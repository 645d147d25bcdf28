"""A session that survives the network: it is asked again, and signed in again if it is lost.

Imports the connector, so nothing imports this module before a session is opened.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from snowflake.connector import SnowflakeConnection
from snowflake.connector.connection_config import ConnectionConfig

from core.errors import TransferError
from core.runtime.background import Waiter
from core.runtime.cancel import Cancel
from core.runtime.retry import QUICK, Retry
from core.warehouse.failures import is_session_lost, session_ended, translate
from core.warehouse.network.addresses import Account, check_url
from core.warehouse.network.gate import PROXY_SETTINGS, Pass
from core.warehouse.network.http_pools import Web
from core.warehouse.platform_detection import without_platform_detection

T = TypeVar("T")

# The connector's settings by which it goes to the network; no secret but that of a proxy.
_OF_THE_NETWORK = frozenset(
    {
        *PROXY_SETTINGS,
        *("crl_check_mode", "cert_revocation_check_mode", "custom_root_store_path"),
        *("min_tls_version", "tls_skip_verify", "verify_certificates", "verify_hostname"),
        *("authenticator", "oauth_token_request_url", "wif_host", "workload_identity_host"),
    }
)


def retry_of(connection: SnowflakeConnection) -> Retry:
    """How patient a session is; a plain connection is not very."""
    return connection.retry if isinstance(connection, Session) else QUICK


class Session(SnowflakeConnection):  # type: ignore[misc]
    """A connection that can sign in again; whoever holds it need not know.

    Args:
        arguments: makes the connector's arguments; called for each sign-in, so that no secret is
            kept for a later one.
        retry: how patient to be.
        renewable: whether to sign in again by itself, where no person takes part.
    """

    def __init__(
        self, arguments: Callable[[], dict[str, Any]], retry: Retry, *, renewable: bool
    ) -> None:
        given = arguments()
        settings = ConnectionConfig.from_kwargs(
            **{key: value for key, value in given.items() if key.lower() in _OF_THE_NETWORK}
        )
        self.web = Web(settings, self.where)
        self.gate = Pass(settings, self.web)
        try:
            with without_platform_detection():
                super().__init__(**self.gate.through(given))
        except Exception as error:
            if refused := self.gate.refusal():
                raise refused from error
            raise
        self.gate.signed_in()
        self.retry = retry
        self.renewable = renewable
        self._sign_in_arguments = arguments
        self._renewing = threading.Lock()
        self._ended = False

    def renew(self, lost: str) -> None:
        """Sign in again, unless another thread has done so since session `lost` was lost.

        Statements and their results are Snowflake's, not the session's: they go on, and are read
        by their ids.
        """
        with self._renewing:
            if self._ended or str(self.session_id) != lost:
                return
            fresh = SnowflakeConnection(**self.gate.through(self._sign_in_arguments()))
            # The two change places, so that cursors and batches, which hold this object, go on.
            old = {name: self.__dict__.get(name) for name in fresh.__dict__}
            self.__dict__.update(fresh.__dict__)
            fresh.__dict__.update(old)
        threading.Thread(target=fresh.close, args=(False,), name="sign-out", daemon=True).start()

    def close(self, retry: bool = True) -> None:
        """Sign out, for good."""
        self._ended = True
        super().close(retry)

    def where(self) -> Account:
        """Where the account is, as far as that is known."""
        place = self.gate.account
        name, secure = (place.host, place.scheme == "https") if place else ("", True)
        return Account(self.gate.peer or name, secure)


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
        known = _refusal(connection) or translate(error, what)
        renewable = isinstance(connection, Session) and connection.renewable
        if renewable and is_session_lost(error):
            waiter.call(_renewed, connection, signed_in)
            raise session_ended() from error
        if known is error:
            raise
        raise known from error


def _renewed(session: Session, lost: str) -> None:
    try:
        session.renew(lost)
    except Exception as error:
        known = _refusal(session) or translate(error, "signing in to Snowflake again")
        raise known from error


def _refusal(connection: SnowflakeConnection) -> TransferError | None:
    return connection.gate.refusal() if isinstance(connection, Session) else None


def web_of(connection: SnowflakeConnection) -> Web:
    """How a session's batches are fetched, past the gate that is the connector's own."""
    if isinstance(connection, Session):
        return connection.web
    config = connection.config
    return Web(config, lambda: Account(config.host or "", config.protocol != "http"))


@contextmanager
def storage_admitted(connection: SnowflakeConnection, url: str) -> Iterator[None]:
    """Let the connector itself fetch a batch, past the gate that else admits the account alone.

    Raises:
        IntegrityError: no storage service is there.
    """
    if not isinstance(connection, Session) or not url:
        yield
        return
    check_url(url, connection.where())
    connection.gate.admit_storage(url)
    try:
        yield
    finally:
        connection.gate.forget_storage(url)
