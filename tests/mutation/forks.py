"""Run pytest in a fork of this process, which has the libraries loaded and none of the program."""

from __future__ import annotations

import importlib
import os
import select
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest

# What takes long to import and starts no thread: polars, pyarrow and what uses them do, and a fork
# loses threads.
_HEAVY: Final = (
    *("boto3", "botocore.session", "cryptography.x509", "duckdb", "hypothesis", "moto", "openpyxl"),
    *("opentelemetry.sdk.trace", "pytest_asyncio", "requests", "sqlglot"),
    *("textual.app", "textual.pilot", "textual.widgets", "xdist"),
)
_OURS: Final = frozenset({"core", "tests", "tui"})
BROKEN: Final = 70


def load() -> None:
    """Import the libraries of the program and of its tests."""
    for name in _HEAVY:
        with suppress(ImportError):
            importlib.import_module(name)


def run(
    root: Path,
    scratch: Path,
    arguments: list[str],
    plugin: Callable[[], object],
    seconds: float | None,
) -> int | None:
    """Run pytest in a fork, and end all that it has started.

    Args:
        root: the repository, whose modules come before those of any other.
        scratch: where temporary files go.
        arguments: of pytest.
        plugin: makes a plugin of pytest, in the fork.
        seconds: how long it may take; None for as long as it takes.

    Returns:
        pytest's exit code; None if it took longer.
    """
    child = os.fork()
    if child == 0:
        code = BROKEN
        try:
            _become(root, scratch)
            code = int(pytest.main(["-q", "-p", "no:cacheprovider", *arguments], [plugin()]))
        finally:
            os._exit(code)
    handle = os.pidfd_open(child)
    try:
        ended: list[Any] = select.select([handle], [], [], seconds)[0]
    finally:
        os.close(handle)
        with suppress(ProcessLookupError):  # the servers of the tests as well
            os.killpg(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) if ended else None


def _become(root: Path, scratch: Path) -> None:
    """Make of a fork what a new process in `root` would be, but for what is loaded."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for name in [name for name in sys.modules if name.partition(".")[0] in _OURS]:
        del sys.modules[name]
    os.chdir(root)
    os.environ |= {"PYTHONPATH": str(root), "TMPDIR": str(scratch)}
    sys.path.insert(0, str(root))
    importlib.invalidate_caches()
