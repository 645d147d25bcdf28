"""Run tests against mutants, in a copy of the repository that is removed at the end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tests.mutation.mutants import Mutant
from tests.mutation.related import find_related

_LEFT_OUT: Final = shutil.ignore_patterns(".git", ".venv", "*_cache", "__pycache__", "*.egg-info")
# All that is no matter of minutes: also the tests of adversity, which the usual run leaves out.
_MARKED: Final = "not (browser or large or slow or thorough)"
_NOTHING_RAN: Final = 5  # pytest's exit code where all tests were deselected
_LEAST_SECONDS: Final = 60.0
_PASSED: Final = (0, _NOTHING_RAN)


class Trial:
    """Tries mutants, each by itself, in a copy of a repository.

    Args:
        copy: the copy, which this changes and changes back; beside it the tests' temporary files.
    """

    def __init__(self, copy: Path) -> None:
        self._copy = copy
        self._scratch = copy.with_name("scratch")
        self._scratch.mkdir()
        self._seconds: dict[tuple[str, ...], float] = {}  # of tests without a mutant
        self._time = int(time.time())

    @classmethod
    @contextmanager
    def of(cls, root: Path) -> Iterator[Trial]:
        """Make one in a copy of `root`, which is not touched; the copy is removed at the end."""
        with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
            copy = Path(folder, "copy")
            shutil.copytree(root, copy, ignore=_LEFT_OUT, symlinks=True)
            yield cls(copy)

    def notice(self, mutant: Mutant) -> str:
        """Return what notices a mutant: `failed`, or `late` if the tests took far too long.

        Returns:
            An empty string if nothing does.

        Raises:
            RuntimeError: the tests fail without a mutant.
        """
        groups = [tuple(group) for group in find_related(self._copy, mutant.path)]
        for group in groups:
            self._measure(group)
        path = self._copy / mutant.path
        original = path.read_text()
        self._write(path, mutant.source)
        try:
            for group in groups:
                code = self._test(group, 5 * self._seconds[group] + _LEAST_SECONDS)
                if code is None:
                    return "late"
                if code not in _PASSED:
                    return "failed"
            return ""
        finally:
            self._write(path, original)

    def _measure(self, tests: tuple[str, ...]) -> None:
        if tests in self._seconds:
            return
        began = time.monotonic()
        if self._test(tests, None) not in _PASSED:
            raise RuntimeError(f"These tests fail without a mutant: {' '.join(tests)}")
        self._seconds[tests] = time.monotonic() - began

    def _write(self, path: Path, source: str) -> None:
        """Write a module at a time of its own, by which Python knows what it has compiled."""
        path.write_text(source)
        self._time += 2
        os.utime(path, (self._time, self._time))

    def _test(self, tests: tuple[str, ...], seconds: float | None) -> int | None:
        """Run tests up to the first failure; return pytest's exit code, or None after `seconds`."""
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
        process = subprocess.Popen(
            [*command, "-m", _MARKED, *tests],
            cwd=self._copy,
            # The copy comes before what pip has installed. What killed tests leave goes with it.
            env=os.environ | {"PYTHONPATH": str(self._copy), "TMPDIR": str(self._scratch)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            with suppress(ProcessLookupError):  # the servers of the tests as well
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
