"""Places on the network that a session may speak to: a scheme, a host, a port."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from snowflake.connector.connection_config import ConnectionConfig

_PORTS: Final = {"http": 80, "https": 443}
# Where the connector has a cloud vouch for the machine (workload identity federation): the clouds'
# metadata services, by the addresses that their documentation gives, and what signs for them.
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
    """A server: its scheme, its host in small letters, its port."""

    scheme: str
    host: str
    port: int

    @property
    def url(self) -> str:
        """Its URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}/"


def place_of(url: str) -> Place | None:
    """Where a URL leads; None if it has no such form."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    return Place(parts.scheme, parts.hostname.rstrip("."), port or _PORTS[parts.scheme])


class Others:
    """The places besides the account that a sign-in by these settings has to ask."""

    def __init__(self, named: frozenset[Place], vouching: bool) -> None:
        self._named, self._vouching = named, vouching

    def __contains__(self, place: object) -> bool:
        if not isinstance(place, Place):
            return False
        if place in self._named:
            return True
        signs = place.scheme == "https" and place.port == 443 and _IDENTITY.fullmatch(place.host)
        return self._vouching and (place.host in _METADATA or bool(signs))


def others(config: ConnectionConfig) -> Others:
    """The identity providers that a connection's settings name: Okta's, OAuth's, a cloud's."""
    authenticator = str(config.authenticator or "")
    urls = [authenticator, str(config.oauth_token_request_url or "")]
    if config.wif_host:
        urls.append(f"https://{config.wif_host}")
    named = frozenset(place for url in urls if (place := place_of(url)))
    return Others(named, authenticator.upper() == "WORKLOAD_IDENTITY")
