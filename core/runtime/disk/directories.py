"""Directories that no other user can replace or modify.

A path is walked from the root, one component at a time, by directory descriptors; a component that
is missing is created (mode 0700). Each must meet the rule of OpenSSH's `safe_path` (misc.c):

- it belongs to this user or to root, and
- no other user can write it, or it is sticky, so that they cannot replace this user's entries;
- links are followed only from directories that other users cannot write.

If every component meets the rule, no other user can redirect the path. So plain paths below it,
such as those given to polars, are safe, too.

Group write permission is allowed for the user's private group (the default of Debian and Fedora,
with umask 002) and for root's. On systems without owners or directory descriptors (Windows) the
path is created and not checked: there the access lists of the user's profile exclude others.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

_NAME: Final = "amplify-transfer"
_PRIVATE: Final = 0o700
_ROOT: Final = 0
_MOST_LINKS: Final = 40  # as Linux follows (path_resolution(7))
_CHECKED: Final = (
    hasattr(os, "geteuid")
    and hasattr(os, "O_NOFOLLOW")
    and hasattr(os, "O_DIRECTORY")
    and {os.open, os.mkdir, os.readlink} <= os.supports_dir_fd
)
# O_PATH needs no permission to list the directory, which those above a home may not grant.
_STEP: Final = (
    getattr(os, "O_PATH", os.O_RDONLY)
    | getattr(os, "O_DIRECTORY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
)


class UnsafeDirectoryError(PermissionError):
    """Another user could replace the content of a directory.

    Attributes:
        filename: the directory, or the one above it, or the link, that is at fault.
        strerror: why, as a predicate: "belongs to mallory (uid 1001), who ...".
        remedy: what the owner of the directory can do, as a phrase; empty if another one is needed.
    """

    def __init__(self, path: Path, why: str, remedy: str = "") -> None:
        super().__init__(errno.EPERM, why, str(path))
        self.remedy = remedy


def user_name() -> str:
    """Return the name of this user's directory within a directory that several users share."""
    return f"{_NAME}-{os.geteuid()}" if hasattr(os, "geteuid") else _NAME


def private_directory(path: Path) -> Path:
    """Return a directory that only this user and root can change; create it if missing.

    Args:
        path: absolute.

    Returns:
        `path` itself; or, if that belongs to root or is sticky and writable by all, as `/tmp` is,
        the directory in it whose name contains the user's id.

    Raises:
        UnsafeDirectoryError: another user could replace it, or something in it.
        OSError: it cannot be created, or is not a directory.

    Example:
        >>> private_directory(Path("/var/tmp"))  # by the user with the id 1000
        PosixPath('/var/tmp/amplify-transfer-1000')
    """
    if not _CHECKED:
        path.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        return path
    walk = _Walk()
    try:
        walk.to(path)
        if walk.ours:
            return path
        walk.to(Path(user_name()))
        if walk.ours:
            return path / user_name()
        raise UnsafeDirectoryError(
            path / user_name(), f"belongs to {_format_user(walk.owner)}, not to this user"
        )
    finally:
        walk.close()


def check_links(path: Path) -> None:
    """Check that no component of `path`, a file named by the user, is a link of another user.

    The user is responsible for the choice of the directory. But `/tmp/reports/x` must not lead
    elsewhere because another user made `/tmp/reports` a link. The kernel refuses that, too, unless
    `fs.protected_symlinks` is 0 (proc(5)).

    Args:
        path: absolute; its last component is not checked.

    Raises:
        UnsafeDirectoryError: a component is such a link.
    """
    if not _CHECKED:
        return
    for above in list(path.parents)[-2::-1]:
        try:
            found, around = above.lstat(), above.parent.stat()
        except OSError:  # opening the file will raise it
            return
        trusted = (os.geteuid(), _ROOT, around.st_uid)
        if stat.S_ISLNK(found.st_mode) and is_shared(around) and found.st_uid not in trusted:
            raise UnsafeDirectoryError(above, f"is a link of {_format_user(found.st_uid)}")


class _Walk:
    """Walks down a path, refusing components that another user could have created."""

    def __init__(self) -> None:
        self._links = 0
        self._handle = -1
        self._start()

    @property
    def ours(self) -> bool:
        """Whether the directory belongs to this user, and no other user can write it."""
        return self.owner == os.geteuid() and not self._shared

    def to(self, path: Path) -> None:
        """Enter `path`, from the current directory if relative; create missing components."""
        todo = list(reversed(path.parts))
        while todo:
            name = todo.pop()
            if name.startswith("/"):
                self._start()
            elif (target := self._read_link(name)) is None:
                self._enter(name)
            else:
                todo += reversed(Path(target).parts)

    def close(self) -> None:
        """Close the descriptor."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _start(self) -> None:
        self.close()
        self._take(os.open("/", _STEP), Path("/"))

    def _read_link(self, name: str) -> str | None:
        """Return the target of the entry `name` if it is a link; else None."""
        try:
            target = os.readlink(name, dir_fd=self._handle)
        except OSError:
            return None
        if self._shared:
            raise UnsafeDirectoryError(
                self._place / name, "is a link in a directory that other users can write"
            )
        self._links += 1
        if self._links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(self._place / name))
        return target

    def _enter(self, name: str) -> None:
        try:
            inner = os.open(name, _STEP, dir_fd=self._handle)
        except FileNotFoundError:
            with suppress(FileExistsError):  # created by another process; it is checked as well
                os.mkdir(name, _PRIVATE, dir_fd=self._handle)
            inner = os.open(name, _STEP, dir_fd=self._handle)
        os.close(self._handle)
        self._take(inner, self._place / name)

    def _take(self, handle: int, place: Path) -> None:
        self._handle, self._place = handle, place
        found = os.fstat(handle)
        self.owner, self._shared = found.st_uid, is_shared(found)
        if self.owner not in (os.geteuid(), _ROOT):
            raise UnsafeDirectoryError(
                place, f"belongs to {_format_user(self.owner)}, who could replace what is in it"
            )
        if self._shared and not found.st_mode & stat.S_ISVTX:
            raise UnsafeDirectoryError(
                place,
                f"has the mode {stat.S_IMODE(found.st_mode):04o}, so other users could replace "
                "what is in it",
                f"close it with: chmod go-w {place}",
            )


def is_shared(found: os.stat_result) -> bool:
    """Whether users other than the owner can write a directory, as `os.stat` describes it."""
    if found.st_mode & stat.S_IWOTH:
        return True
    return bool(found.st_mode & stat.S_IWGRP) and not _is_private_group(found.st_gid)


def _is_private_group(group: int) -> bool:
    """Whether a group has no other members: it is root's, or this user's private group.

    A private group is the user's primary group, has the user's name and no further members. If the
    user is not in the user database, as in a container, it has the user's id.
    """
    if group == _ROOT:
        return True
    import grp
    import pwd

    try:
        user = pwd.getpwuid(os.geteuid())
    except KeyError:
        user = None
    try:
        found = grp.getgrgid(group)
    except KeyError:
        return user is None and group == os.geteuid()
    own = user is not None and group == user.pw_gid and found.gr_name == user.pw_name
    return own and set(found.gr_mem) <= {found.gr_name}


def _format_user(user: int) -> str:
    """Format a user for a message."""
    import pwd

    try:
        return f"{pwd.getpwuid(user).pw_name} (uid {user})"
    except KeyError:
        return f"uid {user}"
