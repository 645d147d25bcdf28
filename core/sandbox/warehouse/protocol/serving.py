"""Serve the application of the warehouse on its address, and on that of its storage host."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

import uvicorn
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from core.sandbox.door import Door
from core.sandbox.warehouse.protocol.connections import bound_connections
from core.sandbox.warehouse.protocol.refusals import refuse
from core.sandbox.warehouse.protocol.storage_host import StorageHost

ADDRESS: Final = "127.0.0.1"


def serve(
    app: ASGIApp,
    *,
    port: int = 0,
    proxied: bool = False,
    storage: StorageHost | None = None,
    on_ready: Callable[[dict[str, Any]], None],
    stop: threading.Event,
) -> None:
    """Serve on 127.0.0.1 until `stop` is set, then end what still runs.

    Args:
        app: the application.
        port: the TCP port; 0 lets the system choose.
        proxied: whether requests may come through proxies that listen on other ports.
        storage: the host of the chunks, which is served too.
        on_ready: called once requests are answered, with `host` and `port`.
        stop: ends the server when set.

    Raises:
        OSError: the port is taken.
    """
    with _listen(port) as listener, _listen(0) if storage else nullcontext() as second:
        address = {"host": ADDRESS, "port": listener.getsockname()[1]}
        hosts = [(listener, _configure(app, address["port"], proxied))]
        if storage and second:
            storage.port = second.getsockname()[1]
            files = {"ssl_certfile": storage.certificate, "ssl_keyfile": storage.key}
            hosts.append((second, _configure(app, storage.port, False, lifespan="off", **files)))
        waiting = len(hosts)

        def start() -> None:
            nonlocal waiting
            waiting -= 1
            if not waiting:
                on_ready(address)

        servers = [(each, _Server(config, start, stop)) for each, config in hosts]
        asyncio.run(_run(servers))


def _listen(port: int) -> socket.socket:
    # asyncio turns off Nagle's delay only where the protocol is given by number.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((ADDRESS, port))
    except OSError:
        listener.close()
        raise
    return listener


def _configure(app: ASGIApp, port: int, proxied: bool, **more: Any) -> uvicorn.Config:
    return uvicorn.Config(
        _Guarded(app, Door(port, proxied=proxied)),
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
        ws="none",
        http=bound_connections(),
        **more,
    )


async def _run(servers: list[tuple[socket.socket, _Server]]) -> None:
    await asyncio.gather(*(server.serve(sockets=[each]) for each, server in servers))


class _Guarded:
    """An application behind the door: only its lifespan and what is let in reach it."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app, self._door = app, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            refused = self._door.refusal(headers.getlist("host"), headers.keys())
            app = refuse(403, refused) if refused else app
        await app(scope, receive, send)


class _Server(uvicorn.Server):
    """uvicorn, started and stopped by callback and event instead of by signals."""

    def __init__(
        self, config: uvicorn.Config, on_ready: Callable[[], None], stop: threading.Event
    ) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._stop = stop

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or self._stop.is_set()
