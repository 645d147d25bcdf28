"""Try mutants within one run of pytest: a plugin that changes the code of live functions.

Each mutant is compiled, and its code takes the place of that of the functions, methods and lambdas
of the loaded module; what is computed when the module is loaded, such as a constant or a default,
is taken from a second copy of it. So nothing is loaded again, and the servers of the tests go on
running: a mutant takes as long as the tests that run its line. The Python processes that a test
starts load the mutant instead of its module (`processes/sitecustomize.py`).
"""

from __future__ import annotations

import ast
import gc
import importlib
import signal
import sys
import tempfile
import time
import types
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import pytest
from _pytest.runner import runtestprotocol

from tests.mutation.mutants import Mutant
from tests.mutation.recording import (
    Recorder,
    Recording,
    environment_of_processes,
    find_span,
    forget_results,
)
from tests.mutation.related import LONG, MARKED, find_related

NOT_PLANTED: Final = "cannot be tried in place"
_LEAST_SECONDS: Final = 60.0  # on a busy machine a test takes longer than it took
_OURS: Final = ("core", "tests", "tui")  # a test may hold a constant, too
_PLAIN: Final = (int, float, str, bytes, tuple, frozenset, dict, list, range)


class InPlace:
    """A plugin of pytest that runs the collected tests, and then tries mutants against them.

    Args:
        root: the repository.
        mutants: what to try.
        budget: most seconds of the tests, as recorded, that one mutant meets.
        say: is called with each mutant and what noticed it: a test, `late`, or an empty string;
            `NOT_PLANTED` if it cannot be tried in this way.
    """

    def __init__(
        self, root: Path, mutants: list[Mutant], budget: float, say: Callable[[Mutant, str], object]
    ) -> None:
        self._root, self._mutants, self._budget, self._say = root, mutants, budget, say
        self._items: dict[str, pytest.Item] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Record what the tests run, and try each mutant.

        The wider and the lengthy tests run once a mutant is not noticed by the others.
        """
        self._items = {item.nodeid: item for item in session.items}
        own = {file for each in self._mutants for file in find_related(self._root, each.path)[0]}
        near, wider = list[pytest.Item](), list[pytest.Item]()
        for item in session.items:
            is_near = item.nodeid.partition("::")[0] in own
            (near if is_near and not item.get_closest_marker("lengthy") else wider).append(item)
        left = self._mutants
        for items in (near, wider):
            if items and left:
                left = list(self._find_survivors(left, self._record(session.config, items)))
        for mutant in left:
            self._say(mutant, "")
        return True

    def _find_survivors(self, mutants: list[Mutant], recording: Recording) -> Iterator[Mutant]:
        """Try mutants, and yield those that nothing notices."""
        for mutant in mutants:
            if noticed := self._notice(mutant, recording):
                self._say(mutant, noticed)
            else:
                yield mutant

    def _record(self, config: pytest.Config, items: list[pytest.Item]) -> Recording:
        with tempfile.TemporaryDirectory() as folder:
            recorder = Recorder(self._root, Path(folder, "recording"))
            config.pluginmanager.register(recorder)
            for item, following in zip(items, [*items[1:], None], strict=True):
                config.hook.pytest_runtest_protocol(item=item, nextitem=following or items[0])
            config.pluginmanager.unregister(recorder)
            recorder.pytest_sessionfinish()
            return Recording.read(Path(folder, "recording"))

    def _notice(self, mutant: Mutant, recording: Recording) -> str:
        original = (self._root / mutant.path).read_text()
        left = self._budget
        tests = recording.find_tests(mutant.path, original, mutant.line)
        for test in tests:
            left -= recording.seconds[test]
            if left < 0 and test is not tests[0]:
                break
            seconds = 10 * recording.seconds[test] + _LEAST_SECONDS
            try:
                end = self._try(mutant, original, test, seconds)
                # A fixture that an earlier mutant has broken fails tests too.
                again = end and self._is_mended(test, seconds)
                if again and self._try(mutant, original, test, seconds):
                    return end
            except CannotBePlantedError:
                return NOT_PLANTED
        return ""

    def _try(self, mutant: Mutant, original: str, test: str, seconds: float) -> str:
        with planted(mutant, original), planted_in_processes(mutant):
            return self._run(test, seconds)

    def _is_mended(self, test: str, seconds: float) -> bool:
        """Whether a test passes without the mutant, if need be with new fixtures."""
        if not self._run(test, seconds):
            return True
        _tear_down(self._items[test].session)
        return not self._run(test, seconds)

    def _run(self, test: str, seconds: float) -> str:
        """Run a test; return its name if it fails, `late` if it takes too long."""
        item = self._items[test]
        other = next((each for each in self._items.values() if each is not item), None)

        def stop(*_: object) -> None:
            raise TimeoutError(f"{test} takes too long")

        former = signal.signal(signal.SIGALRM, stop)
        began = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
        try:
            item.session._setupstate.teardown_exact(item)  # what only the last test needed
            reports = runtestprotocol(item, log=False, nextitem=other)
        except pytest.exit.Exception:
            raise
        except BaseException as error:  # as of an interrupt that pytest hands on
            _tear_down(item.session)
            return f"{test} ({type(error).__name__})"
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, former)
        if all(report.passed or report.skipped for report in reports):
            return ""
        return "late" if time.monotonic() - began >= seconds else test


def _tear_down(session: pytest.Session) -> None:
    """End all fixtures, also where one of them cannot be ended: the next test makes new ones."""
    with suppress(BaseException):
        session._setupstate.teardown_exact(None)
    session._setupstate.stack.clear()


def try_in_place(root: Path, modules: Iterable[str], plugin: InPlace, near: bool) -> None:
    """Run pytest, with a plugin that tries mutants, and with the tests about their modules.

    Args:
        root: the repository.
        modules: the modules of the mutants.
        plugin: the plugin.
        near: whether wider tests are left out.
    """
    files = dict[str, None]()
    for module in modules:
        own, wider = find_related(root, module)
        files |= dict.fromkeys([*own, *([] if near else wider)])
    marked = MARKED if near else LONG
    pytest.main(["-q", "-p", "no:cacheprovider", "-m", marked, *files], [plugin])


class CannotBePlantedError(Exception):
    """The code of a function has other variables of its surroundings than before."""


@contextmanager
def planted(mutant: Mutant, original: str) -> Iterator[None]:
    """Have the loaded program be that of a mutant during the `with` block."""
    module = importlib.import_module(_name_module(mutant))
    file = str(module.__file__)
    pairs: dict[types.CodeType, types.CodeType] = {}
    changed = compile(mutant.source, file, "exec", dont_inherit=True)
    _pair(compile(original, file, "exec", dont_inherit=True), changed, pairs)
    undo: list[Callable[[], object]] = []
    try:
        for function in _live_functions(pairs):
            undo.append(_keep(function, "__code__"))
            try:
                function.__code__ = pairs[function.__code__]
            except ValueError as error:
                raise CannotBePlantedError from error
        if find_span(ast.parse(original), mutant.line) is None:  # in no function's body
            undo += _replace_values(module, changed)
        forget_results()
        yield
    finally:
        for step in reversed(undo):
            step()
        forget_results()


@contextmanager
def planted_in_processes(mutant: Mutant) -> Iterator[None]:
    """Have the program be that of a mutant in processes that are started in the `with` block."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "mutant.py")
        path.write_text(mutant.source)
        with environment_of_processes(MUTANT=str(path), MUTANT_OF=_name_module(mutant)):
            yield


