"""Which options core's remedies name, read from its source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

CORE = Path(__file__).parents[2] / "core"
# The sandbox speaks to developers; a request as a command derives its spellings from the fields.
EXEMPT = (CORE / "sandbox", CORE / "request" / "reproduce.py")


def sources() -> list[Path]:
    """The modules of core that may hold remedies."""
    every = sorted(CORE.rglob("*.py"))
    return [path for path in every if not any(path.is_relative_to(each) for each in EXEMPT)]


def calls(path: Path, name: str) -> Iterator[ast.Call]:
    """The calls of a function, by its plain name."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node


def named_options() -> set[str]:
    """The options that core's remedies name."""
    first = [call.args[0] for path in sources() for call in calls(path, "Remedy") if call.args]
    return {str(each.value) for each in first if isinstance(each, ast.Constant)}
