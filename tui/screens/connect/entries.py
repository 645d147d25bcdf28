"""The connections there are: Snowflake's own files and environment, and those made here."""

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
    """A connection that can be chosen.

    Attributes:
        name: its name.
        parameters: the connector's arguments, secrets as `Secret`.
        source: where it is kept, in words.
        own: whether it was made here, and so can be forgotten here.
        default: whether Snowflake's tools take it where none is named.
    """

    name: str
    parameters: Mapping[str, object] = field(repr=False)
    source: str
    own: bool = False
    default: bool = False

    @property
    def summary(self) -> str:
        """Account, user and way to sign in, as far as they are known."""
        place = self.parameters.get("account") or self.parameters.get("host")
        parts = [place, self.parameters.get("user"), describe_sign_in(self.parameters)]
        return " · ".join(str(part) for part in parts if part)

    @property
    def missing(self) -> str | None:
        """The secret that is asked for; None if there is nothing to ask."""
        return missing_secret(self.parameters)

    @property
    def link(self) -> Link:
        """The way to Snowflake that it is."""
        return Link(self.name, self.name)


def list_entries() -> tuple[list[Entry], TransferError | None]:
    """Every connection there is, and why the files could not be read if they could not."""
    found: list[Entry] = []
    failure: TransferError | None = None
    try:
        default = discovery.default_name()
        for name, connection in discovery.connections().items():
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
        return "made here"
    if connection.origin is None:
        return "environment variables"
    with suppress(ValueError, RuntimeError):  # not below the home directory, or no home
        return str("~" / connection.origin.relative_to(Path.home()))
    return str(connection.origin)


def find_only_link() -> Link | None:
    """The way to Snowflake if there is exactly one and it needs no question; else None."""
    found, _ = list_entries()
    return found[0].link if len(found) == 1 and not found[0].missing else None
