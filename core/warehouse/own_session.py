"""The interface of a session that can sign in again and uses a gate.

Unlike `core.warehouse.session`, which opens such sessions, this module does not import the
connector. So modules that use an open session can be imported before the connector is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from core.errors import TransferError
from core.runtime.retry import QUICK, Retry
from core.warehouse.network.addresses import Account, check_url
from core.warehouse.network.http_pools import Web

if TYPE_CHECKING:
    import pyarrow as pa
    from snowflake.connector import SnowflakeConnection

    from core.warehouse.network.gate import Pass


class OwnSession:
    """A connection that can sign in again, and whose traffic goes through the gate.

    Attributes:
        retry: its retry policy.
        renewable: whether it signs in again automatically; false for interactive sign-ins.
        gate: admits the connector's requests to the account.
        web: the HTTP connections that follow the connection's settings.
        watch: called with each batch of a result as Snowflake sent it, before it is converted;
            from the threads that download.
        statement_parameters: what is sent with each statement, beside the parameters of the
            session; None for nothing.
        is_of_one_run: whether it is opened for one run and ends with it.
    """

    retry: Retry
    renewable: bool
    gate: Pass
    web: Web
    watch: Callable[[pa.Table], None] | None = None
    statement_parameters: Mapping[str, str] | None = None
    is_of_one_run: bool = False

    @property
    def is_alone(self) -> bool:
        """Whether all statements of the session may be cancelled on behalf of this user of it."""
        return True

    def renew(self, lost: str) -> None:
        """Sign in again, unless another thread has done so since session `lost` was lost."""
        raise NotImplementedError

    def where(self) -> Account:
        """Return the location of the account, as far as it is known."""
        raise NotImplementedError


def get_retry(connection: SnowflakeConnection) -> Retry:
    """Return the retry policy of a session; `QUICK` for a plain connection."""
    return connection.retry if isinstance(connection, OwnSession) else QUICK


def get_statement_parameters(connection: SnowflakeConnection) -> Mapping[str, str] | None:
    """Return what is sent with each statement; None for a plain connection."""
    return connection.statement_parameters if isinstance(connection, OwnSession) else None


def is_alone(connection: SnowflakeConnection) -> bool:
    """Whether all statements of the session may be cancelled; true for a plain connection."""
    return not isinstance(connection, OwnSession) or connection.is_alone


def is_of_one_run(connection: SnowflakeConnection) -> bool:
    """Whether the session is opened for one run and ends with it; false for a plain connection."""
    return isinstance(connection, OwnSession) and connection.is_of_one_run


def take_refusal(connection: SnowflakeConnection) -> TransferError | None:
    """Return the error for what a session's gate has refused since the last call."""
    return connection.gate.refusal() if isinstance(connection, OwnSession) else None


def get_web(connection: SnowflakeConnection) -> Web:
    """Return the HTTP connections for fetching a session's batches, which do not use the gate."""
    if isinstance(connection, OwnSession):
        return connection.web
    config = connection.config
    return Web(config, lambda: Account(config.host or "", config.protocol != "http"))


def show_to_watch(connection: SnowflakeConnection, batch: pa.Table) -> None:
    """Call the `watch` of a session, if it has one."""
    if isinstance(connection, OwnSession) and connection.watch is not None:
        connection.watch(batch)


@contextmanager
def admit_storage_to(connection: SnowflakeConnection, url: str | None) -> Iterator[None]:
    """Admit the storage of a batch to the gate, so that the connector can fetch it.

    Args:
        connection: the session of the result.
        url: the URL of the batch; empty for an inline batch; None if unknown: then the storage
            services of AWS, Azure and Google are admitted by their names.

    Raises:
        IntegrityError: the URL is not that of a storage service.
    """
    if not isinstance(connection, OwnSession) or url == "":
        yield
        return
    if url is not None:
        check_url(url, connection.where())
    connection.gate.admit_storage(url)
    try:
        yield
    finally:
        connection.gate.forget_storage(url)
