"""Temporary directories of runs: private, on a real disk, removed at the end.

A process holds a lock on a file in each directory that it uses. A directory whose lock is free
belongs to a process that was killed, and is removed by a later run.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.errors import LocalResourceError
from core.runtime.disk.directories import UnsafeDirectoryError, private_directory
from core.runtime.disk.paths import spill_root
from core.runtime.disk.private_files import open_own, opener, try_lock

SPARE_BYTES = 64 * 1024 * 1024
_SPARE_FILES = 256  # a run creates a few; other programs may need some too
_REMOVALS = 5
_LOCK = "lock"
_DIRECTORY = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_PROCESS = uuid.uuid4().hex  # not the process id: containers that share a disk share those


@contextmanager
def workspace() -> Iterator[Path]:
    """Create a directory for one run (mode 0700), and remove it at the end of the `with` block.

    Raises:
        LocalResourceError: no directory can be written.
    """
    runs = _open_runs_directory()
    _sweep(runs)
    with _translate_errors(runs):
        directory, lock = _make_directory(runs)
    try:
        yield directory
    finally:
        _remove(directory)
        os.close(lock)
        _remove(directory)  # Windows does not remove open files


def check_space(directory: Path, spare: int = SPARE_BYTES) -> None:
    """Check that files can be written on the disk of `directory`.

    So a run ends before the disk is full, which may be others' too. Besides free space, the number
    of files, a read-only file system, the user's quota and the process's limit of file sizes are
    checked.

    Args:
        directory: any directory on that disk.
        spare: bytes that must be free, and that one file must be able to have.

    Raises:
        LocalResourceError: there is less space, or nothing can be written.
    """
    if (most := _get_largest_file()) is not None and most < spare:
        raise LocalResourceError(
            f"The file size limit of this process is {most // 1024:,} KB; {spare // 2**20} MB are "
            "needed.",
            "Raise the limit of the shell or the service, for example: ulimit -f unlimited.",
        )
    with _translate_errors(directory):
        if shutil.disk_usage(directory).free < spare:
            raise _make_full_error(directory, f"{spare // 2**20} MB")
        if 0 < _count_files_left(directory) < _SPARE_FILES:
            raise _make_full_error(directory, f"{_SPARE_FILES} files")
        probe = directory / f"probe-{uuid.uuid4().hex}"
        try:
            with open(probe, "wb", opener=opener) as file:
                file.write(b"x")
        finally:
            probe.unlink(missing_ok=True)


def discard_own() -> None:
    """Remove the directories of this process; for one that is about to be ended."""
    with suppress(LocalResourceError):  # without a directory there is nothing to remove
        for directory in _open_runs_directory().glob(f"{_PROCESS}-*"):
            _remove(directory)


def _make_full_error(directory: Path, what: str) -> LocalResourceError:
    return LocalResourceError(
        f"The disk of {directory} has room for less than {what}.",
        "Free some space, or name a directory on another disk in AMPLIFY_SPILL_DIR.",
    )


def _get_largest_file() -> int | None:
    """Return the most bytes that a file of this process may have; None without a limit."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return None
    most, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    return None if most == resource.RLIM_INFINITY else most


def _count_files_left(directory: Path) -> int:
    """Return the number of files that the disk has room for; 0 if unknown."""
    return os.statvfs(directory).f_favail if hasattr(os, "statvfs") else 0


def _remove(directory: Path) -> None:
    """Remove a directory into which an abandoned thread may still spill."""
    for _ in range(_REMOVALS):
        shutil.rmtree(directory, ignore_errors=True)
        if not directory.exists():
            return


def _open_runs_directory() -> Path:
    runs = spill_root() / "runs"
    with _translate_errors(runs):
        return private_directory(runs)


@contextmanager
def _translate_errors(directory: Path) -> Iterator[None]:
    """Raise LocalResourceError, with a remedy, for an OSError of the disk."""
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


def _make_directory(runs: Path) -> tuple[Path, int]:
    while True:
        directory = runs / f"{_PROCESS}-{uuid.uuid4().hex}"
        directory.mkdir(mode=0o700)
        try:
            lock = open_own(directory / _LOCK, os.O_CREAT | os.O_RDWR)
        except FileNotFoundError:
            continue  # another process swept it between the two calls
        try:
            is_locked = try_lock(lock)
        except OSError as error:  # without a lock, another process would sweep it
            os.close(lock)
            _remove(directory)
            raise OSError(error.errno, "its file system has no locks") from error
        if is_locked and (directory / _LOCK).exists():
            return directory, lock
        os.close(lock)


def _sweep(runs: Path) -> None:
    """Remove directories of ended processes; follow no link, remove nothing of another user.

    Directories are addressed by descriptors, so that they cannot be replaced during the removal.
    """
    if not shutil.rmtree.avoids_symlink_attacks:
        return
    handle = os.open(runs, _DIRECTORY)
    try:
        for name in os.listdir(handle):  # noqa: PTH208  of a descriptor
            with suppress(OSError):  # not a directory, removed already, or locked
                _sweep_one(handle, name)
    finally:
        os.close(handle)


def _sweep_one(runs: int, name: str) -> None:
    directory = os.open(name, _DIRECTORY, dir_fd=runs)
    try:
        if os.fstat(directory).st_uid != os.geteuid():
            return
        # The lock may be missing: the process was killed before creating or after removing it.
        lock = open_own(_LOCK, os.O_CREAT | os.O_RDWR, dir_fd=directory)
        try:
            if try_lock(lock):
                shutil.rmtree(name, ignore_errors=True, dir_fd=runs)
        finally:
            os.close(lock)
    finally:
        os.close(directory)
