"""Parts of a file: sizes, digests, and bodies that are read from disk while they are sent."""

from __future__ import annotations

import base64
import hashlib
import io
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
MIN_PART_SIZE = 5 * 2**20
MAX_PARTS = 10_000
DEFAULT_PART_SIZE = 16 * 2**20

_BLOCK = 2**20
_CRC32_POLYNOMIAL = 0xEDB88320


class StoppedError(Exception):
    """The upload was stopped while a part was being sent."""


@dataclass(frozen=True)
class Part:
    """A range of the file.

    Attributes:
        number: its place in the object, from 1.
        offset: its first byte in the file.
        size: its bytes.
    """

    number: int
    offset: int
    size: int


@dataclass(frozen=True)
class Digest:
    """The digests and the size of a part, or of a whole file.

    Attributes:
        md5: 16 bytes, which S3 returns as ETag.
        crc32: the value of zlib.crc32.
        size: the number of bytes.
    """

    md5: bytes
    crc32: int
    size: int

    @property
    def md5_base64(self) -> str:
        """The MD5 as in the header Content-MD5."""
        return base64.b64encode(self.md5).decode()

    @property
    def crc32_base64(self) -> str:
        """The CRC32 as in the header x-amz-checksum-crc32."""
        return base64.b64encode(self.crc32.to_bytes(4, "big")).decode()


def cut(size: int, part_size: int) -> list[Part]:
    """Cut `size` bytes into parts of `part_size`, doubled until `MAX_PARTS` are enough."""
    while part_size * MAX_PARTS < size:
        part_size *= 2
    starts = range(0, max(size, 1), part_size)
    return [Part(i, at, min(part_size, size - at)) for i, at in enumerate(starts, start=1)]


def digest(path: Path, part: Part) -> Digest:
    """Read a part and return its digests, in constant memory.

    Raises:
        OSError: the file cannot be read, or is shorter than it was.
    """
    md5, crc32, left = hashlib.md5(usedforsecurity=False), 0, part.size
    with path.open("rb") as file:
        file.seek(part.offset)
        while left:
            block = file.read(min(_BLOCK, left))
            if not block:
                raise OSError(f"{path.name} has become shorter.")
            md5.update(block)
            crc32 = zlib.crc32(block, crc32)
            left -= len(block)
    return Digest(md5.digest(), crc32, part.size)


def combine_crc32(first: int, second: int, second_size: int) -> int:
    """Return the CRC32 of two concatenated pieces.

    The method of zlib's crc32_combine, which Python does not offer: appending n zero bits
    multiplies a CRC by x^n modulo the polynomial.

    Args:
        first: the CRC32 of the first piece.
        second: the CRC32 of the second piece.
        second_size: the bytes of the second piece.
    """
    power, square, bits = 1 << 31, 1 << 30, second_size * 8  # The polynomials 1 and x, reflected.
    while bits:
        if bits & 1:
            power = _multiply(power, square)
        square = _multiply(square, square)
        bits >>= 1
    return _multiply(first, power) ^ second


def _multiply(a: int, b: int) -> int:
    """Return the product of two reflected polynomials over GF(2), modulo that of CRC32."""
    product = 0
    for bit in range(31, -1, -1):
        if a >> bit & 1:
            product ^= b
        b = b >> 1 ^ (_CRC32_POLYNOMIAL if b & 1 else 0)
    return product


class PartBody(io.RawIOBase):
    """A part as the body of a request: read from disk while it is sent, not held in memory.

    Args:
        path: the file.
        part: its range in the file.
        stopped: once set, reading raises `StoppedError`, which ends a request midway.
        on_sent: called with the number of bytes of the part that were passed to the socket.
    """

    def __init__(
        self, path: Path, part: Part, stopped: threading.Event, on_sent: Callable[[int], None]
    ) -> None:
        super().__init__()
        self._file = path.open("rb", buffering=0)
        self._part, self._stopped, self._on_sent = part, stopped, on_sent
        self._position = 0
        self._sending = False

    def __len__(self) -> int:
        return self._part.size

    def begin(self) -> None:
        """Count what is read from now on as sent; before, it is read to be signed."""
        self._sending = True

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True: botocore rewinds a body to send it again."""
        return True

    def tell(self) -> int:
        """Return the position within the part, in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position within the part, and return it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._part.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        """Read up to `size` bytes of the part; the rest if negative.

        Raises:
            StoppedError: the upload was stopped.
        """
        if self._stopped.is_set():
            raise StoppedError
        left = max(0, self._part.size - self._position)
        wanted = left if size is None or size < 0 else min(size, left)
        self._file.seek(self._part.offset + self._position)
        data = self._file.read(wanted)
        self._position += len(data)
        if self._sending:
            self._on_sent(self._position)
        return data

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()
