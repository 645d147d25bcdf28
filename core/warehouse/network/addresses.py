"""Which addresses and headers of a batch are a storage service's, as a server names them.

The list of a result's batches is the server's. A list that names an address inside this machine's
own network would have us ask a metadata service or a neighbour in the server's place, with headers
of its choice. So:

- An address without HTTPS is refused unless the account is reached without it as well.
- Addresses of metadata services, link-local ones and those that stand for no host are refused.
- A loopback address is refused unless the account is on this machine too.
- A private address is refused unless the account has one too (as with PrivateLink), or the host is
  a name of a cloud's storage (whose private endpoints keep the public names).

The address that is judged is the one that a connection has come to, before a byte is sent. Behind a
proxy, which looks names up by itself, only what the URL says can be judged.
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
    """From where an address can be reached, as the words of a message."""

    ANYWHERE = "public"
    NETWORK = "private"
    MACHINE = "loopback"
    NOWHERE = "metadata or link-local"


# Metadata and platform services whose addresses look like any other: Alibaba's, Azure's (its wire
# server), Oracle's and AWS's by IPv6, as their documentation gives them.
_METADATA: Final = frozenset(
    ip_address(each)
    for each in ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd00:ec2::23")
)
_METADATA_NAMES: Final = frozenset(
    {"metadata", "metadata.google.internal", "instance-data", "instance-data.ec2.internal"}
)
_SHARED: Final = ip_network("100.64.0.0/10")  # RFC 6598; `ipaddress` calls it neither
_TRANSLATED: Final = ip_network("64:ff9b::/96")  # RFC 6052: IPv4 within IPv6
_STORAGE = re.compile(
    r".+\.amazonaws\.com(\.cn)?|.+\.(blob|dfs)\.core\.(windows\.net|usgovcloudapi\.net|"
    r"chinacloudapi\.cn)|(.+\.)?storage\.googleapis\.com"
)
_HINT: Final = "Check the account and the host of the connection."
# Encryption with keys of the customer, on S3, Azure and Google.
_STORAGE_HEADERS: Final = (
    "x-amz-server-side-encryption-customer-",
    "x-ms-encryption-",
    "x-goog-encryption-",
)


def storage_headers(told: Mapping[str, str]) -> dict[str, str]:
    """The headers among those that a server asks for that storage services know."""
    return {
        name: value for name, value in told.items() if name.lower().startswith(_STORAGE_HEADERS)
    }


@dataclass(frozen=True)
class Account:
    """Where the account is.

    Attributes:
        host: its address, where that is known, or its name.
        secure: whether it is reached by HTTPS.
    """

    host: str
    secure: bool


def is_storage(host: str) -> bool:
    """Whether a host has a name of AWS's, Azure's or Google's storage."""
    return _STORAGE.fullmatch(host) is not None


def check_url(url: str, account: Account) -> None:
    """Refuse a batch's URL, by what it says.

    Raises:
        IntegrityError: no storage service is there.
        ValueError: it is no URL.
    """
    parts = urlsplit(url)
    if account.secure and parts.scheme == "http":
        raise IntegrityError(
            "The warehouse names an address without HTTPS for its result; it was not asked.",
            _HINT,
        )
    name = (parts.hostname or "").rstrip(".")
    if name != account.host.rstrip(".").lower():
        found = Reach.NOWHERE if name in _METADATA_NAMES else reach(name)
        _check(found, name, account)


def check_peer(peer: str, host: str, account: Account) -> None:
    """Refuse the address that a batch's host has, as `check_url` does.

    Raises:
        IntegrityError: no storage service is there.
    """
    if peer != account.host:
        _check(reach(peer), host.rstrip(".").lower(), account)


def reach(host: str) -> Reach:
    """From where a host can be reached, as far as its name says: it may be an address."""
    address = _address(host)
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
            "service is; it was not asked.",
            _HINT,
        )


def _address(host: str) -> _Address | None:
    """The address that a text is, in whatever form the system takes: `0x7f.1`, `2130706433`."""
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
