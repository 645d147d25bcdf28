"""Connections to a place, by the proxy that the settings or the environment name."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from core.warehouse.network.http_pools import Web
    from core.warehouse.network.places import Place

_CONNECT_SECONDS: Final = 60.0  # the connector's own limit
_LARGEST_HEAD: Final = 64 * 1024


def dial(web: Web, place: Place, *, tunnel: bool) -> tuple[socket.socket, bool]:
    """Connect to a place.

    Args:
        web: knows the proxies.
        place: where to.
        tunnel: have a proxy connect us; else it is left to be asked for the place's URLs.

    Returns:
        The connection, and whether it is to the place itself, not to a proxy.

    Raises:
        OSError: there is none to be had.
    """
    proxy = web.proxy(place.url)
    if not proxy:
        return _connected(place.host, place.port), True
    parts = urlsplit(proxy)
    secure = parts.scheme == "https"
    link = _connected(parts.hostname or "", parts.port or (443 if secure else 80))
    try:
        if secure:
            link = web.tls().wrap_socket(link, server_hostname=parts.hostname)
        if tunnel:
            _open(link, place, web.proxy_user(place.url))
    except BaseException:
        link.close()
        raise
    return link, False


def _connected(host: str, port: int) -> socket.socket:
    try:
        link = socket.create_connection((host, port), _CONNECT_SECONDS)
    except UnicodeError as error:  # a host that is no name
        raise OSError(str(error)) from error
    link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return link


def _open(link: socket.socket, place: Place, user: str) -> None:
    """Have a proxy connect `link` with a place."""
    host = f"[{place.host}]" if ":" in place.host else place.host
    lines = [f"CONNECT {host}:{place.port} HTTP/1.1", f"Host: {host}:{place.port}"]
    if user:
        lines.append(f"Proxy-Authorization: {user}")
    link.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
    head = b""
    while not head.endswith(b"\r\n\r\n"):  # no further: what follows is the place's
        piece = link.recv(1)
        head += piece
        if not piece or len(head) > _LARGEST_HEAD:
            raise ConnectionError("the proxy gave no answer")
    if head.split(b" ", 2)[1:2] != [b"200"]:
        raise ConnectionError("the proxy refused")
