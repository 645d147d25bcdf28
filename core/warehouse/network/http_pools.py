"""How the connection's settings have us go to the web: by which proxy, trusting whom.

As the connector's own core does (5.2), whose requests take the same way, by
`core.warehouse.network.gate`.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, unquote, urlsplit
from urllib.request import (  # type: ignore[attr-defined]  # typeshed lacks the second
    getproxies_environment,
    proxy_bypass_environment,
)

import urllib3
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from core.warehouse.network.addresses import Account, check_peer, check_url

if TYPE_CHECKING:
    from snowflake.connector.connection_config import ConnectionConfig
    from urllib3._base_connection import BaseHTTPConnection

_PROXIES = ("http", "https", "all")
_CONNECTIONS = 8  # more than ever download at once


class Web:
    """Connections to the web, kept open; for several threads at once.

    Args:
        config: the connector's settings.
        account: says where the account is; its batches may be near it.
    """

    def __init__(self, config: ConnectionConfig, account: Callable[[], Account]) -> None:
        self._config = config
        self._account = account
        self._named = _named_proxy(config)
        found = {} if config.use_proxy_env is False else getproxies_environment()
        self._around = {
            name: _with_scheme(url) if name in _PROXIES else url for name, url in found.items()
        }
        self._pools: dict[tuple[str, bool], urllib3.PoolManager] = {}
        self._making = threading.Lock()

    @property
    def able(self) -> bool:
        """Whether it can do what the settings ask for.

        It neither looks into lists of revoked certificates nor speaks SOCKS.
        """
        revocation = str(self._config.crl_check_mode or "DISABLED").upper()
        return revocation == "DISABLED" and not self.unknown_proxies

    @property
    def unknown_proxies(self) -> set[str]:
        """The schemes of proxies that it cannot use; the connector's core (5.2) cannot either."""
        around = [self._around[name] for name in _PROXIES if name in self._around]
        used = around if self._named is None else [self._named]
        return {urlsplit(url).scheme for url in used if url} - {"http", "https"}

    def pool(self, url: str) -> urllib3.PoolManager:
        """What to request a batch's URL through.

        Raises:
            IntegrityError: no storage service is there.
        """
        check_url(url, self._account())
        key = self.proxy(url), url.startswith("https:")
        with self._making:
            if key not in self._pools:
                self._pools[key] = self._new_pool(*key)
            return self._pools[key]

    def close(self) -> None:
        """Close the connections that are not in use."""
        for pool in self._pools.values():
            pool.clear()

    def tls(self) -> ssl.SSLContext:
        """The certificates that are trusted, and how strictly."""
        return _tls(self._config)

    def proxy(self, url: str) -> str:
        """The proxy on the way to a URL; empty for none."""
        parts = urlsplit(url)
        if self._named is None:
            found = self._around.get(parts.scheme) or self._around.get("all", "")
            direct = self._around.get("no", "")
        else:
            found, direct = self._named, self._config.no_proxy or ""
        return "" if _is_direct(parts, direct) else found

    def proxy_user(self, url: str) -> str:
        """What to show the proxy on the way to a URL; empty for nothing."""
        return _user(self.proxy(url)).get("proxy-authorization", "")

    def _new_pool(self, proxy: str, secure: bool) -> urllib3.PoolManager:
        context = self.tls() if secure else None
        pool = _manager(proxy, context)
        unverified = context is not None and context.verify_mode is ssl.CERT_NONE
        kinds: dict[str, type[HTTPConnectionPool]] = dict(pool.pool_classes_by_scheme)
        if unverified:
            kinds["https"] = _Unwarned
        if not proxy:
            kinds = {scheme: _checking(kind, self._account) for scheme, kind in kinds.items()}
        pool.pool_classes_by_scheme = kinds
        return pool


def _checking(
    kind: type[HTTPConnectionPool], account: Callable[[], Account]
) -> type[HTTPConnectionPool]:
    """A kind of pool whose connections are given up where they have come to a wrong address."""

    class Connection(kind.ConnectionCls):  # type: ignore[misc, name-defined]
        def _new_conn(self) -> socket.socket:
            link: socket.socket = super()._new_conn()
            try:
                check_peer(str(link.getpeername()[0]), self.host, account())
            except BaseException:
                link.close()
                raise
            return link

    return type(kind.__name__, (kind,), {"ConnectionCls": Connection})


class _Unwarned(HTTPSConnectionPool):
    """Does not print a warning with every connection that certificates are not checked."""

    def _validate_conn(self, conn: BaseHTTPConnection) -> None:  # what warns
        if conn.is_closed:
            conn.connect()


def _manager(proxy: str, context: ssl.SSLContext | None) -> urllib3.PoolManager:
    if not proxy:
        return urllib3.PoolManager(maxsize=_CONNECTIONS, ssl_context=context)
    return urllib3.ProxyManager(
        proxy, maxsize=_CONNECTIONS, proxy_headers=_user(proxy), ssl_context=context
    )


def _user(proxy: str) -> dict[str, str]:
    """The header that tells a proxy who asks; none if its URL names nobody."""
    parts = urlsplit(proxy)
    if not parts.username:
        return {}
    user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return dict(urllib3.make_headers(proxy_basic_auth=user))


def _tls(config: ConnectionConfig) -> ssl.SSLContext:
    """The certificates that are trusted, and how strictly."""
    context = ssl.create_default_context(cafile=config.custom_root_store_path)
    if config.min_tls_version == "tls13":
        context.minimum_version = ssl.TLSVersion.TLSv1_3
    unchecked = config.tls_skip_verify or config.verify_certificates is False
    if unchecked or config.verify_hostname is False:
        context.check_hostname = False
    if unchecked:
        context.verify_mode = ssl.CERT_NONE
    return context


def _named_proxy(config: ConnectionConfig) -> str | None:
    """The proxy that the settings name: empty for none at all, None for the environment's."""
    if config.proxy is not None:
        return _with_scheme(config.proxy)
    if not config.proxy_host:
        return None
    password = quote(config.proxy_password or "", safe="")
    user = f"{quote(config.proxy_user, safe='')}:{password}@" if config.proxy_user else ""
    port = f":{config.proxy_port}" if config.proxy_port else ""
    return f"{config.proxy_scheme or 'http'}://{user}{config.proxy_host}{port}"


def _with_scheme(proxy: str) -> str:
    return proxy if "://" in proxy or not proxy else f"http://{proxy}"


def _is_direct(url: SplitResult, exceptions: str) -> bool:
    """Whether NO_PROXY holds for a URL, by the rule of the standard library, or by a network.

    That rule takes domains, addresses, each with a port or without, and `*` by itself; networks,
    such as 10.0.0.0/8, are ours.
    """
    host = url.netloc.rpartition("@")[2]
    if proxy_bypass_environment(host, {"no": exceptions.strip()}):
        return True
    return any(_holds(each.strip(), url.hostname or "") for each in exceptions.split(","))


def _holds(network: str, host: str) -> bool:
    try:
        return ip_address(host) in ip_network(network, strict=False)
    except ValueError:
        return False
