"""The mutants are small and parse, and the trial finds the one that no test notices."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.mutation.__main__ import choose
from tests.mutation.mutants import Mutant, make_mutants
from tests.mutation.related import find_related
from tests.mutation.trial import Trial

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


def test_what_names_a_module_comes_before_the_rest_of_its_folder() -> None:
    first, rest, wider = find_related(ROOT, "core/bucket/destination.py")
    assert "tests/bucket/test_destination.py" in first
    assert "tests/bucket/test_parts.py" in rest
    assert not {*first, *rest} & set(wider)
    every = [path for group in (first, rest, wider) for path in group]
    assert all((ROOT / path).is_file() for path in every)
    assert len(every) == len(set(every))
    assert find_related(ROOT, "core/transfer.py") == [["tests/test_transfer.py"]]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of one module, whose tests see some of its faults."""
    root = tmp_path / "repository"
    for name in ("core/sizes", "tests/sizes"):
        (root / name).mkdir(parents=True)
        (root / name / "__init__.py").touch()
    (root / "core/__init__.py").touch()
    (root / "core/sizes/limit.py").write_text(
        "def check(size):\n    if size > 20:\n        raise ValueError\n"
        "    while size < 20:\n        size += 1\n"
    )
    (root / "tests/sizes/test_limit.py").write_text(
        "import pytest\nfrom core.sizes.limit import check\n\n"
        "def test_it():\n    check(19)\n"
        "    with pytest.raises(ValueError):\n        check(21)\n"
    )
    return root


@pytest.mark.lengthy
def test_a_trial_tells_what_is_noticed_and_changes_no_file(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.mutation.trial._LEAST_SECONDS", 5.0)
    before = {path: path.read_bytes() for path in repository.rglob("*.py")}
    path = "core/sizes/limit.py"
    source = (repository / path).read_text()
    mutants = {(m.line, m.kind): m for m in make_mutants(path, source)}
    with Trial.of(repository) as trial:
        ends = {
            place: trial.notice(mutants[place])
            for place in [(3, "drop raise"), (2, "flip comparison"), (4, "flip comparison")]
        }
        endless = source.replace("size += 1", "size += 0")
        assert trial.notice(Mutant(path, 5, "never ends", endless)) == "late"
        copies = trial._copy
    assert ends == {
        (3, "drop raise"): "failed",
        (2, "flip comparison"): "",  # 20 is not tried
        (4, "flip comparison"): "",  # nor what comes of it
    }
    assert not copies.parent.exists()
    assert {path: path.read_bytes() for path in repository.rglob("*.py")} == before


@pytest.mark.lengthy
def test_tests_that_fail_by_themselves_are_no_measure(repository: Path) -> None:
    (repository / "tests/sizes/test_limit.py").write_text("def test_it():\n    assert False\n")
    path = "core/sizes/limit.py"
    mutant = make_mutants(path, (repository / path).read_text())[0]
    with (
        Trial.of(repository) as trial,
        pytest.raises(RuntimeError, match=r"without a mutant: tests/sizes/test_limit\.py"),
    ):
        trial.notice(mutant)
