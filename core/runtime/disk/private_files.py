"""Private files: no other user can read them, and one process at a time writes them.

Files are opened without following a link and used only if they are regular files of this user; a
file that another user created under the same name is an error. Written files have the mode 0600,
regardless of the umask.

Locks are taken by filelock on descriptors that were opened here, as the lock files that filelock
opens itself may belong to another user or have a second name: by `flock` on POSIX, by `LockFileEx`
on Windows. A lock ends with the descriptor, and so with the process.
"""

from __future__ import annotations

import errno
import os
import stat
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_MODE: Final = 0o600
_WRITING: Final = os.O_WRONLY | os.O_RDWR
# O_NONBLOCK: opening a pipe in place of a file must not block. Windows lacks the first three
# flags, and alone has O_BINARY, without which it would convert line ends.
_CAREFUL: Final = (
    getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_PATIENCE: Final = 1.0  # seconds


def open_own(path: Path | str, flags: int, *, dir_fd: int | None = None) -> int:
    """Open a file of this user; with `O_CREAT` in `flags`, it is created with the mode 0600.

    Args:
        path: the file; its last component is never followed as a link.
        flags: the flags of `os.open`.
        dir_fd: the descriptor of the directory that a relative `path` is in.

    Returns:
        The descriptor.

    Raises:
        OSError: it cannot be opened, is not a regular file or not this user's, or has a second
            name (`link(2)`), by which another user may have placed it here.
    """
    handle = os.open(path, flags | _CAREFUL, _MODE, dir_fd=dir_fd)
    try:
        found = os.fstat(handle)
        if not _is_own(found):
            raise PermissionError(errno.EPERM, "It is not a file of this user", str(path))
        if flags & _WRITING and stat.S_IMODE(found.st_mode) != _MODE and hasattr(os, "fchmod"):
            os.fchmod(handle, _MODE)
    except BaseException:
        os.close(handle)
        raise
    return handle


def opener(path: str, flags: int) -> int:
    """Open a file by `open_own`; an `opener` for the built-in `open`.

    Example:
        >>> open("copy", "wb", opener=opener)
    """
    return open_own(path, flags)


def create_own(path: Path) -> None:
    """Create a file of mode 0600 if it is missing; check one that exists, without opening it.

    Closing a descriptor of a file would release the locks that this process has on it (fcntl(2)).

    Args:
        path: the file, in a directory that no other user can write.

    Raises:
        OSError: it cannot be created, or is not a regular file of this user with a single name.
    """
    with suppress(FileExistsError):
        os.close(open_own(path, os.O_RDWR | os.O_CREAT | os.O_EXCL))
    found = path.lstat()
    if not _is_own(found):
        raise PermissionError(errno.EPERM, "It is not a file of this user", str(path))
    if stat.S_IMODE(found.st_mode) != _MODE and hasattr(os, "geteuid"):
        path.chmod(_MODE)


def append(path: Path, text: str) -> None:
    """Append to a file, which is created with mode 0600 if it is missing.

    Raises:
        OSError: it cannot be written, or is not a file of this user.
    """
    handle = open_own(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        _write(handle, text)
    finally:
        os.close(handle)


def replace(path: Path, text: str, *, of_anyone: bool = False) -> None:
    """Replace a file atomically by one of mode 0600; readers never see a partial file.

    The new file has a unique name until its content is on the disk, so that writers without a lock
    do not collide. Then it is renamed to `path`.

    Args:
        path: the file; a link is replaced, not followed.
        text: its new content.
        of_anyone: replace the file even if it belongs to another user.

    Raises:
        OSError: it cannot be written, or the present file belongs to another user.
    """
    with suppress(FileNotFoundError):
        theirs = hasattr(os, "geteuid") and path.lstat().st_uid != os.geteuid()
        if theirs and not of_anyone:
            raise PermissionError(errno.EPERM, "It is not a file of this user", str(path))
    new = path.with_name(f".{uuid.uuid4().hex}.new")
    try:
        handle = open_own(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            _write(handle, text)
            os.fsync(handle)
        finally:
            os.close(handle)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)  # partial, for example because the disk is full
        raise


def edit(path: Path, text: str) -> None:
    """Replace a file that a user also edits: a link to it stays one, and it keeps its mode.

    A new file has the mode 0600.

    Raises:
        OSError: as `replace`.
    """
    real = path.resolve()
    mode = stat.S_IMODE(real.stat().st_mode) if real.exists() else _MODE
    replace(real, text)
    if mode != _MODE:
        real.chmod(mode)


def write_locked(path: Path, text: str) -> int:
    """Write a new file of mode 0600, which is locked before it is written.

    Returns:
        The descriptor, which holds the lock until it is closed.

    Raises:
        OSError: it cannot be written, exists already, or cannot be locked.
    """
    handle = open_own(path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    try:
        if not _lock_soon(handle):
            raise BlockingIOError(errno.EAGAIN, "It is locked by another process", str(path))
        _write(handle, text)
    except BaseException:
        os.close(handle)
        path.unlink(missing_ok=True)
        raise
    return handle


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Hold a lock on the file `path` during a `with` block.

    If the lock is not available within a second, the block runs without it; on a file system
    without locks it does so at once.

    Raises:
        OSError: the file cannot be created, or is not a file of this user.
    """
    handle = open_own(path, os.O_CREAT | os.O_RDWR)
    try:
        with suppress(OSError):
            _lock_soon(handle)
        yield
    finally:
        os.close(handle)


def try_lock(handle: int) -> bool:
    """Lock an open file until it is closed or the process ends, unless it is locked already.

    Args:
        handle: its descriptor.

    Returns:
        Whether it is locked now.

    Raises:
        OSError: its file system has no locks.
    """
    from filelock import lock_descriptor  # slow to import: it imports asyncio

    return lock_descriptor(handle, blocking=False)


def _lock_soon(handle: int) -> bool:
    """Repeat `try_lock` for up to a second."""
    deadline = time.monotonic() + _PATIENCE
    while not try_lock(handle):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.01)
    return True


def _write(handle: int, text: str) -> None:
    with os.fdopen(handle, "wb", closefd=False) as file:
        file.write(text.encode())


def _is_own(found: os.stat_result) -> bool:
    if not stat.S_ISREG(found.st_mode):
        return False
    return not hasattr(os, "geteuid") or (found.st_uid == os.geteuid() and found.st_nlink == 1)
