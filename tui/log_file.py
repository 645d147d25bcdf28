"""`--log-file`: a file of JSON lines, which is rotated when it is large.

Several processes may write to it: each line is appended whole, and a process that finds the file
renamed opens the new one.
"""

from __future__ import annotations

import io
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from core.facade import private_files, redact

_LARGEST: Final = 10_000_000  # bytes of a file
_FILES: Final = 5  # the file and those before it, NAME.1 being the last


class LogFile(io.TextIOBase):
    """A stream of lines that ends in a file of mode 0600.

    Args:
        path: the file. When it is full, it becomes `path.1`, and that `path.2`, up to `path.4`.

    Raises:
        OSError: it cannot be written.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path).absolute()
        self._handle = self._open()

    def write(self, text: str) -> int:
        """Append lines, with the secrets in them redacted.

        Raises:
            OSError: they cannot be written.
        """
        data = redact(text).encode()
        if not self._is_current():
            os.close(self._handle)
            self._handle = self._open()
        if os.fstat(self._handle).st_size + len(data) > _LARGEST:
            self._rotate()
        while data:
            data = data[os.write(self._handle, data) :]
        return len(text)

    def _open(self) -> int:
        return private_files.open_own(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def _is_current(self) -> bool:
        """Whether the open file is still the one of that name."""
        with suppress(FileNotFoundError):
            return os.path.samestat(os.fstat(self._handle), self._path.stat())
        return False

    def _rotate(self) -> None:
        with private_files.lock(self._name(".lock")):
            if self._is_current():  # else another process has done it meanwhile
                for number in range(_FILES - 1, 0, -1):
                    source = self._name(f".{number - 1}") if number > 1 else self._path
                    with suppress(FileNotFoundError):
                        source.replace(self._name(f".{number}"))
            os.close(self._handle)
            self._handle = self._open()

    def _name(self, end: str) -> Path:
        return self._path.with_name(self._path.name + end)
