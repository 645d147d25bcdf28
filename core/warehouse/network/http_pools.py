"""HTTP connection pools that follow a connection's settings for proxies and certificates.

The rules are those of the connector's core (5.2), whose requests use the same settings through
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

import certifi
import truststore
import urllib3
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from core.warehouse.network.addresses import Account, check_peer, check_url

if TYPE_CHECKING:
    from snowflake.connector.connection_config import ConnectionConfig
    from urllib3._base_connection import BaseHTTPConnection

_PROXIES = ("http", "https", "all")
_CONNECTIONS = 8  # more than the downloads that run at once


class Web:
    """Pooled HTTP connections; safe for several threads.

    Args:
        config: the connector's settings.
        account: returns the location of the account, by which batch URLs are checked.
    """

    def __init__(self, config: ConnectionConfig, account: Callable[[], Account]) -> None:
        self._config = config
        self._account = account
        self._named = _get_configured_proxy(config)
        found = {} if config.use_proxy_env is False else getproxies_environment()
        self._environment = {
            name: _add_scheme(url) if name in _PROXIES else url for name, url in found.items()
        }
        self._pools: dict[tuple[str, bool], urllib3.PoolManager] = {}
        self._making = threading.Lock()

    @property
    def able(self) -> bool:
        """Whether the settings are supported.

        Certificate revocation lists and SOCKS proxies are not.
        """
        revocation = str(self._config.crl_check_mode or "DISABLED").upper()
        return revocation == "DISABLED" and not self.unknown_proxies

    @property
    def unknown_proxies(self) -> set[str]:
        """The schemes of proxies that are unsupported, here and in the connector's core (5.2)."""
        environment = [self._environment[name] for name in _PROXIES if name in self._environment]
        used = environment if self._named is None else [self._named]
        return {urlsplit(url).scheme for url in used if url} - {"http", "https"}

    def pool(self, url: str) -> urllib3.PoolManager:
        """Return the connection pool for a batch's URL.

        Raises:
            IntegrityError: the URL is not that of a storage service.
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
        """Return the TLS context of the settings."""
        return _make_context(self._config)

    def proxy(self, url: str) -> str:
        """Return the proxy for a URL; empty for none."""
        parts = urlsplit(url)
        if self._named is None:
            found = self._environment.get(parts.scheme) or self._environment.get("all", "")
            direct = self._environment.get("no", "")
        else:
            found, direct = self._named, self._config.no_proxy or ""
        return "" if _is_direct(parts, direct) else found

    def proxy_user(self, url: str) -> str:
        """Return the Proxy-Authorization header for a URL; empty for none."""
        return _make_auth_header(self.proxy(url)).get("proxy-authorization", "")

    def _new_pool(self, proxy: str, secure: bool) -> urllib3.PoolManager:
        context = self.tls() if secure else None
        pool = _make_manager(proxy, context)
        unverified = context is not None and context.verify_mode is ssl.CERT_NONE
        kinds: dict[str, type[HTTPConnectionPool]] = dict(pool.pool_classes_by_scheme)
        if unverified:
            kinds["https"] = _Unwarned
        if not proxy:
            kinds = {
                scheme: _make_checking_pool(kind, self._account) for scheme, kind in kinds.items()
            }
        pool.pool_classes_by_scheme = kinds
        return pool


def _make_checking_pool(
    kind: type[HTTPConnectionPool], account: Callable[[], Account]
) -> type[HTTPConnectionPool]:
    """Derive a pool class whose connections are closed if they lead to a refused address."""

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
    """A pool that does not warn of unverified certificates with every connection."""

    def _validate_conn(self, conn: BaseHTTPConnection) -> None:  # emits the warning
        if conn.is_closed:
            conn.connect()


def _make_manager(proxy: str, context: ssl.SSLContext | None) -> urllib3.PoolManager:
    if not proxy:
        return urllib3.PoolManager(maxsize=_CONNECTIONS, ssl_context=context)
    return urllib3.ProxyManager(
        proxy, maxsize=_CONNECTIONS, proxy_headers=_make_auth_header(proxy), ssl_context=context
    )


def _make_auth_header(proxy: str) -> dict[str, str]:
    """Return the authorization header for a proxy; empty if its URL contains no user."""
    parts = urlsplit(proxy)
    if not parts.username:
        return {}
    user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return dict(urllib3.make_headers(proxy_basic_auth=user))


def _make_context(config: ConnectionConfig) -> ssl.SSLContext:
    """Make the TLS context for the settings of certificates, host names and versions.

    Like the connector's core (5.2), it trusts the roots of the system and those that are bundled,
    here by certifi, unless the settings name others. The system's are found where OpenSSL was not
    built to look for them, too, and on macOS and Windows in the system's own store (truststore).
    As in the core, a certificate in a store is trusted even if it is not a root, and a root needs
    no key identifier, which `ssl.create_default_context` demands since Python 3.13.
    """
    own = config.custom_root_store_path
    kind: type[ssl.SSLContext] = ssl.SSLContext if own else truststore.SSLContext
    context = kind(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(own or certifi.where())
    if config.min_tls_version == "tls13":
        context.minimum_version = ssl.TLSVersion.TLSv1_3
    unchecked = config.tls_skip_verify or config.verify_certificates is False
    if unchecked or config.verify_hostname is False:
        context.check_hostname = False
    if unchecked:
        context.verify_mode = ssl.CERT_NONE
    return context


def _get_configured_proxy(config: ConnectionConfig) -> str | None:
    """Return the proxy of the settings: empty for no proxy, None for the environment's."""
    if config.proxy is not None:
        return _add_scheme(config.proxy)
    if not config.proxy_host:
        return None
    password = quote(config.proxy_password or "", safe="")
    user = f"{quote(config.proxy_user, safe='')}:{password}@" if config.proxy_user else ""
    port = f":{config.proxy_port}" if config.proxy_port else ""
    return f"{config.proxy_scheme or 'http'}://{user}{config.proxy_host}{port}"


def _add_scheme(proxy: str) -> str:
    return proxy if "://" in proxy or not proxy else f"http://{proxy}"


def _is_direct(url: SplitResult, exceptions: str) -> bool:
    """Whether NO_PROXY applies to a URL, by the rule of the standard library or by a network.

    That rule supports domains and addresses, each with or without a port, and a single `*`;
    networks such as 10.0.0.0/8 are an addition.
    """
    host = url.netloc.rpartition("@")[2]
    if proxy_bypass_environment(host, {"no": exceptions.strip()}):
        return True
    return any(_is_in_network(each.strip(), url.hostname or "") for each in exceptions.split(","))


def _is_in_network(network: str, host: str) -> bool:
    try:
        return ip_address(host) in ip_network(network, strict=False)
    except ValueError:
        return False
