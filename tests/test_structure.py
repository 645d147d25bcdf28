"""Where modules are: fixtures in conftest.py, helpers in `tests/support`, few in a folder."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent
MOST_MODULES = 16  # of one folder, besides __init__ and conftest: more are several ideas
TREES = {
    path.relative_to(TESTS): ast.parse(path.read_text()) for path in sorted(TESTS.rglob("*.py"))
}


def imported(tree: ast.Module) -> Iterator[tuple[list[str], str]]:
    """The modules of `tests` that a file imports: the folders below `tests`, and the name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{each.name}" for each in node.names)]
        elif isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        else:
            continue
        for name in names:
            package, *parts = name.split(".")
            if package == "tests" and parts and TESTS.joinpath(*parts).with_suffix(".py").is_file():
                yield parts[:-1], parts[-1]


def has_fixture(tree: ast.Module) -> bool:
    """Whether a file defines a fixture, at its top or in a class."""
    defined = (ast.FunctionDef, ast.AsyncFunctionDef)
    functions = (node for node in ast.walk(tree) if isinstance(node, defined))
    decorators = (ast.unparse(each) for node in functions for each in node.decorator_list)
    return any(each.partition("(")[0].endswith("fixture") for each in decorators)


def test_code_is_shared_where_it_is_looked_for() -> None:
    wrong = []
    for path, tree in TREES.items():
        for folders, module in imported(tree):
            if module.startswith("test_"):
                wrong.append(f"{path} imports {module}: what others use belongs into a helper")
            elif module == "conftest":
                wrong.append(f"{path} imports a conftest: pytest passes fixtures on by itself")
            elif folders[0] not in ("support", path.parts[0]):
                wrong.append(f"{path} imports {module} of another suite: it belongs into support")
        if has_fixture(tree) and not path.name.startswith(("test_", "conftest")):
            wrong.append(f"{path} defines a fixture: it belongs into a conftest")
    assert TREES
    assert wrong == []


def test_no_folder_holds_too_many_modules() -> None:
    modules = [path for name in ("core", "tui", "tests") for path in (ROOT / name).rglob("*.py")]
    folders = Counter(
        str(path.parent.relative_to(ROOT))
        for path in modules
        if path.stem not in ("__init__", "conftest")
    )
    assert folders
    assert {folder: number for folder, number in folders.items() if number > MOST_MODULES} == {}
