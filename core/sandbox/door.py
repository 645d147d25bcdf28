"""The first check of both sandbox servers: requests of browsers and for other hosts are refused.

A server on a loopback address is reachable by every user of the machine, and by every page that a
browser on it has open: a page may send requests anywhere, and with DNS rebinding (a host name of
the page's server that resolves to 127.0.0.1) it may read the responses too. Both are visible in the
headers, which a page cannot change (https://fetch.spec.whatwg.org/#forbidden-request-header).
Other users are kept out by passwords and signatures, which come after this check.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# Loopback by definition; `localhost` is reserved for it (RFC 6761, section 6.3).
NAMES = ("127.0.0.1", "localhost", "[::1]")
HOST = re.compile(rf"({'|'.join(map(re.escape, NAMES))}):(\d{{1,5}})", re.ASCII | re.IGNORECASE)
# Sent by browsers, and never by the clients of Snowflake and S3.
BROWSER = re.compile(r"origin|referer|sec-.*|access-control-request-.*", re.IGNORECASE)


class Door:
    """Decides from the headers whether a request is processed.

    Args:
        port: where the server listens.
        proxied: accept the port of a proxy in front of the server too, that is any port, with the
            same names. The server's chunk addresses then lead through the proxy.
    """

    def __init__(self, port: int, *, proxied: bool = False) -> None:
        self._port = None if proxied else port

    def refusal(self, hosts: list[str], names: Iterable[str]) -> str | None:
        """Return why a request is refused; None if it is not.

        Args:
            hosts: the values of all its Host headers.
            names: the names of all its headers.
        """
        host = HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
        if host is None or self._port not in (None, int(host[2])):
            return "The Host header is not the address of this server"
        if any(BROWSER.fullmatch(name) for name in names):
            return "Requests of web pages are refused"
        return None
