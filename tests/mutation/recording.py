"""Which tests run which line, recorded once: a mutant then meets only the tests that can see it.

What runs in the Python processes that a test starts counts as run by the test, unless they are
killed, or get another environment.
"""

from __future__ import annotations

import ast
import functools
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from coverage import Coverage, CoverageData

# Fixtures that start servers: their tests come after the others, however quick.
_SERVERS: Final = frozenset({"bucket_server", "demo_sandbox", "sandbox"})
_PROCESSES: Final = Path(__file__).with_name("processes")


@dataclass(frozen=True)
class Recording:
    """What ran.

    Attributes:
        seconds: of each test that passed, in the order in which they are to be tried.
        lines: the tests that run a line, by module and line.
    """

    seconds: dict[str, float]
    lines: dict[str, dict[int, set[str]]]

    @classmethod
    def read(cls, path: Path) -> Recording:
        """Read what a `Recorder` has written."""
        seconds, lines = json.loads(path.read_text())
        of_lines = {
            module: {int(line): set(tests) for line, tests in each.items()}
            for module, each in lines.items()
        }
        return cls(seconds, of_lines)

    def find_tests(self, module: str, source: str, line: int) -> list[str]:
        """Return the tests that run a line, the quickest first.

        A statement outside of functions runs when its module is imported, which says nothing
        about who needs it: first come the tests that run something of the module, then all others.

        Args:
            module: the path of the module in the repository.
            source: its text.
            line: from 1.
        """
        of_module = self.lines.get(module, {})
        span = find_span(ast.parse(source), line)
        if span is None:
            found = set().union(*of_module.values())
            return sorted(self.seconds, key=lambda test: test not in found)  # the sort is stable
        found = of_module.get(line) or set().union(*(of_module.get(n, ()) for n in span))
        return [test for test in self.seconds if test in found]


@contextmanager
def environment_of_processes(**more: str) -> Iterator[None]:
    """Have the Python processes that are started look at `processes/sitecustomize.py`.

    Args:
        more: what it finds in the environment.
    """
    former = dict(os.environ)
    paths = [str(_PROCESSES), former.get("PYTHONPATH", "")]
    os.environ |= {**more, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    try:
        yield
    finally:
        for name in ("PYTHONPATH", *more):
            if name in former:
                os.environ[name] = former[name]
            else:
                os.environ.pop(name, None)


def forget_results() -> None:
    """Have the functions of the program run again whose results are kept (`functools.cache`)."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in ("core", "tui"):
            for value in list(vars(module).values()):
                if isinstance(value, functools._lru_cache_wrapper):
                    value.cache_clear()


def find_span(tree: ast.Module, line: int) -> range | None:
    """Return the lines of the statement at a line; None if it is outside of all functions."""
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    functions = [
        node
        for node in around
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.body[0].lineno <= line
    ]
    if not functions:
        return None
    inner = max(around, key=lambda node: node.lineno)
    body = getattr(inner, "body", None)
    return range(inner.lineno, body[0].lineno if body else (inner.end_lineno or line) + 1)


class Recorder:
    """A plugin of pytest that records what each test runs.

    Args:
        root: the repository.
        path: the file to write.
    """

    def __init__(self, root: Path, path: Path) -> None:
        self._root, self._path = root, path
        self._seconds: dict[str, float] = {}
        self._server: set[str] = set()
        self._failed: set[str] = set()
        source = [str(root / "core"), str(root / "tui")]
        self._coverage = Coverage(data_file=None, config_file=False, source=source)
        self._coverage.start()
        self._of_processes = path.with_name(f"{path.stem}-processes")
        self._of_processes.mkdir()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        forget_results()
        self._coverage.switch_context(item.nodeid)
        if _SERVERS.intersection(getattr(item, "fixturenames", ())):
            self._server.add(item.nodeid)
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        began = time.monotonic()
        try:
            with environment_of_processes(
                MUTATION_TEST=item.nodeid,
                MUTATION_FOLDER=str(self._of_processes),
                MUTATION_ROOT=str(self._root),
            ):
                return (yield)
        finally:
            self._seconds[item.nodeid] = time.monotonic() - began

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.passed:
            self._failed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        """Write what was recorded; a test that does not pass by itself is no measure."""
        self._coverage.stop()
        good = self._seconds.keys() - self._failed
        order = sorted(good, key=lambda test: (test in self._server, self._seconds[test]))
        lines: dict[str, dict[int, set[str]]] = {}
        for data in [self._coverage.get_data(), *self._read_processes()]:
            for file in data.measured_files():
                of_file = lines.setdefault(str(Path(file).relative_to(self._root)), {})
                for line, tests in data.contexts_by_lineno(file).items():
                    of_file.setdefault(line, set()).update(good.intersection(tests))
        seconds = {test: self._seconds[test] for test in order}
        self._path.write_text(json.dumps([seconds, lines], default=sorted))

    def _read_processes(self) -> Iterator[CoverageData]:
        for file in self._of_processes.iterdir():
            data = CoverageData(str(file))
            data.read()
            yield data
