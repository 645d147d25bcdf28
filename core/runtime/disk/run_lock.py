"""A lock that keeps two processes from running the same transfer at the same time.

It is a lock of the kernel on a private file (`core.runtime.disk.private_files.try_lock`), so it
ends with the process, however that ends. The file says who holds it. It is never deleted: a process
that had opened it before would lock a file without a name.

Runs of one process share a lock, since the program that starts them knows of all of them. Without
the lock, a run is not kept from starting: if the state directory cannot be written, or its file
system has no locks, nothing is locked.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from core.errors import LocalResourceError, TemporaryError
from core.runtime.disk.directories import private_directory
from core.runtime.disk.paths import state_dir
from core.runtime.disk.private_files import open_own, try_lock

_FOLDER: Final = "locks"  # in the state directory
_START: Final = 1  # where the text begins: Windows lets nobody read the locked byte 0
_LARGEST: Final = 4096  # bytes of the text
_registry: Final = threading.Lock()


@dataclass
class _Held:
    """A lock that this process holds.

    Attributes:
        handle: the descriptor that holds it.
        runs: the runs that share it.
    """

    handle: int
    runs: int


_held: Final[dict[Path, _Held]] = {}


@contextmanager
def lock_run(key: Sequence[str | None], what: str) -> Iterator[None]:
    """Hold the lock of a transfer during a `with` block.

    Args:
        key: what makes two transfers the same.
        what: the transfer in words, for the error.

    Raises:
        TemporaryError: another process holds the lock.
    """
    try:
        path = _find_path(key)
        found = _take(path)
    except (OSError, LocalResourceError):  # it cannot be locked
        yield
        return
    if not found:
        raise TemporaryError(
            f"Another run of {what} is in progress: {_read_holder(path)}.",
            "Wait until it ends, or stop it; then run again.",
        )
    try:
        yield
    finally:
        _release(path)


def _find_path(key: Sequence[str | None]) -> Path:
    name = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:32]
    return private_directory(state_dir() / _FOLDER) / f"{name}.lock"


def _take(path: Path) -> bool:
    """Take the lock, unless another process holds it; return whether this process has it."""
    with _registry:
        if (held := _held.get(path)) is not None:
            held.runs += 1
            return True
        handle = open_own(path, os.O_RDWR | os.O_CREAT)
        try:
            if not try_lock(handle):
                os.close(handle)
                return False
            with suppress(OSError):  # a full disk: the lock is held, by nobody known
                _write_holder(handle)
        except BaseException:
            os.close(handle)
            raise
        _held[path] = _Held(handle, 1)
        return True


def _release(path: Path) -> None:
    with _registry:
        held = _held[path]
        held.runs -= 1
        if not held.runs:
            del _held[path]
            with suppress(OSError):
                os.ftruncate(held.handle, 0)
            os.close(held.handle)


def _write_holder(handle: int) -> None:
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):  # not in the user database
        user = str(os.getuid()) if hasattr(os, "getuid") else ""
    holder = {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "user": user,
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    os.ftruncate(handle, 0)
    os.write(handle, b" " * _START + json.dumps(holder).encode())


def _read_holder(path: Path) -> str:
    """Return who holds a lock, and since when, in words."""
    try:
        handle = open_own(path, os.O_RDONLY)
        try:
            os.lseek(handle, _START, os.SEEK_SET)
            holder = json.loads(os.read(handle, _LARGEST))
        finally:
            os.close(handle)
        since = datetime.fromisoformat(holder["since"])
        by = f"process {holder['pid']:d} of {holder['user']} on {holder['host']}"
        return f"{by}, since {since:%Y-%m-%d %H:%M:%S} UTC"
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return "a process that has not written who it is"
