"""Files that an app offers to its browser, each for one request to a secret address."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import PurePath
from typing import Final
from urllib.parse import quote

_TICKET_BYTES: Final = 32
_VALID_SECONDS: Final = 60.0  # from the offer to the request, which the page sends immediately
_MOST_OFFERS: Final = 32  # at a time; beyond that the oldest is withdrawn
_MOST_BYTES: Final = 64 * 1024 * 1024  # of a file: results and reports have kilobytes
_CHUNK_BYTES: Final = 64 * 1024
_CHUNK_SECONDS: Final = 4.0  # for the app to read a chunk
_MOST_NAME: Final = 150  # characters: file systems allow 255 bytes
_MIME: Final = re.compile(r"[a-z]+/[a-z0-9.+-]+")

Meta = dict[str, str | int | bool | None]  # a message to an app


class DownloadError(Exception):
    """The rest of the file cannot be read from the app."""


class Download:
    """A file that an app offers.

    Args:
        ask: sends a message to the app; returns false if the app has ended.
        key: the app's identifier of the file.
        path: the path to which the app would have saved it.
        mime_type: the type of the file.
    """

    def __init__(
        self,
        ask: Callable[[Meta], Awaitable[bool]],
        key: str,
        path: str,
        mime_type: str,
    ) -> None:
        self.made = time.monotonic()
        self.headers = {
            "Content-Type": mime_type if _MIME.fullmatch(mime_type) else "application/octet-stream",
            "Content-Disposition": f"attachment; filename*=UTF-8''{_quote(path)}",
        }
        self._ask = ask
        self._key = key
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue(1)

    async def read(self) -> AsyncIterator[bytes]:
        """Read the file from the app, chunk by chunk.

        Raises:
            DownloadError: the app has ended or does not answer, or the file is too large.
        """
        size = 0
        message: Meta = {
            "type": "deliver_chunk_request",
            "key": self._key,
            "size": _CHUNK_BYTES,
            "name": None,
        }
        while await self._ask(message):
            try:
                async with asyncio.timeout(_CHUNK_SECONDS):
                    chunk = await self._chunks.get()
            except TimeoutError:
                raise DownloadError("the app does not answer") from None
            if chunk is None:
                break
            if not chunk:
                return
            size += len(chunk)
            if size > _MOST_BYTES:
                raise DownloadError("the file is too large")
            yield chunk
        raise DownloadError("the app has ended")

    def put(self, chunk: bytes | None) -> None:
        """Take a chunk from the app; an empty one is the end, None means that the app has ended."""
        with suppress(asyncio.QueueFull):  # a chunk that was not requested
            self._chunks.put_nowait(chunk)


class Downloads:
    """The files that the apps of a server offer."""

    def __init__(self) -> None:
        self._offers: dict[str, Download] = {}

    def offer(self, download: Download) -> str:
        """Make a file available for one request.

        Returns:
            The last part of its address.
        """
        while len(self._offers) >= _MOST_OFFERS:
            del self._offers[next(iter(self._offers))]
        ticket = secrets.token_urlsafe(_TICKET_BYTES)
        self._offers[ticket] = download
        return ticket

    def take(self, ticket: str) -> Download | None:
        """Remove and return the offer of `ticket`; None if it is unknown, used or too old."""
        download = self._offers.pop(ticket, None)
        if download is None or time.monotonic() - download.made > _VALID_SECONDS:
            return None
        return download

    def withdraw(self, ticket: str) -> None:
        """Remove an offer whose app ends."""
        self._offers.pop(ticket, None)


def _quote(path: str) -> str:
    """Return a file's name for a header: printable, without directories, quoted (RFC 8187)."""
    name = "".join(
        "_" if unicodedata.category(letter).startswith("C") or letter in '\\/:*?"<>|' else letter
        for letter in PurePath(path).name
    )
    return quote(name.strip(". ")[-_MOST_NAME:] or "download", safe="")