def _name_module(mutant: Mutant) -> str:
    return mutant.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _pair(
    old: types.CodeType, new: types.CodeType, pairs: dict[types.CodeType, types.CodeType]
) -> None:
    """Pair the code objects of two versions of a module that differ."""
    before, after = (
        [each for each in code.co_consts if isinstance(each, types.CodeType)] for code in (old, new)
    )
    for each in before:
        if other := next((one for one in after if one.co_name == each.co_name), None):
            after.remove(other)
            if each != other:
                pairs[each] = other
            _pair(each, other, pairs)


def _live_functions(pairs: dict[types.CodeType, Any]) -> list[types.FunctionType]:
    return [
        each
        for each in gc.get_objects()
        if type(each) is types.FunctionType and each.__code__ in pairs  # no dead weak reference
    ]


def _keep(holder: Any, name: str) -> Callable[[], object]:
    """Return what sets an attribute back."""
    value = getattr(holder, name)
    return lambda: setattr(holder, name, value)


def _replace_values(
    module: types.ModuleType, changed: types.CodeType
) -> Iterator[Callable[[], object]]:
    """Replace constants, attributes of classes and defaults by those of a changed module."""
    fresh = types.ModuleType(module.__name__)
    fresh.__dict__.update(
        {name: getattr(module, name) for name in ("__file__", "__package__", "__spec__")}
    )
    if hasattr(module, "__path__"):
        fresh.__path__ = module.__path__
    held = sys.modules[module.__name__]
    sys.modules[module.__name__] = fresh  # dataclasses look for their module
    try:
        exec(changed, fresh.__dict__)
    finally:
        sys.modules[module.__name__] = held
    holders = [m for name, m in list(sys.modules.items()) if name.partition(".")[0] in _OURS]
    for name, value in list(vars(fresh).items()):
        former = vars(module).get(name)
        if isinstance(value, type) and value.__module__ == module.__name__:
            yield from _replace_in(former, value)
        elif isinstance(value, types.FunctionType) and value.__module__ == module.__name__:
            yield from _replace_defaults(former, value)
        elif isinstance(value, _PLAIN) and not name.startswith("__") and former != value:
            for holder in holders:
                if vars(holder).get(name, fresh) is former:
                    yield _keep(holder, name)
                    setattr(holder, name, value)


def _replace_in(former: Any, value: type) -> Iterator[Callable[[], object]]:
    for name, attribute in vars(value).items():
        held = vars(former).get(name)
        if isinstance(attribute, types.FunctionType):
            yield from _replace_defaults(held, attribute)
        elif isinstance(attribute, _PLAIN) and not name.startswith("__") and held != attribute:
            yield _keep(former, name)
            setattr(former, name, attribute)


def _replace_defaults(former: Any, value: types.FunctionType) -> Iterator[Callable[[], object]]:
    if isinstance(former, types.FunctionType):
        for name in ("__defaults__", "__kwdefaults__"):
            if repr(getattr(former, name)) != repr(getattr(value, name)):
                yield _keep(former, name)
                setattr(former, name, getattr(value, name))
