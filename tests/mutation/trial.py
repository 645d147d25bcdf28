"""Run tests against mutants, in a copy of the repository that is removed at the end."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.mutation import forks
from tests.mutation.mutants import Mutant
from tests.mutation.recording import Recorder, Recording
from tests.mutation.related import MARKED, find_related

_LEFT_OUT: Final = shutil.ignore_patterns(".git", ".venv", "*_cache", "__pycache__", "*.egg-info")
_LEAST_SECONDS: Final = 120.0  # on a busy machine a fork takes long to start


class Trial:
    """Tries mutants, each by itself, in a copy of a repository.

    Args:
        copy: the copy, which this changes and changes back; beside it the tests' temporary files.
        modules: the modules of the mutants, whose tests run once without any.
        budget: most seconds, as recorded, of the tests that one mutant meets of those near it,
            and of the wider ones.
        near: whether the wider ones are left out.
    """

    def __init__(
        self, copy: Path, modules: Iterable[str], budget: float, near: bool = False
    ) -> None:
        self._copy, self._budget = copy, budget
        self._scratch = copy.with_name("scratch")
        self._scratch.mkdir()
        self._time = int(time.time())
        self._steady: dict[str, bool] = {}  # whether a test passes by itself
        own_tests, wide_tests = set[str](), set[str]()
        for module in modules:
            own, wider = find_related(copy, module)
            own_tests.update(own)
            wide_tests.update(wider)
        self._groups = [sorted(own_tests), *([] if near else [sorted(wide_tests - own_tests)])]
        self._recordings: list[Recording] = []

    @classmethod
    @contextmanager
    def of(
        cls, root: Path, modules: Iterable[str], budget: float = 60.0, near: bool = False
    ) -> Iterator[Trial]:
        """Make one in a copy of `root`, which is not touched; the copy is removed at the end."""
        forks.load()
        with tempfile.TemporaryDirectory(prefix="mutation-", ignore_cleanup_errors=True) as folder:
            copy = Path(folder, "copy")
            shutil.copytree(root, copy, ignore=_LEFT_OUT, symlinks=True)
            yield cls(copy, modules, budget, near)

    def notice(self, mutant: Mutant) -> str:
        """Return what notices a mutant: the test that fails, or `late` if they took far too long.

        Returns:
            An empty string if nothing does.

        Raises:
            RuntimeError: the tests cannot be run.
        """
        for number in range(len(self._groups)):
            if noticed := self._notice(mutant, self._record(number)):
                return noticed
        return ""

    def _record(self, number: int) -> Recording:
        """Return what tests run without a mutant; the wider ones run once one is not noticed."""
        if number == len(self._recordings):
            path = self._scratch / f"recording-{number}.json"
            files = self._groups[number]
            if files:
                self._run(["-m", MARKED, *files], lambda: Recorder(self._copy, path), None)
                if not path.exists():
                    raise RuntimeError(f"These tests cannot be run: {' '.join(files)}")
            self._recordings.append(Recording.read(path) if files else Recording({}, {}))
        return self._recordings[number]

    def _notice(self, mutant: Mutant, recording: Recording) -> str:
        path = self._copy / mutant.path
        original = path.read_text()
        tests = recording.find_tests(mutant.path, original, mutant.line)
        while tests := self._afford(tests, recording):
            self._write(path, mutant.source)
            try:
                noticed = self._try(tests, recording)
            finally:
                self._write(path, original)
            if noticed not in tests or self._is_steady(noticed, recording):
                return noticed
            tests = tests[tests.index(noticed) + 1 :]
        return ""

    def _afford(self, tests: list[str], recording: Recording) -> list[str]:
        """Return the first tests, as many as the budget allows."""
        left, afforded = self._budget, []
        for test in tests:
            left -= recording.seconds[test]
            if left < 0 and afforded:
                break
            afforded.append(test)
        return afforded

    def _is_steady(self, test: str, recording: Recording) -> bool:
        """Whether a test passes without a mutant, by itself."""
        if test not in self._steady:
            self._steady[test] = not self._try([test], recording)
        return self._steady[test]

    def _try(self, tests: list[str], recording: Recording) -> str:
        """Run tests up to the first failure, and return its name."""
        failure = self._scratch / "failure"
        failure.unlink(missing_ok=True)
        seconds = 4 * sum(recording.seconds[test] for test in tests) + _LEAST_SECONDS
        code = self._run(["-x", "-m", "", *tests], lambda: _FirstFailure(failure), seconds)
        if code is None:
            return "late"
        return "" if code == 0 else failure.read_text() if failure.exists() else "no test can run"

    def _run(self, arguments: list[str], plugin: object, seconds: float | None) -> int | None:
        return forks.run(self._copy, self._scratch, arguments, plugin, seconds)  # type: ignore[arg-type]

    def _write(self, path: Path, source: str) -> None:
        """Write a module at a time of its own, by which Python knows what it has compiled."""
        path.write_text(source)
        self._time += 2
        os.utime(path, (self._time, self._time))


class _FirstFailure:
    """A plugin of pytest that writes the name of the first test that fails."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self._path.exists():
            self._path.write_text(report.nodeid)
