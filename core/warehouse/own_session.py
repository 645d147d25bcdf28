"""What a session of ours can do beyond a connection of the connector's.

Imports no connector, unlike `core.warehouse.session`, which opens such sessions: so whatever works
with an open one can be imported before the connector is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from core.errors import TransferError
from core.runtime.retry import QUICK, Retry
from core.warehouse.network.addresses import Account, check_url
from core.warehouse.network.http_pools import Web

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

    from core.warehouse.network.gate import Pass


class OwnSession:
    """A connection that can sign in again, and whose connector goes through the gate.

    Attributes:
        retry: how patient it is.
        renewable: whether it signs in again by itself, where no person takes part.
        gate: lets the connector through to the account.
        web: how the connection's settings go to the web.
    """

    retry: Retry
    renewable: bool
    gate: Pass
    web: Web

    def renew(self, lost: str) -> None:
        """Sign in again, unless another thread has done so since session `lost` was lost."""
        raise NotImplementedError

    def where(self) -> Account:
        """Where the account is, as far as that is known."""
        raise NotImplementedError


def retry_of(connection: SnowflakeConnection) -> Retry:
    """How patient a session is; a plain connection is not very."""
    return connection.retry if isinstance(connection, OwnSession) else QUICK


def refusal_of(connection: SnowflakeConnection) -> TransferError | None:
    """The error for what a session's gate has refused since the last call."""
    return connection.gate.refusal() if isinstance(connection, OwnSession) else None


def web_of(connection: SnowflakeConnection) -> Web:
    """How a session's batches are fetched, past the gate that is the connector's own."""
    if isinstance(connection, OwnSession):
        return connection.web
    config = connection.config
    return Web(config, lambda: Account(config.host or "", config.protocol != "http"))


@contextmanager
def storage_admitted(connection: SnowflakeConnection, url: str | None) -> Iterator[None]:
    """Let the connector itself fetch a batch, past the gate that else admits the account alone.

    Args:
        connection: the session of the result.
        url: where the batch is; empty for one that came with the list; None where that is not
            known: the storage services of AWS, Azure and Google are admitted then, by their names.

    Raises:
        IntegrityError: no storage service is there.
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
