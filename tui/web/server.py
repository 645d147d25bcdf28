"""`--web`: the app in a browser on this machine.

There is no sign-in: anyone who reaches the app acts with the credentials of the user who started
it. So it listens on loopback only, its address holds a random token (other users of this machine
reach loopback too), and pages of other sites are refused: they can open sockets to 127.0.0.1, or
let a domain name resolve to it, but cannot forge the Host and Origin that the browser sends.

The token is accepted in the path only. A browser sends a cookie to every server on 127.0.0.1,
whatever its port, so to those of other users too; a query appears in logs.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import secrets
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from string import Template
from typing import Any, Final

import textual_serve
from aiohttp import WSCloseCode, web

from core import LocalResourceError
from tui.cli.signals import signals
from tui.web.causes import Causes
from tui.web.downloads import DownloadError, Downloads
from tui.web.listener import BACKLOG, Listener, raise_connection_limit
from tui.web.messages import MessageError, Resized, parse_size, parse_table
from tui.web.session import END_SECONDS, Session, close, open_socket

LOOPBACK: Final = "127.0.0.1"
MOST_TABS: Final = 6  # a process of 40 MB each, 100 MB and more once signed in: fits in 1 GB
_TAB_SECONDS: Final = 2.0  # to wait for a tab to end: a page that is reloaded ends its last one
_FULL: Final = f"{MOST_TABS} tabs of amplify-transfer are open, the maximum. Close one first."
_TOKEN_BYTES: Final = 16
_APP: Final = (sys.executable, "-P", "-m", "tui.web.child")  # -P: no imports from the directory
_OWN: Final = Path(__file__).parent / "page"
_THEIRS: Final = Path(textual_serve.__file__).parent / "static"
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",  # the address holds the token
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; font-src 'self'; img-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; connect-src 'self' {sockets}; "  # xterm.js creates styles
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def serve(
    options: Mapping[str, Any],
    *,
    demo: bool,
    port: int,
    on_ready: Callable[[str], None],
    warn: Callable[[str], None],
) -> None:
    """Serve the app until a signal comes.

    Args:
        options: the options of the request, by name.
        demo: whether each tab gets an embedded warehouse and bucket.
        port: the port to listen on; 0 for a free one.
        on_ready: is called with the address, which holds the token, once the server listens.
        warn: prints one line about a refusal or a failure.

    Raises:
        LocalResourceError: the port is taken.
    """
    start = {"options": dict(options), "demo": demo}
    causes = Causes(warn)
    logging.getLogger().addHandler(causes.make_handler())
    try:
        listening = socket.create_server((LOOPBACK, port), backlog=BACKLOG)
    except OSError as error:
        raise LocalResourceError(
            f"Port {port} of {LOOPBACK} cannot be used: {error.strerror}.",
            "Choose another --port, or omit it to use a free one.",
        ) from error
    with listening:
        try:
            asyncio.run(Site(_APP, start, causes, listening).run(on_ready))
        finally:
            causes.close()


class Site:
    """The pages and sockets of one server.

    Args:
        command: the command that runs the app of one tab.
        start: the options of the request and whether it is the demo, for its stdin.
        causes: prints the causes of refusals and failures.
        listening: a bound socket.
    """

    def __init__(
        self,
        command: tuple[str, ...],
        start: Mapping[str, Any],
        causes: Causes,
        listening: socket.socket,
    ) -> None:
        listening.setblocking(False)
        port = listening.getsockname()[1]
        self._hosts = (f"{LOOPBACK}:{port}", f"localhost:{port}")
        sockets = " ".join(f"ws://{host}" for host in self._hosts)
        self._headers = {**_HEADERS, "Content-Security-Policy": _POLICY.format(sockets=sockets)}
        self._command = command
        self._start = start
        self._causes = causes
        self._token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._downloads = Downloads()
        self._listener = Listener(listening, raise_connection_limit(), causes, self._headers)
        self._sockets: set[web.WebSocketResponse] = set()
        self._tabs = asyncio.Semaphore(MOST_TABS)

    async def run(self, on_ready: Callable[[str], None]) -> None:
        """Answer requests until a signal comes, then end the app of every tab.

        Args:
            on_ready: is called with the address.
        """
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._causes.on_loop_error)
        stop = asyncio.Event()
        for number in signals():
            loop.add_signal_handler(number, stop.set)
        runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=END_SECONDS)
        await runner.setup()
        if runner.server is None:
            raise RuntimeError("aiohttp has no server after its setup")
        accepting = asyncio.create_task(self._listener.run(runner.server))
        stopping = asyncio.create_task(stop.wait())
        try:
            on_ready(f"http://{self._hosts[0]}/{self._token}/")
            await asyncio.wait((accepting, stopping), return_when=asyncio.FIRST_COMPLETED)
        finally:
            failed = accepting.done()
            accepting.cancel()
            self._listener.close_idle()
            await runner.cleanup()
        if failed:
            accepting.result()

    def _app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        app.add_routes(
            [
                web.get("/{token}/", self._page),
                web.get("/{token}/socket", self._socket, allow_head=False),
                web.get("/{token}/download/{ticket}", self._download, allow_head=False),
                web.static("/page", _OWN),
                web.static("/static", _THEIRS),
            ]
        )
        app.on_response_prepare.append(self._add_headers)
        app.on_shutdown.append(self._close)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Refuse requests that the browser sends for the page of another site."""
        # Not `request.host`, which looks up this machine's name if the header is missing.
        hosts = request.headers.getall("Host", [])
        origins = request.headers.getall("Origin", [])
        known = len(hosts) == 1 and hosts[0] in self._hosts
        if not known or origins not in ([], [f"http://{hosts[0]}"]) or _is_foreign(request):
            raise web.HTTPForbidden(text="This app answers its own page only.\n")
        if request.can_read_body:
            raise web.HTTPBadRequest(text="Requests have no body here.\n")
        response: web.StreamResponse = await handler(request)
        return response

    def _check_token(self, request: web.Request) -> None:
        """Raise HTTPNotFound, as for an unknown address, unless the token is right."""
        given = request.match_info["token"].encode("utf-8", "replace")
        if not hmac.compare_digest(given, self._token.encode()):
            raise web.HTTPNotFound

    async def _page(self, request: web.Request) -> web.Response:
        self._check_token(request)
        page = Template((_OWN / "page.html").read_text("utf-8"))
        address = f"ws://{request.headers['Host']}/{self._token}/socket"
        return web.Response(text=page.substitute(socket=address), content_type="text/html")

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        self._check_token(request)
        if "Origin" not in request.headers:
            raise web.HTTPForbidden(text="This socket is for browsers.\n")
        try:
            size, table = parse_size(request.query), parse_table(request.query)
        except MessageError as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from None
        answer = open_socket()
        with self._listener.hold(request.transport):
            await answer.prepare(request)
            self._sockets.add(answer)
            try:
                await self._run_app(answer, size, table)
            finally:
                self._sockets.discard(answer)
        return answer

    async def _run_app(self, answer: web.WebSocketResponse, size: Resized, table: str) -> None:
        """Run the app of one tab, unless too many are open."""
        try:
            async with asyncio.timeout(_TAB_SECONDS):
                await self._tabs.acquire()
        except TimeoutError:
            self._causes.note(f"A tab was refused: {MOST_TABS} are open, the maximum.")
            await close(answer, WSCloseCode.TRY_AGAIN_LATER, _FULL)
            return
        try:
            start = json.dumps({**self._start, "table": table}).encode()
            await Session(self._command, start, answer, self._downloads).serve(size)
        except Exception as error:  # ends this tab only
            kind = getattr(error, "strerror", None) or type(error).__name__
            self._causes.note(f"The app of a tab could not be run: {kind}.")
            await close(answer, WSCloseCode.INTERNAL_ERROR, f"The app could not be run: {kind}.")
        finally:
            self._tabs.release()

    async def _download(self, request: web.Request) -> web.StreamResponse:
        self._check_token(request)
        download = self._downloads.take(request.match_info["ticket"])
        if download is None:
            raise web.HTTPNotFound
        response = web.StreamResponse(headers=download.headers)
        with self._listener.hold(request.transport):
            await response.prepare(request)
            try:
                async for chunk in download.read():
                    await response.write(chunk)
            except DownloadError as error:
                self._causes.note(f"A download was broken off: {error}.")
                if request.transport is not None:
                    request.transport.abort()  # the browser must not take it for complete
                return response
            await response.write_eof()
        return response

    async def _close(self, app: web.Application) -> None:
        """Close the sockets, which ends their sessions."""
        await asyncio.gather(*(each.close() for each in tuple(self._sockets)))

    async def _add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(self._headers)


def _is_foreign(request: web.Request) -> bool:
    """Return whether the browser says that the page of another site embeds this request."""
    site = request.headers.get("Sec-Fetch-Site", "none")
    mode = request.headers.get("Sec-Fetch-Mode", "navigate")
    return site not in ("none", "same-origin") and mode != "navigate"
