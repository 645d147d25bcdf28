"""The directory of one run: private, on a real disk, gone at the end; orphans are swept.

A run holds a lock on a file in its directory for as long as it lives. A directory whose lock is
free belongs to a process that was killed.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.paths import spill_root

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows: nothing is swept there
    fcntl = None  # type: ignore[assignment]

_LOCK = "lock"
_RUNS, _POLARS = "runs", "polars"
_PROCESS = uuid.uuid4().hex  # not the process id: containers that share a disk share those


def polars_spill() -> Path:
    """Where polars spills; it makes a directory for each process below."""
    path = spill_root() / _POLARS
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


@contextmanager
def workspace() -> Iterator[Path]:
    """Make a directory for one run (mode 0700) and remove it at the end, whatever happens.

    Raises:
        LocalResourceError: no directory can be written.
    """
    runs = spill_root() / _RUNS
    runs.mkdir(mode=0o700, parents=True, exist_ok=True)
    sweep(runs)
    directory, lock = _make(runs)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        os.close(lock)


def _make(runs: Path) -> tuple[Path, int]:
    while True:
        directory = runs / f"{_PROCESS}-{uuid.uuid4().hex}"
        directory.mkdir(mode=0o700)
        lock = os.open(directory / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        if _locked(lock) and (directory / _LOCK).exists():
            return directory, lock
        os.close(lock)  # a sweep came between the two calls


def _locked(lock: int) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def discard_own() -> None:
    """Remove what this process's runs have on disk, for one that is about to be ended."""
    root = spill_root()
    for directory in [*(root / _RUNS).glob(f"{_PROCESS}-*"), root / _POLARS / str(os.getpid())]:
        shutil.rmtree(directory, ignore_errors=True)


def sweep(runs: Path) -> None:
    """Remove what killed processes left: their run directories and what polars spilled."""
    if fcntl is None:
        return
    for path in runs.glob(f"*/{_LOCK}"):
        try:
            lock = os.open(path, os.O_RDWR)
        except OSError:
            continue
        if _locked(lock):
            shutil.rmtree(path.parent, ignore_errors=True)
        os.close(lock)
    for path in (runs.parent / _POLARS).glob("*"):
        if path.name.isdecimal() and not _alive(int(path.name)):
            shutil.rmtree(path, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
