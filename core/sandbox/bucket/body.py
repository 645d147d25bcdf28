"""Read the body of a request to its end, even if the request is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from core.sandbox.bucket.refusal import Environ, RefusalError

BLOCK_BYTES = 1 << 20


class Body:
    """Reads the body of a WSGI request, whose length is given or which is chunked."""

    def __init__(self, environ: Environ) -> None:
        length = environ.get("CONTENT_LENGTH") or "0"
        self._stream = environ["wsgi.input"]
        self._chunked = bool(environ.get("wsgi.input_terminated"))
        self._valid = self._chunked or (length.isascii() and length.isdigit())
        self._left = int(length) if self._valid and not self._chunked else 0
        self._data: bytes | None = None

    def read(self, limit: int | None = None) -> bytes:
        """Return the whole body; the same at every call.

        Args:
            limit: of its size, in bytes; None for no limit.

        Raises:
            RefusalError: it is longer than `limit`, shorter than its Content-Length, or that
                header is not a number.
        """
        if self._data is None:
            if not self._valid:
                raise RefusalError("400 Bad Request", "InvalidRequest", "Invalid Content-Length")
            self._data = self._read(limit)
        return self._data

    def drain(self) -> None:
        """Read and discard the rest: a response before the end would reset the connection."""
        with suppress(OSError, ValueError):
            for _ in self._blocks(BLOCK_BYTES):
                pass

    def _read(self, limit: int | None) -> bytes:
        if limit is not None and self._left > limit:
            raise _too_large()
        blocks, size = [], 0
        for block in self._blocks(self._left or BLOCK_BYTES):
            blocks.append(block)
            size += len(block)
            if limit is not None and size > limit:
                raise _too_large()
        if self._left:
            raise RefusalError(
                "400 Bad Request",
                "IncompleteBody",
                "You did not provide the number of bytes specified by the Content-Length HTTP "
                "header",
            )
        return blocks[0] if len(blocks) == 1 else b"".join(blocks)

    def _blocks(self, size: int) -> Iterator[bytes]:
        """Yield the rest, in blocks of at most `size` bytes."""
        while self._chunked or self._left:
            block: bytes = self._stream.read(size if self._chunked else min(size, self._left))
            if not block:
                return
            if not self._chunked:
                self._left -= len(block)
            yield block


def _too_large() -> RefusalError:
    return RefusalError("400 Bad Request", "EntityTooLarge", "Your proposed upload is too large")
