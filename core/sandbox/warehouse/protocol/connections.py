"""Bounds the connections of clients that have no session: see `core.runtime.strangers`.

uvicorn's own limit (`limit_concurrency`) answers 503 to whoever comes after too many idle
connections, so to the one who started the sandbox too.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from core.runtime.strangers import Strangers

MOST: Final = 128  # a descriptor each
_VOUCH: Final = "amplify.vouch"


def vouch(request: Request) -> None:
    """Keep the connection of a request whose sender has shown a session's token, or a key."""
    known = request.scope.get(_VOUCH)
    if known is not None:
        known()


def bound_connections() -> type[asyncio.Protocol]:
    """Derive a protocol from uvicorn's that limits a server's unauthenticated connections."""
    strangers = Strangers[asyncio.Transport](lambda transport: transport.abort(), MOST)

    class Bounded(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            self._behind: ASGIApp = self.config.loaded_app
            self.app = self._serve_vouching

        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            strangers.add(transport, wait=False)

        def connection_lost(self, exc: Exception | None) -> None:
            strangers.discard(self.transport)
            super().connection_lost(exc)

        async def _serve_vouching(self, scope: Scope, receive: Receive, send: Send) -> None:
            transport = self.transport
            known = {_VOUCH: lambda: strangers.discard(transport)}
            await self._behind({**scope, **known}, receive, send)

    return Bounded
