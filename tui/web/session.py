"""The server's end of one tab: its process of the app, from the first byte to the last."""

from __future__ import annotations

import asyncio
import os
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Final

from aiohttp import WSMsgType, web
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

END_SECONDS: Final = 1.3  # for the app to stop a transfer; then its process is killed
_CLOSE_SECONDS: Final = 0.3  # for the browser to agree that the socket is closed
_MOST_CELLS: Final = 1_000


class Session(AppService):
    """Runs the app for one web socket.

    Args:
        command: that runs the app, an argument each: no shell reads it.
        socket: to the browser.
        downloads: takes the files that the app delivers.
    """

    def __init__(
        self, command: Sequence[str], socket: web.WebSocketResponse, downloads: DownloadManager
    ) -> None:
        super().__init__(
            command[0],
            write_bytes=_until_closed(socket.send_bytes),
            write_str=_until_closed(socket.send_str),
            close=_until_closed(socket.close),
            download_manager=downloads,
        )
        self._arguments = tuple(command)
        self._socket = socket

    async def serve(self, width: int, height: int) -> None:
        """Run the app until it ends or the tab closes; then no process is left.

        Args:
            width: of the terminal in cells.
            height: of the terminal in cells.
        """
        await self.start(width, height)
        try:
            async for message in self._socket:
                if message.type is WSMsgType.TEXT:
                    await self._take(*message.json())
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Ask the app to end; if it does not in time, kill it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                await super().stop()
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    async def _take(self, kind: str, data: Any = None) -> None:
        """Hand on what the browser says, in textual-serve's terms."""
        match kind:
            case "stdin":
                await self.send_bytes(data.encode())
            case "resize":
                await self.set_terminal_size(cells(data["width"]), cells(data["height"]))
            case "ping":
                await self.remote_write_str(f'["pong", "{int(data)}"]')
            case "blur":
                await self.blur()
            case "focus":
                await self.focus()

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        self._process = await asyncio.create_subprocess_exec(
            *self._arguments,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=self._build_environment(width, height),
            start_new_session=hasattr(os, "setsid"),  # Ctrl-C is for the server, which ends them
        )
        self._stdin = self._process.stdin
        return self._process


def open_socket() -> web.WebSocketResponse:
    """A socket that notices a browser which has gone, and closes without waiting for it."""
    return web.WebSocketResponse(heartbeat=15, timeout=_CLOSE_SECONDS)


def cells(number: object) -> int:
    """A width or height that a browser gave, within reason."""
    return max(1, min(int(str(number)), _MOST_CELLS))


def _until_closed(send: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[None]]:
    """`send`, which drops what comes after the end: an app whose words are not read cannot end."""

    async def sent(*data: Any) -> None:
        with suppress(ConnectionError):
            await send(*data)

    return sent
