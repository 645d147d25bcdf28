"""Check that the URLs of batches lead to storage services, and filter their headers.

The server supplies the list of a result's batches. A list with an address in this machine's network
would make the program request a metadata service or another host on the server's behalf, with
headers of the server's choice (server-side request forgery). So:

- A URL without HTTPS is refused unless the account is reached without HTTPS, too.
- Addresses of metadata services, link-local and unspecified addresses are refused.
- A loopback address is refused unless the account is on this machine, too.
- A private address is refused unless the account has one, too (as with PrivateLink), or the host
  has a name of a cloud's storage (whose private endpoints keep the public names).

The address of the established connection is checked, before any data is sent. Behind a proxy, which
resolves names itself, only the URL can be checked.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from core.errors import IntegrityError

_Address = IPv4Address | IPv6Address


class Reach(Enum):
    """From where an address can be reached; the values are used in messages."""

    ANYWHERE = "public"
    NETWORK = "private"
    MACHINE = "loopback"
    NOWHERE = "metadata or link-local"


# Metadata and platform services outside the link-local range: Alibaba's, Azure's (its wire server),
# Oracle's and AWS's by IPv6, from their documentation.
_METADATA: Final = frozenset(
    ip_address(each)
    for each in ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd00:ec2::23")
)
_METADATA_NAMES: Final = frozenset(
    {"metadata", "metadata.google.internal", "instance-data", "instance-data.ec2.internal"}
)
_SHARED: Final = ip_network("100.64.0.0/10")  # RFC 6598; neither private nor global to `ipaddress`
_TRANSLATED: Final = ip_network("64:ff9b::/96")  # RFC 6052: IPv4 within IPv6
_STORAGE = re.compile(
    r".+\.amazonaws\.com(\.cn)?|.+\.(blob|dfs)\.core\.(windows\.net|usgovcloudapi\.net|"
    r"chinacloudapi\.cn)|(.+\.)?storage\.googleapis\.com"
)
_HINT: Final = "Check the account and the host of the connection."
# Encryption with customer-provided keys, on S3, Azure and Google.
_STORAGE_HEADERS: Final = (
    "x-amz-server-side-encryption-customer-",
    "x-ms-encryption-",
    "x-goog-encryption-",
)


def filter_storage_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return those of the requested headers that storage services use."""
    return {
        name: value for name, value in headers.items() if name.lower().startswith(_STORAGE_HEADERS)
    }


@dataclass(frozen=True)
class Account:
    """The location of the account.

    Attributes:
        host: its address if known, else its name.
        secure: whether it is reached by HTTPS.
    """

    host: str
    secure: bool


def is_storage(host: str) -> bool:
    """Whether a host name belongs to the storage of AWS, Azure or Google."""
    return _STORAGE.fullmatch(host) is not None


def check_url(url: str, account: Account) -> None:
    """Check the URL of a batch.

    Raises:
        IntegrityError: the URL is not that of a storage service.
        ValueError: it is not a URL.
    """
    parts = urlsplit(url)
    if account.secure and parts.scheme == "http":
        raise IntegrityError(
            "The warehouse names a URL without HTTPS for its result; no request was sent there.",
            _HINT,
        )
    name = (parts.hostname or "").rstrip(".")
    if name != account.host.rstrip(".").lower():
        found = Reach.NOWHERE if name in _METADATA_NAMES else reach(name)
        _check(found, name, account)


def check_peer(peer: str, host: str, account: Account) -> None:
    """Check the address of a connection to a batch's host, as `check_url` checks a URL.

    Raises:
        IntegrityError: the address is not that of a storage service.
    """
    if peer != account.host:
        _check(reach(peer), host.rstrip(".").lower(), account)


def reach(host: str) -> Reach:
    """Return from where a host, a name or an address, can be reached; names count as public."""
    address = _parse_address(host)
    if address is None:
        local = host == "localhost" or host.endswith(".localhost")
        return Reach.MACHINE if local else Reach.ANYWHERE
    if address in _METADATA or address.is_link_local:
        return Reach.NOWHERE
    if address.is_loopback:
        return Reach.MACHINE
    if address.is_unspecified or address.is_multicast or address == IPv4Address("255.255.255.255"):
        return Reach.NOWHERE
    if address.is_private or (address.version == 4 and address in _SHARED):
        return Reach.NETWORK
    return Reach.ANYWHERE


def _check(found: Reach, host: str, account: Account) -> None:
    own = reach(account.host)
    allowed = (
        found is Reach.ANYWHERE
        or (found is Reach.MACHINE and own is Reach.MACHINE)
        or (found is Reach.NETWORK and (own is not Reach.ANYWHERE or is_storage(host)))
    )
    if not allowed:
        raise IntegrityError(
            f"The warehouse names a {found.value} address for its result, where no storage "
            "service can be; no request was sent there.",
            _HINT,
        )


def _parse_address(host: str) -> _Address | None:
    """Parse an address in any form that the system accepts, such as `0x7f.1` or `2130706433`."""
    text = host.strip("[]").partition("%")[0]
    try:
        found = ip_address(text)
    except ValueError:
        try:
            return IPv4Address(socket.inet_aton(text))
        except (OSError, UnicodeError):
            return None
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return found.ipv4_mapped
        if found.sixtofour is not None:
            return found.sixtofour
        if found in _TRANSLATED:
            return IPv4Address(found.packed[-4:])
    return found
