"""The facade offers what tui uses, all of it and nothing else, and loads none of it before."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import core
import tui
from core import facade
from tests.support.programs.batch_runs import SECONDS


def imported(text: str, module: str) -> Iterator[str]:
    """The names that a source imports from a module."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module == module:
            yield from (each.name for each in node.names)


def declared() -> dict[str, str]:
    """The module of each name, as the type checker sees it."""
    return {
        each.name: node.module or ""
        for node in ast.walk(ast.parse(Path(facade.__file__).read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("core.")
        for each in node.names
    }


def test_every_declared_name_is_offered_and_is_what_it_is_declared_to_be() -> None:
    assert set(dir(facade)) == set(declared())
    for name, module in declared().items():
        home = __import__(module, fromlist=[name])
        assert getattr(facade, name) is getattr(home, name), name


def test_it_offers_what_tui_uses_and_no_more() -> None:
    sources = [path.read_text() for path in Path(tui.__file__).parent.rglob("*.py")]
    assert {name for text in sources for name in imported(text, "core.facade")} == set(dir(facade))
    public = {name for text in sources for name in imported(text, "core")}
    assert public <= set(core.__all__)


def test_another_name_is_an_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        facade.nothing  # noqa: B018


def test_importing_it_loads_nothing_else() -> None:
    script = "import sys, core.facade; print(*(m for m in sys.modules if m.startswith('core')))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=SECONDS, check=True
    )
    forks = {"core.runtime", "core.runtime.process", "core.runtime.process.forks"}
    assert set(done.stdout.split()) == {"core", "core.facade"} | forks
