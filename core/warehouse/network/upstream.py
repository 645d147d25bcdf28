"""Open connections to a server, through the proxy of the settings or the environment."""

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
    """Connect to a server.

    Args:
        web: the proxy settings.
        place: the server.
        tunnel: have a proxy open a tunnel; else return the connection to the proxy, to which the
            caller sends requests with full URLs.

    Returns:
        The connection, and whether it leads to the server itself, not to a proxy.

    Raises:
        OSError: the connection cannot be opened.
    """
    proxy = web.proxy(place.url)
    if not proxy:
        return _connect(place.host, place.port), True
    parts = urlsplit(proxy)
    secure = parts.scheme == "https"
    link = _connect(parts.hostname or "", parts.port or (443 if secure else 80))
    try:
        if secure:
            link = web.tls().wrap_socket(link, server_hostname=parts.hostname)
        if tunnel:
            _open_tunnel(link, place, web.proxy_user(place.url))
    except BaseException:
        link.close()
        raise
    return link, False


def _connect(host: str, port: int) -> socket.socket:
    try:
        link = socket.create_connection((host, port), _CONNECT_SECONDS)
    except UnicodeError as error:  # an invalid host name
        raise OSError(str(error)) from error
    link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return link


def _open_tunnel(link: socket.socket, place: Place, user: str) -> None:
    """Have a proxy open a tunnel from `link` to a server."""
    host = f"[{place.host}]" if ":" in place.host else place.host
    lines = [f"CONNECT {host}:{place.port} HTTP/1.1", f"Host: {host}:{place.port}"]
    if user:
        lines.append(f"Proxy-Authorization: {user}")
    link.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
    head = b""
    while not head.endswith(b"\r\n\r\n"):  # no further: the bytes that follow are the server's
        piece = link.recv(1)
        head += piece
        if not piece or len(head) > _LARGEST_HEAD:
            raise ConnectionError("the proxy did not answer")
    if head.split(b" ", 2)[1:2] != [b"200"]:
        raise ConnectionError("the proxy refused")
