"""Files of our own: nobody else can read them, and one process at a time changes them.

They are opened without following a link, and used only if they are regular files of this user; a
file that another user put in our place is an error. Those that are written have the mode 0600,
whatever the umask.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows: the last of two writers wins
    fcntl = None  # type: ignore[assignment]

_MODE: Final = 0o600
_WRITING: Final = os.O_WRONLY | os.O_RDWR
# A pipe in the place of a file must not be waited for. Windows has none of these.
_CAREFUL: Final = (
    getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
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
    _write(path, text, os.O_APPEND)


def replace(path: Path, text: str, draft: Path | None = None) -> None:
    """Replace a file as a whole, by one of mode 0600; it is never seen half written.

    Args:
        path: the file; a link is replaced too, not followed.
        text: its new content.
        draft: what the new file is called until it is complete, in the same directory; for callers
            that hold no lock. One that is there is removed.

    Raises:
        OSError: it cannot be written, or another user's is there.
    """
    new = draft or path.with_suffix(".new")
    with suppress(FileNotFoundError):
        if hasattr(os, "geteuid") and path.lstat().st_uid != os.geteuid():
            raise PermissionError(errno.EPERM, "It is not a file of this user", str(path))
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
        OSError: the file cannot be made, or is no file of this user.
    """
    handle = open_own(path, os.O_CREAT | os.O_RDWR)
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
    with os.fdopen(open_own(path, os.O_WRONLY | os.O_CREAT | how), "wb") as file:
        file.write(text.encode())


def _is_own(found: os.stat_result) -> bool:
    if not stat.S_ISREG(found.st_mode):
        return False
    return not hasattr(os, "geteuid") or (found.st_uid == os.geteuid() and found.st_nlink == 1)
