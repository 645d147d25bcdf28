"""No module imports, at its top or within a function, what imports it in turn."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def modules(*packages: str) -> dict[str, Path]:
    paths = (path for package in packages for path in (ROOT / package).rglob("*.py"))
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in paths
    }


def imports(tree: ast.AST) -> Iterator[str]:
    """The names imported, but for those of type checkers."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{each.name}" for each in node.names)
        elif isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        else:
            yield from imports(node)


def graph(known: dict[str, Path]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for module, path in known.items():
        named = imports(ast.parse(path.read_text()))
        used = {name if name in known else name.rpartition(".")[0] for name in named}
        found[module] = (used & known.keys()) - {module}
    return found


def test_modules_import_each_other_in_no_circle() -> None:
    try:
        TopologicalSorter(graph(modules("core", "tui"))).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' -> '.join(error.args[1])}")


def test_a_circle_within_functions_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import b\n")
    (tmp_path / "b.py").write_text("def f():\n    from a import g\n")
    known = {"a": tmp_path / "a.py", "b": tmp_path / "b.py"}
    with pytest.raises(CycleError):
        TopologicalSorter(graph(known)).prepare()
