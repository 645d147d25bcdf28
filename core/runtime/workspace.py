"""The directories of a run and of its process: private, on a real disk, gone at the end.

Whoever uses a directory holds a lock on a file in it for as long as it lives. A directory whose
lock is free belongs to a process that was killed, and is swept.
"""

from __future__ import annotations

import atexit
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from core.errors import LocalResourceError
from core.runtime.directories import UnsafeDirectoryError, private_directory
from core.runtime.paths import spill_root
from core.runtime.private_files import open_own, opener, try_lock

SPARE_BYTES = 64 * 1024 * 1024
_SPARE_FILES = 256  # polars makes one for each frame that it spills
_REMOVALS = 5
_LOCK = "lock"
_DIRECTORY = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_PROCESS = uuid.uuid4().hex  # not the process id: containers that share a disk share those


def polars_spill() -> Path:
    """The directory to which polars spills: one for the process, as its memory budget is."""
    return _own_spill(_runs())


@contextmanager
def workspace() -> Iterator[Path]:
    """Make a directory for one run (mode 0700) and remove it at the end, whatever happens.

    Raises:
        LocalResourceError: no directory can be written.
    """
    runs = _runs()
    _sweep(runs)
    with _told(runs):
        directory, lock = _make(runs)
    try:
        yield directory
    finally:
        _remove(directory)
        os.close(lock)
        _remove(directory)  # Windows removes no file that is open


def check_space(directory: Path, spare: int = SPARE_BYTES) -> None:
    """Make sure that the disk of `directory` is not about to be full.

    Polars panics in its own threads when it cannot spill, prints that, and goes on in memory:
    so a run must end before. Space that nobody has is not all that a disk may lack: it may have no
    room for another file, or have become read-only, or the user's quota may be used up; or no file
    of the process may become that large.

    Args:
        directory: any on that disk.
        spare: bytes that must be free, and that one file may have.

    Raises:
        LocalResourceError: fewer are, or nothing can be written.
    """
    if (most := _largest_file()) is not None and most < spare:
        raise LocalResourceError(
            f"No file may have more than {most // 1024:,} KB here, and {spare // 2**20} MB must "
            "be.",
            "Raise the limit of the shell or the service, such as: ulimit -f unlimited.",
        )
    with _told(directory):
        if shutil.disk_usage(directory).free < spare:
            raise _full(directory, f"{spare // 2**20} MB")
        if 0 < _files_left(directory) < _SPARE_FILES:
            raise _full(directory, f"{_SPARE_FILES} files")
        probe = directory / f"probe-{uuid.uuid4().hex}"
        try:
            with open(probe, "wb", opener=opener) as file:
                file.write(b"x")
        finally:
            probe.unlink(missing_ok=True)


def discard_own() -> None:
    """Remove what this process has on disk, for one that is about to be ended."""
    with suppress(LocalResourceError):  # then there is nothing
        for directory in _runs().glob(f"{_PROCESS}-*"):
            _remove(directory)


def _full(directory: Path, what: str) -> LocalResourceError:
    return LocalResourceError(
        f"The disk of {directory} has room for less than {what}.",
        "Free some space, or name a directory on another disk in AMPLIFY_SPILL_DIR.",
    )


def _largest_file() -> int | None:
    """How many bytes a file of this process may have; None if there is no limit."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return None
    most, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    return None if most == resource.RLIM_INFINITY else most


def _files_left(directory: Path) -> int:
    """How many files the disk has room for; 0 too where that is not told."""
    return os.statvfs(directory).f_favail if hasattr(os, "statvfs") else 0


def _remove(directory: Path) -> None:
    """Remove a directory into which a thread of polars that was left behind may still spill."""
    for _ in range(_REMOVALS):
        shutil.rmtree(directory, ignore_errors=True)
        if not directory.exists():
            return


def _runs() -> Path:
    runs = spill_root() / "runs"
    with _told(runs):
        return private_directory(runs)


@contextmanager
def _told(directory: Path) -> Iterator[None]:
    """Tell the user when the disk refuses."""
    try:
        yield
    except UnsafeDirectoryError as error:
        remedy = f", or {error.remedy}" if error.remedy else ""
        raise LocalResourceError(
            f"{directory} is not safe to use: {error.filename} {error.strerror}.",
            f"Name another directory in AMPLIFY_SPILL_DIR{remedy}.",
        ) from error
    except OSError as error:
        raise LocalResourceError(
            f"{directory} cannot be written: {error.strerror or 'I/O error'}.",
            "Free some space, or name another directory in AMPLIFY_SPILL_DIR.",
        ) from error


@cache
def _own_spill(runs: Path) -> Path:
    with _told(runs):
        directory, _ = _make(runs)  # locked until the process ends
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return directory


def _make(runs: Path) -> tuple[Path, int]:
    while True:
        directory = runs / f"{_PROCESS}-{uuid.uuid4().hex}"
        directory.mkdir(mode=0o700)
        try:
            lock = open_own(directory / _LOCK, os.O_CREAT | os.O_RDWR)
        except FileNotFoundError:
            continue  # a sweep came between the two calls
        try:
            ours = try_lock(lock)
        except OSError as error:  # without a lock, a sweep could take this process for dead
            os.close(lock)
            _remove(directory)
            raise OSError(error.errno, "its file system has no locks") from error
        if ours and (directory / _LOCK).exists():
            return directory, lock
        os.close(lock)


def _sweep(runs: Path) -> None:
    """Remove the directories whose processes have ended; never through a link, nor another user's.

    What is removed is named by descriptors, so that nothing can be put in its place meanwhile.
    """
    if not shutil.rmtree.avoids_symlink_attacks:
        return
    handle = os.open(runs, _DIRECTORY)
    try:
        for name in os.listdir(handle):  # noqa: PTH208  of a descriptor
            with suppress(OSError):  # it is no directory, or has gone, or its lock is not ours
                _sweep_one(handle, name)
    finally:
        os.close(handle)


def _sweep_one(runs: int, name: str) -> None:
    directory = os.open(name, _DIRECTORY, dir_fd=runs)
    try:
        if os.fstat(directory).st_uid != os.geteuid():
            return
        # The lock may be missing: the process was killed before it made it, or removed it.
        lock = open_own(_LOCK, os.O_CREAT | os.O_RDWR, dir_fd=directory)
        try:
            if try_lock(lock):
                shutil.rmtree(name, ignore_errors=True, dir_fd=runs)
        finally:
            os.close(lock)
    finally:
        os.close(directory)
