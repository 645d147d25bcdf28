"""Files of our own: nobody else can read them, and one process at a time changes them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows: the last of two writers wins
    fcntl = None  # type: ignore[assignment]

_MODE: Final = 0o600
_PATIENCE: Final = 1.0  # seconds


def append(path: Path, text: str) -> None:
    """Append to a file, which is made with mode 0600 if it is missing.

    Raises:
        OSError: it cannot be written.
    """
    _write(path, text, os.O_APPEND)


def replace(path: Path, text: str) -> None:
    """Replace a file as a whole, by one of mode 0600; it is never seen half written.

    Raises:
        OSError: it cannot be written.
    """
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)  # whatever mode it had
    try:
        _write(new, text, os.O_EXCL)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)  # half of it, if the disk is full
        raise


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Keep other processes out for a moment, by a lock on the file `path`.

    Who waits in vain for a second goes on all the same.

    Raises:
        OSError: the file cannot be made.
    """
    handle = os.open(path, os.O_CREAT | os.O_RDWR, _MODE)
    try:
        deadline = time.monotonic() + _PATIENCE
        while not locked(handle) and time.monotonic() < deadline:
            time.sleep(0.01)
        yield
    finally:
        os.close(handle)


def can_lock() -> bool:
    """Whether this system knows the locks that `locked` takes."""
    return fcntl is not None


def locked(handle: int) -> bool:
    """Try to lock an open file until it is closed or the process ends; whether that succeeded.

    Where the system knows no such locks, it always does.
    """
    if fcntl is None:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _write(path: Path, text: str, how: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | how, _MODE), "wb") as file:
        file.write(text.encode())
