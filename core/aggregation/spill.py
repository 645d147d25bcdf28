"""Frames on disk, each kept under a key, in one file that is appended to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from contextlib import suppress
from io import SEEK_END, BufferedRandom, BytesIO
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import polars as pl

from core.runtime.disk.private_files import opener

K = TypeVar("K", bound=Hashable)


class Slice(NamedTuple):
    """A frame on disk.

    Attributes:
        offset: its position in the file.
        length: its bytes there, about as many as in memory.
    """

    offset: int
    length: int


class Spill(Generic[K]):
    """The frames of a run that do not fit into memory. They are not compressed: that takes longer.

    Args:
        path: the file, which is created with the first frame, and removed by `close`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BufferedRandom | None = None
        self._slices: defaultdict[K, list[Slice]] = defaultdict(list)

    def append(self, key: K, frame: pl.DataFrame) -> None:
        """Write a frame.

        Raises:
            OSError: there is no space, or the file cannot be written.
        """
        if self._file is None:
            self._file = open(self._path, "x+b", opener=opener)  # noqa: SIM115
        memory = BytesIO()
        frame.write_ipc_stream(memory, compression="uncompressed")
        offset = self._file.seek(0, SEEK_END)
        length = self._file.write(memory.getbuffer())
        self._slices[key].append(Slice(offset, length))

    def keys(self) -> list[K]:
        """Return the keys that have frames."""
        return list(self._slices)

    def take(self, key: K) -> list[Slice]:
        """Return where the frames of a key are, and forget them."""
        return self._slices.pop(key, [])

    def read(self, where: Slice) -> pl.DataFrame:
        """Read a frame."""
        assert self._file is not None  # noqa: S101 - for the type checker
        self._file.seek(where.offset)
        return pl.read_ipc_stream(BytesIO(self._file.read(where.length)))

    def close(self) -> None:
        """Close and remove the file."""
        if self._file is not None:
            self._path.unlink(missing_ok=True)
            with suppress(OSError):  # what is left to write does not matter
                self._file.close()
            self._file = None
