"""`--web`: the app in a browser on this machine.

There is no sign-in: whoever reaches the app acts with the credentials of the user who started it.
So it is bound to loopback, its address holds a token that nobody can guess (other users of this
machine reach loopback too), and pages of other sites are kept out: they may open sockets to
127.0.0.1, or let a name of theirs point to it, but cannot forge the Host and Origin that the
browser sends.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from string import Template
from typing import Any, Final
from urllib.parse import quote

import textual_serve
from aiohttp import web
from textual_serve.download_manager import DownloadManager

from core.errors import LocalResourceError
from tui.cli.signals import signals
from tui.web.session import END_SECONDS, Session, cells, open_socket

LOOPBACK: Final = "127.0.0.1"
_OWN: Final = Path(__file__).parent / "page"
_THEIRS: Final = Path(textual_serve.__file__).parent / "static"
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",  # the address is the key
    "X-Content-Type-Options": "nosniff",
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; font-src 'self'; img-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; connect-src 'self' ws://{host}; "  # xterm.js makes styles
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def serve(
    options: Mapping[str, Any], *, demo: bool, port: int, opened: Callable[[str], None]
) -> None:
    """Serve the app until a signal comes.

    Args:
        options: of the request, as on the command line.
        demo: whether each tab gets an embedded warehouse and bucket.
        port: to listen on; 0 takes a free one.
        opened: told the address, token included, once it answers.

    Raises:
        LocalResourceError: the port is taken.
    """
    told = json.dumps({"options": dict(options), "demo": demo})
    site = Site([sys.executable, "-m", "tui.web.child", told])
    try:
        listening = socket.create_server((LOOPBACK, port))
    except OSError as error:
        raise LocalResourceError(
            f"Port {port} of {LOOPBACK} cannot be used: {error.strerror}.",
            "Choose another --port, or none: then a free one is taken.",
        ) from error
    with listening:
        asyncio.run(site.run(listening, opened))


class Site:
    """The pages and sockets of one server.

    Args:
        command: that runs the app of one tab.
    """

    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._token = secrets.token_urlsafe(16)
        self._hosts: tuple[str, ...] = ()
        self._downloads = DownloadManager()
        self._sockets: set[web.WebSocketResponse] = set()

    async def run(self, listening: socket.socket, opened: Callable[[str], None]) -> None:
        """Answer on `listening` until a signal comes; then end every tab's app.

        Args:
            listening: a bound socket.
            opened: told the address.
        """
        port = listening.getsockname()[1]
        self._hosts = (f"{LOOPBACK}:{port}", f"localhost:{port}")
        stop = asyncio.Event()
        for number in signals():
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=END_SECONDS)
        await runner.setup()
        try:
            await web.SockSite(runner, listening).start()
            opened(f"http://{self._hosts[0]}/{self._token}/")
            await stop.wait()
        finally:
            await runner.cleanup()

    def _app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        app.add_routes(
            [
                web.get(f"/{self._token}/", self._page),
                web.get(f"/{self._token}/socket", self._socket),
                web.get("/download/{key}", self._download),  # the key is as good as a token
                web.static("/page", _OWN),
                web.static("/static", _THEIRS),
            ]
        )
        app.on_response_prepare.append(_add_headers)
        app.on_shutdown.append(self._close)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Refuse what the browser sends for another site's page."""
        origin = request.headers.get("Origin")
        if request.host not in self._hosts or origin not in (None, f"http://{request.host}"):
            raise web.HTTPForbidden(text="This app answers its own page only.\n")
        response: web.StreamResponse = await handler(request)
        return response

    async def _page(self, request: web.Request) -> web.Response:
        page = Template((_OWN / "page.html").read_text("utf-8"))
        address = f"ws://{request.host}/{self._token}/socket"
        return web.Response(text=page.substitute(socket=address), content_type="text/html")

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        if "Origin" not in request.headers:
            raise web.HTTPForbidden(text="This socket is for browsers.\n")
        size = (cells(request.query.get(name, "80")) for name in ("width", "height"))
        answer = open_socket()
        await answer.prepare(request)
        self._sockets.add(answer)
        try:
            await Session(self._command, answer, self._downloads).serve(*size)
        finally:
            self._sockets.discard(answer)
        return answer

    async def _download(self, request: web.Request) -> web.StreamResponse:
        try:
            file = await self._downloads.get_download_metadata(request.match_info["key"])
        except KeyError:
            raise web.HTTPNotFound from None
        response = web.StreamResponse()
        response.headers["Content-Type"] = file.mime_type
        name = quote(file.file_name, safe="")
        response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
        await response.prepare(request)
        async for chunk in self._downloads.download(file.delivery_key):
            await response.write(chunk)
        await response.write_eof()
        return response

    async def _close(self, app: web.Application) -> None:
        """Close the sockets: that ends their sessions."""
        await asyncio.gather(*(each.close() for each in tuple(self._sockets)))


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)
    response.headers["Content-Security-Policy"] = _POLICY.format(host=request.host)
