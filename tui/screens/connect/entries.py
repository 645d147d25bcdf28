"""The connections to choose from: of Snowflake's files, of the environment, and saved ones."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from core import TransferError
from core.facade import discovery
from tui.screens.connect.link import Link, describe_sign_in, missing_secret


@dataclass(frozen=True)
class Entry:
    """A connection to choose from.

    Attributes:
        name: its name.
        parameters: the connector's arguments, secrets as `Secret`.
        source: where it is stored, for display.
        own: whether the app saved it, and so can remove it.
        default: whether it is the default of Snowflake's tools.
    """

    name: str
    parameters: Mapping[str, object] = field(repr=False)
    source: str
    own: bool = False
    default: bool = False

    @property
    def summary(self) -> str:
        """Account, user and authentication method, as far as they are known."""
        place = self.parameters.get("account") or self.parameters.get("host")
        parts = [place, self.parameters.get("user"), describe_sign_in(self.parameters)]
        return " · ".join(str(part) for part in parts if part)

    @property
    def missing(self) -> str | None:
        """The parameter of the secret to ask for; None if no secret is missing."""
        return missing_secret(self.parameters)

    @property
    def link(self) -> Link:
        """The link to dismiss with if it is chosen and needs no secret."""
        return Link(self.name, self.name)


def list_entries() -> tuple[list[Entry], TransferError | None]:
    """Return all connections, and the error if their files could not be read, else None."""
    found: list[Entry] = []
    failure: TransferError | None = None
    try:
        default = discovery.find_default_name()
        for name, connection in discovery.list_connections().items():
            source = _source(connection)
            is_default = name == default
            found.append(
                Entry(name, connection.parameters, source, connection.own, default=is_default)
            )
    except TransferError as error:
        failure = error
    return found, failure


def _source(connection: discovery.Connection) -> str:
    if connection.own:
        return "saved in this app"
    if connection.origin is None:
        return "environment variables"
    with suppress(ValueError, RuntimeError):  # not below the home directory, or no home
        return str("~" / connection.origin.relative_to(Path.home()))
    return str(connection.origin)


def find_only_link() -> Link | None:
    """Return the only connection if there is exactly one and no secret is missing, else None."""
    found, _ = list_entries()
    return found[0].link if len(found) == 1 and not found[0].missing else None
