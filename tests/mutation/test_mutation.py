"""The mutants are small and parse, and the trial finds the one that no test notices."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutation.__main__ import choose
from tests.mutation.mutants import make_mutants
from tests.mutation.related import find_related

ROOT = Path(__file__).parents[2]
MODULE = '''\
"""A module."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

_POLL_SECONDS = 5
LIMIT = 20  # ö: bytes are not characters


def check(size: int, kept: list[int]) -> bool:
    """Check a size."""
    assert kept is not None
    if size > LIMIT and kept:
        raise ValueError(f"more than {LIMIT + 1}")
    try:
        kept.append(size)
    except Exception:
        return False
    finally:
        kept.clear()
    return not kept
'''
PLACES = [
    (9, "change constant", "+LIMIT = 40  # ö: bytes are not characters"),
    (15, "swap and/or", "+    if (size > LIMIT or kept):"),
    (15, "negate condition", "+    if (not (size > LIMIT and kept)):"),
    (15, "flip comparison", "+    if (size >= LIMIT) and kept:"),
    (16, "drop raise", "+        pass"),
    (18, "drop call", "+        pass"),
    (19, "catch less", "+    except ArithmeticError:"),
    (20, "change constant", "+        return True"),
    (22, "drop call", "+        pass"),
]

AT_MOST = 300  # seconds
MODULE_WITH_TESTS = """\
LIMIT = 20

def check(size):
    if size > LIMIT:
        raise ValueError
    while size < LIMIT:
        size += 1
    return size


def unused():
    return 3


def count():
    return 5


MOST = 3


import functools

@functools.cache
def find_least():
    return 7
"""
TESTS = """\
import subprocess, sys
import pytest
from core.sizes.limit import check, find_least

@pytest.mark.parametrize("kept", [True, False])
def test_least(kept):
    assert find_least() < 9 + kept
    assert kept or find_least() == 7

def test_in_a_process():
    script = "import sys; from core.sizes.limit import count; sys.exit(count())"
    assert subprocess.run([sys.executable, "-c", script]).returncode == 5

def test_small():
    check(15)

def test_large():
    with pytest.raises(ValueError):
        check(21)

def test_that_fails_by_itself():
    assert check(3) == 0
"""


def test_each_kind_of_fault_is_planted_in_its_place() -> None:
    mutants = make_mutants("core/m.py", MODULE)
    found = [(m.line, m.kind, m.diff(MODULE).splitlines()[1]) for m in mutants]
    assert sorted(found) == sorted(PLACES)
    for mutant in mutants:
        ast.parse(mutant.source)
        assert len(mutant.diff(MODULE).splitlines()) == 2


@pytest.mark.parametrize("path", ["core/bucket/upload.py", "tui/cli/console.py"])
def test_modules_of_this_repository_have_mutants_that_differ(path: str) -> None:
    source = (ROOT / path).read_text()
    mutants = make_mutants(path, source)
    assert len(mutants) > 20
    assert all(mutant.diff(source) for mutant in mutants)


def test_a_sample_is_the_same_for_the_same_seed() -> None:
    def places(seed: int) -> list[tuple[str, int, str]]:
        return [(m.path, m.line, m.kind) for m in choose(ROOT, ["core/records"], 10, seed)]

    assert places(1) == places(1) != places(2)
    assert len(places(1)) == 10
    few = choose(ROOT, ["core/bucket/parts.py"], None, 1, range(1, 60))
    assert few
    assert {m.path for m in few} == {"core/bucket/parts.py"}
    assert max(m.line for m in few) < 60
    with pytest.raises(SystemExit, match="core/nowhere has no modules"):
        choose(ROOT, ["core/nowhere"], None, 1)


def test_the_tests_of_a_module_are_those_of_its_folder_and_wider_ones() -> None:
    near, wide = find_related(ROOT, "core/bucket/destination.py")
    assert {"tests/bucket/test_destination.py", "tests/bucket/test_parts.py"} <= set(near)
    assert "tests/trust/hostile/test_s3.py" in wide
    assert not set(near) & set(wide)
    assert all((ROOT / path).is_file() for path in near + wide)
    assert find_related(ROOT, "core/transfer.py") == (["tests/test_transfer.py"], [])


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of one module, whose tests see some of its faults."""
    root = tmp_path / "repository"
    for name in ("core/sizes", "tests/sizes"):
        (root / name).mkdir(parents=True)
        (root / name / "__init__.py").touch()
    for name in ("core", "tests"):
        (root / name / "__init__.py").touch()
    (root / "core/sizes/limit.py").write_text(MODULE_WITH_TESTS)
    (root / "tests/sizes/test_limit.py").write_text(TESTS)
    (root / "tests/sizes/test_elsewhere.py").write_text(ELSEWHERE)
    return root


ELSEWHERE = """\
from core.sizes.limit import MOST, check

def test_a_constant():
    assert MOST == 3

def test_in_another_module():
    check(10)
    check(15)
"""
MADE = """\
import json, os, sys
from pathlib import Path
from tests.mutation import in_place, mutants, trial
root, path = Path(sys.argv[1]), 'core/sizes/limit.py'
source = (root / path).read_text()
made = mutants.make_mutants(path, source)
made.append(mutants.Mutant(path, 7, 'never ends', source.replace('+= 1', '+= 0')))
"""
BY_FORKS = """\
trial._LEAST_SECONDS = 10.0
with trial.Trial.of(root, [path]) as it:
    print(json.dumps([[m.line, m.kind, it.notice(m)] for m in made]))
assert not it._copy.parent.exists()
"""
IN_PLACE = """\
in_place._LEAST_SECONDS = 2.0
ends = []
plugin = in_place.InPlace(root, made, 60.0, lambda m, by: ends.append([m.line, m.kind, by]))
for name in [name for name in sys.modules if name.partition('.')[0] in ('core', 'tests')]:
    del sys.modules[name]
os.chdir(root)
sys.path.insert(0, str(root))
stdout = os.dup(1)
os.dup2(2, 1)
in_place.try_in_place(root, [path], plugin, near=True)
from core.sizes import limit
assert limit.LIMIT == 20 and limit.count() == 5
os.write(stdout, json.dumps(ends).encode())
"""


@pytest.mark.parametrize("how", [BY_FORKS, IN_PLACE], ids=["forks", "in place"])
def test_a_trial_notices_what_a_test_does_and_changes_no_file(repository: Path, how: str) -> None:
    """In a process of its own: a fork loses the threads that this one has."""
    before = {path: path.read_bytes() for path in repository.rglob("*.py")}
    script = MADE + how
    done = subprocess.run(
        [sys.executable, "-c", script, str(repository)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=AT_MOST,
        check=True,
    )
    ends = {(line, kind): end for line, kind, end in json.loads(done.stdout)}
    named = "tests/sizes/test_limit.py::"
    assert ends == {
        (1, "change constant"): f"{named}test_large",
        (4, "flip comparison"): "",  # 20 is not tried
        (5, "drop raise"): f"{named}test_large",
        (6, "flip comparison"): "",  # nor what comes of it
        (7, "change constant"): "",
        (7, "never ends"): "late",
        (12, "change constant"): "",  # no test runs it
        (16, "change constant"): f"{named}test_in_a_process",
        (19, "change constant"): "tests/sizes/test_elsewhere.py::test_a_constant",
        (26, "change constant"): f"{named}test_least[False]",
    }
    assert {path: path.read_bytes() for path in repository.rglob("*.py")} == before
