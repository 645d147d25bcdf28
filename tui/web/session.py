"""The server's side of one tab: starts the process of the app, serves it, and ends it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Final

from aiohttp import WSCloseCode, WSMsgType, web
from textual_serve._binary_encode import load
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

from tui.web.downloads import Download, Downloads
from tui.web.messages import MOST_BYTES, Message, MessageError, Pinged, Resized, Typed, parse

END_SECONDS: Final = 1.3  # for the app to cancel a transfer; then its process is killed
_CLOSE_SECONDS: Final = 0.3  # for the browser to agree that the socket is closed
_TAKE_SECONDS: Final = 10.0  # for the app to read a message, once the pipe to it is full


class Session(AppService):
    """Runs the app for one web socket.

    Args:
        command: the arguments of the app's process; no shell is used.
        start: the first data on the app's stdin. It holds the request, since every user of this
            machine can read the arguments of a process.
        socket: the socket of the browser.
        downloads: offers the files that the app saves.
    """

    def __init__(
        self,
        command: Sequence[str],
        start: bytes,
        socket: web.WebSocketResponse,
        downloads: Downloads,
    ) -> None:
        super().__init__(
            command[0],
            write_bytes=_ignore_closed(socket.send_bytes),
            write_str=_ignore_closed(socket.send_str),
            close=_ignore_closed(socket.close),
            download_manager=DownloadManager(),  # never used: `downloads` is
        )
        self._arguments = tuple(command)
        self._start_data = start
        self._socket = socket
        self._downloads = downloads
        self._offered: dict[str, tuple[str, Download]] = {}
        self._closing: asyncio.Task[bool] | None = None

    async def serve(self, size: Resized) -> None:
        """Run the app until it ends or the tab closes; its process has ended on return.

        Args:
            size: the initial size of the terminal.

        Raises:
            OSError: the process cannot be started.
        """
        try:
            await self.start(size.width, size.height)
            await self._read()
        finally:
            await self.stop()

    async def start(self, width: int, height: int) -> None:
        """Start the app; whenever it ends, the socket is closed."""
        await super().start(width, height)
        if self._task is not None:
            self._task.add_done_callback(self._on_end)

    async def stop(self) -> None:
        """Ask the app to exit, and kill it if it does not in time."""
        for ticket, download in self._offered.values():
            self._downloads.withdraw(ticket)
            download.put(None)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(END_SECONDS):
                    await super().stop()
        finally:
            if self._process is not None:
                if self._process.returncode is None:
                    with suppress(ProcessLookupError):
                        _kill(self._process.pid)
                await self._process.wait()

    async def on_meta(self, data: bytes) -> None:
        """Handle a message of the app: pass on its state; offer a file at a secret address."""
        meta = json.loads(data)
        if meta["type"] == "state":
            await self.remote_write_str(json.dumps(["state", meta]))
            return
        if meta["type"] != "deliver_file_start":
            await super().on_meta(data)
            return
        key = str(meta["key"])
        download = Download(self.send_meta, key, str(meta["path"]), str(meta["mime_type"]))
        ticket = self._downloads.offer(download)
        self._offered[key] = ticket, download
        await self.remote_write_str(json.dumps(["deliver_file_start", ticket]))

    async def on_packed(self, payload: bytes) -> None:
        """Pass on a chunk of a file."""
        match load(payload):
            case ("deliver_chunk", str() as key, str() | bytes() as chunk) if key in self._offered:
                _, download = self._offered[key]
                if not chunk:
                    del self._offered[key]
                download.put(chunk.encode() if isinstance(chunk, str) else chunk)

    async def _read(self) -> None:
        """Handle the browser's messages until the socket closes; an invalid one closes it."""
        async for message in self._socket:
            if message.type is WSMsgType.ERROR:
                return  # too large, or an invalid frame: aiohttp has closed the socket
            try:
                if message.type is not WSMsgType.TEXT:
                    raise MessageError("Messages are text.")
                taken = parse(message.data)
            except MessageError as error:
                await self._close(WSCloseCode.POLICY_VIOLATION, str(error))
                return
            try:
                async with asyncio.timeout(_TAKE_SECONDS):
                    await self._take(taken)
            except TimeoutError:
                await self._close(WSCloseCode.INTERNAL_ERROR, "The app does not respond.")
                return

    async def _take(self, message: Message) -> None:
        """Pass a message to the app."""
        match message:
            case Typed(text=text):
                await self.send_bytes(text.encode("utf-8", "replace"))
            case Resized(width=width, height=height):
                await self.set_terminal_size(width, height)
            case Pinged(number=number):
                await self.remote_write_str(json.dumps(["pong", number]))
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
            start_new_session=hasattr(os, "setsid"),  # Ctrl-C reaches only the server
        )
        self._stdin = self._process.stdin
        self.stdin.write(len(self._start_data).to_bytes(4, "big") + self._start_data)
        return self._process

    def _on_end(self, task: asyncio.Task[None]) -> None:
        # If the app exited normally, the socket is closed already.
        closing = self._close(WSCloseCode.INTERNAL_ERROR, "The app has ended unexpectedly.")
        self._closing = asyncio.create_task(closing)

    async def _close(self, code: WSCloseCode, reason: str) -> bool:
        return await close(self._socket, code, reason)


def open_socket() -> web.WebSocketResponse:
    """Return a socket that detects a lost browser, and does not wait for it to close."""
    return web.WebSocketResponse(
        heartbeat=15,
        timeout=_CLOSE_SECONDS,
        max_msg_size=MOST_BYTES,
        compress=False,  # useless on loopback, and compressed data could be a bomb
    )


async def close(socket: web.WebSocketResponse, code: WSCloseCode, reason: str) -> bool:
    """Close a socket with a `reason` of at most 123 bytes, which the page shows."""
    return await socket.close(code=code, message=reason.encode())


def _kill(pid: int) -> None:
    """Kill an app with its child processes, which are in its process group (not on Windows)."""
    if hasattr(os, "killpg"):
        os.killpg(pid, signal.SIGKILL)
    else:
        os.kill(pid, signal.SIGTERM)  # Windows: ends it at once


def _ignore_closed(send: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[None]]:
    """Return `send` without errors of a closed socket: the app can then write until it exits."""

    async def send_unless_closed(*data: Any) -> None:
        with suppress(ConnectionError):
            await send(*data)

    return send_unless_closed
