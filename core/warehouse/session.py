"""A session that signs in again after it was lost.

This module imports the connector, so it is imported only when a session is opened.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from snowflake.connector import SnowflakeConnection
from snowflake.connector.connection_config import ConnectionConfig

from core.runtime.retry import Retry
from core.warehouse.connector_internals import exchange_states
from core.warehouse.failures import translate
from core.warehouse.network.addresses import Account
from core.warehouse.network.gate import PROXY_SETTINGS, Pass
from core.warehouse.network.http_pools import Web
from core.warehouse.own_session import OwnSession
from core.warehouse.platform_detection import without_platform_detection

# The connector's network settings; the only secret among them is that of a proxy.
_OF_THE_NETWORK = frozenset(
    {
        *PROXY_SETTINGS,
        *("crl_check_mode", "cert_revocation_check_mode", "custom_root_store_path"),
        *("min_tls_version", "tls_skip_verify", "verify_certificates", "verify_hostname"),
        *("authenticator", "oauth_token_request_url", "wif_host", "workload_identity_host"),
    }
)


class Session(SnowflakeConnection, OwnSession):  # type: ignore[misc]
    """A connection that can sign in again, which is transparent to its users.

    Args:
        arguments: returns the connector's arguments; called for each sign-in, so that no secret is
            stored between them.
        retry: the retry policy.
        renewable: whether to sign in again automatically; false for interactive sign-ins.
        is_of_one_run: whether it is opened for one run and ends with it.

    Attributes:
        loans: how many runs use the session, beside its owner.
    """

    def __init__(
        self,
        arguments: Callable[[], dict[str, Any]],
        retry: Retry,
        *,
        renewable: bool,
        is_of_one_run: bool = False,
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
            raise (self.gate.refusal() or translate(error, self._signing_in())) from error
        self.gate.allow_results()
        self.retry = retry
        self.renewable = renewable
        self.is_of_one_run = is_of_one_run
        self._sign_in_arguments = arguments
        self._renewing = threading.Lock()
        self._lending = threading.Lock()
        self._ended = self._unwanted = False
        self.loans = 0

    def renew(self, lost: str) -> None:
        """Sign in again, unless another thread has done so since session `lost` was lost.

        Statements and results do not depend on the session: they continue, and can be read by
        their ids.
        """
        with self._renewing:
            if self._ended or str(self.session_id) != lost:
                return
            fresh = SnowflakeConnection(**self.gate.through(self._sign_in_arguments()))
            exchange_states(self, fresh)
        threading.Thread(target=fresh.close, args=(False,), name="sign-out", daemon=True).start()

    @property
    def is_alone(self) -> bool:
        """Whether no run uses the session beside its owner."""
        return not self.loans

    def lend(self) -> bool:
        """Count one more run that uses the session; return false if it is closed."""
        with self._lending:
            if not self._unwanted:
                self.loans += 1
            return not self._unwanted

    def take_back(self) -> None:
        """Count one run less; sign out if the owner wanted to, and this was the last."""
        with self._lending:
            self.loans -= 1
            due = self._unwanted and not self.loans
        if due:
            self._sign_out()

    def close(self, retry: bool = True) -> None:
        """Sign out, once no run uses the session; it cannot be renewed afterwards."""
        with self._lending:
            self._unwanted = True
            if self.loans:
                return
        self._sign_out(retry)

    def _sign_out(self, retry: bool = True) -> None:
        self._ended = True
        super().close(retry)

    def _signing_in(self) -> str:
        place = self.gate.account
        return f"signing in to Snowflake at {place.host}" if place else "signing in to Snowflake"

    def where(self) -> Account:
        """Return the location of the account, as far as it is known."""
        place = self.gate.account
        name, secure = (place.host, place.scheme == "https") if place else ("", True)
        return Account(self.gate.peer or name, secure)
