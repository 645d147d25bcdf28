"""Network endpoints that a session may contact: a scheme, a host, a port."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from snowflake.connector.connection_config import ConnectionConfig

_PORTS: Final = {"http": 80, "https": 443}
# The hosts that the connector contacts for workload identity federation: the clouds' metadata
# services, with the addresses of their documentation, and the services that sign tokens.
_METADATA: Final = frozenset(
    {
        *("169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254"),
        "metadata.google.internal",
    }
)
_IDENTITY = re.compile(
    r"sts(-fips)?(\.[a-z0-9-]+)?\.amazonaws\.com(\.cn)?"
    r"|(iamcredentials|sts|oauth2)\.googleapis\.com|login\.microsoftonline\.(com|us)"
)


@dataclass(frozen=True)
class Place:
    """A server: its scheme, its host in lower case, its port."""

    scheme: str
    host: str
    port: int

    @property
    def url(self) -> str:
        """The URL of the server's root."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}/"


def parse_place(url: str) -> Place | None:
    """Return the server of a URL; None if it is not an HTTP URL with a host."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    return Place(parts.scheme, parts.hostname.rstrip("."), port or _PORTS[parts.scheme])


class Others:
    """The servers besides the account that a sign-in with a connection's settings contacts."""

    def __init__(self, named: frozenset[Place], vouching: bool) -> None:
        self._named, self._vouching = named, vouching

    def __contains__(self, place: object) -> bool:
        if not isinstance(place, Place):
            return False
        if place in self._named:
            return True
        signs = place.scheme == "https" and place.port == 443 and _IDENTITY.fullmatch(place.host)
        return self._vouching and (place.host in _METADATA or bool(signs))


def find_others(config: ConnectionConfig) -> Others:
    """Return the identity providers in a connection's settings: Okta's, OAuth's, a cloud's."""
    authenticator = str(config.authenticator or "")
    urls = [authenticator, str(config.oauth_token_request_url or "")]
    if config.wif_host:
        urls.append(f"https://{config.wif_host}")
    named = frozenset(place for url in urls if (place := parse_place(url)))
    return Others(named, authenticator.upper() == "WORKLOAD_IDENTITY")
