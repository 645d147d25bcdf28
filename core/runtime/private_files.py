"""Files of our own: nobody else can read them, and one process at a time changes them.

They are opened without following a link, and used only if they are regular files of this user; a
file that another user put in our place is an error. Those that are written have the mode 0600,
whatever the umask.

Locks are taken by filelock on descriptors that were opened here, as its own lock files may be
another user's or have a second name: by `flock` on POSIX, by `LockFileEx` on Windows. They end with
the descriptor, and so with the process, however it ends.
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
# A pipe in the place of a file must not be waited for. Windows has none of the first three, and is
# alone in having the last, without which it would change line ends.
_CAREFUL: Final = (
    getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_PATIENCE: Final = 1.0  # seconds


def open_own(path: Path | str, flags: int, *, dir_fd: int | None = None) -> int:
    """Open a file of ours; made with the mode 0600 where `flags` say that it is to be made.

    Args:
        path: the file; its last component is never followed as a link.
        flags: of `os.open`.
        dir_fd: the descriptor of the directory that a relative `path` is in.

    Returns:
        The descriptor.

    Raises:
        OSError: it cannot be opened, is no regular file, or is another user's, or has a second
            name (`link(2)`) through which another user may have put it here.
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
    """`open_own`, to be given to `open`.

    Example:
        >>> open("copy", "wb", opener=opener)
    """
    return open_own(path, flags)


def append(path: Path, text: str) -> None:
    """Append to a file, which is made with mode 0600 if it is missing.

    Raises:
        OSError: it cannot be written, or is no file of this user.
    """
    handle = open_own(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        _write(handle, text)
    finally:
        os.close(handle)


def replace(path: Path, text: str, *, of_anyone: bool = False) -> None:
    """Replace a file as a whole, by one of mode 0600; it is never seen half written.

    The new file has a name of its own until its content is on the disk, so that writers who hold
    no lock do not meet, and then takes the name of the old one.

    Args:
        path: the file; a link is replaced too, not followed.
        text: its new content.
        of_anyone: replace another user's file too, as whoever may write the directory can.

    Raises:
        OSError: it cannot be written, or another user's is there.
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
        new.unlink(missing_ok=True)  # half of it, if the disk is full
        raise


def write_locked(path: Path, text: str) -> int:
    """Write a new file of mode 0600, locked before anything is in it.

    Returns:
        The descriptor, which holds the lock until it is closed.

    Raises:
        OSError: it cannot be written, is there already, or cannot be locked.
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
    """Keep other processes out for a moment, by a lock on the file `path`.

    Who waits in vain for a second goes on all the same, as does at once who is on a file system
    without locks.

    Raises:
        OSError: the file cannot be made, or is no file of this user.
    """
    handle = open_own(path, os.O_CREAT | os.O_RDWR)
    try:
        with suppress(OSError):
            _lock_soon(handle)
        yield
    finally:
        os.close(handle)


def try_lock(handle: int) -> bool:
    """Lock an open file until it is closed or the process ends, if nobody else has locked it.

    Args:
        handle: its descriptor.

    Returns:
        Whether it is locked now.

    Raises:
        OSError: its file system has no locks.
    """
    from filelock import lock_descriptor  # asyncio and more come with it

    return lock_descriptor(handle, blocking=False)


def _lock_soon(handle: int) -> bool:
    """`try_lock`, for up to a second."""
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
