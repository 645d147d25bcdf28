"""Check that only its user and root can change a connections file.

A user who can change such a file can send the next sign-in, with the password, to another host.
Snowflake's connector (5.2) refuses a file that its group or others can write. It accepts a file
that belongs to another user, a directory in which another user can replace the file, and a symbolic
link that another user has made. Those are refused here as well.

The connector's parameter `unsafe_skip_config_file_permissions_check` (in older versions
`unsafe_skip_file_permissions_check`) switches its check off. Parameters are also variables, named
`SNOWFLAKE_` and the parameter; since this one is about the files, only the variable is read.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from core.errors import UsageError
from core.runtime.disk.directories import is_shared

SKIP: Final = "SNOWFLAKE_UNSAFE_SKIP_CONFIG_FILE_PERMISSIONS_CHECK"
_OLD_SKIP: Final = "SNOWFLAKE_UNSAFE_SKIP_FILE_PERMISSIONS_CHECK"
_YES: Final = frozenset({"1", "true", "yes", "on"})
_LINKS: Final = 40  # on the way to a file, at most: Linux's own limit (path_resolution(7))
_HINT: Final = (
    "Where permissions cannot be changed, as in some containers and on Windows drives in WSL, "
    f"{SKIP}=true skips this check."
)


def check_trusted(path: Path, opened: os.stat_result) -> None:
    """Refuse a file that another user can change or replace.

    Args:
        path: the file's name.
        opened: the result of `os.fstat` for the open file, so that the file that is checked is the
            one that is read.

    Raises:
        UsageError: the file cannot be trusted; the hint says how to correct it.
    """
    if os.name != "posix" or is_skipped():
        return
    if not _is_own(opened.st_uid):
        raise UsageError(
            f"{path} belongs to another user (number {opened.st_uid}), so it cannot be trusted.",
            f"Make it yours: chown {os.geteuid()} {path}. {_HINT}",
        )
    if opened.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise UsageError(
            f"Other users can write {path}, so it cannot be trusted.",
            f"Close it with: chmod 600 {path}. {_HINT}",
        )
    check_way(path, opened)


def check_way(path: Path, opened: os.stat_result) -> None:
    """Refuse a file if another user can replace it, or a directory or link on the way to it.

    Args:
        path: the file's name.
        opened: the result of `os.fstat` for the open file.

    Raises:
        UsageError: another user can replace it, or it cannot be read.
    """
    if os.name != "posix" or is_skipped():
        return
    try:
        for directory, entry in _walk(path):
            _check_step(path, directory, entry)
        same = os.path.samestat(opened, path.stat())
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    if not same:
        raise UsageError(f"{path} was replaced while it was read.", "Try again.")


def is_skipped() -> bool:
    """Whether the user has switched these checks off."""
    return any(os.environ.get(name, "").lower() in _YES for name in (SKIP, _OLD_SKIP))


def _walk(path: Path) -> Iterator[tuple[Path, Path]]:
    """Yield each directory on the way to a file with the entry that is used, following links."""
    left = list(reversed(Path(os.path.abspath(path)).parts[1:]))  # noqa: PTH100  "a/../b" is b
    here, links = Path("/"), 0
    while left:
        part = left.pop()
        if part == "..":
            here = here.parent
            continue
        entry = here / part
        yield here, entry
        if not entry.is_symlink():
            here = entry
            continue
        links += 1
        if links > _LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        target = entry.readlink()
        if target.is_absolute():
            here = Path("/")
        left += reversed(target.parts[1:] if target.is_absolute() else target.parts)


def _check_step(path: Path, directory: Path, entry: Path) -> None:
    around, found = directory.lstat(), entry.lstat()
    if not _is_own(around.st_uid):
        raise UsageError(
            f"{path} cannot be trusted: {directory} belongs to another user "
            f"(number {around.st_uid}), who can put another file in its place.",
            f"Move it to a directory that belongs to you. {_HINT}",
        )
    if not is_shared(around):
        return
    # In a sticky directory, such as /tmp, only the owner of an entry can replace it (inode(7)).
    if not around.st_mode & stat.S_ISVTX:
        raise UsageError(
            f"{path} cannot be trusted: other users can write {directory}, and so put another "
            "file in its place.",
            f"Close it with: chmod go-w {directory}. {_HINT}",
        )
    if not _is_own(found.st_uid):
        raise UsageError(
            f"{path} cannot be trusted: {entry} belongs to another user (number {found.st_uid}).",
            f"Move it to a directory that belongs to you. {_HINT}",
        )


def _is_own(user: int) -> bool:
    """Whether a user is the one of this process, or root, who can change every file anyway."""
    return user in (0, os.geteuid())
