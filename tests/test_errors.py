"""The tree of errors: as it is drawn, and what it rests on."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from core import errors
from core.errors import CancelledError, TransferError

TREE = re.compile(r"^\s+[│├└─ ]*(\w+Error)\s+(\d+)  \S", re.MULTILINE)


def tree(kind: type[TransferError]) -> Iterator[tuple[str, int]]:
    yield kind.__name__, kind.exit_code
    for each in kind.__subclasses__():
        if each.__module__ == errors.__name__:
            yield from tree(each)


def test_the_drawn_tree_is_the_tree() -> None:
    drawn = [(name, int(code)) for name, code in TREE.findall(errors.__doc__ or "")]
    assert drawn == list(tree(TransferError))


def test_errors_import_nothing_that_imports_them_not_even_for_types() -> None:
    with open(errors.__file__) as file:  # noqa: PTH123
        parsed = ast.parse(file.read())
    imported = [node.module for node in ast.walk(parsed) if isinstance(node, ast.ImportFrom)]
    assert [name for name in imported if name and name.startswith("core")] == ["core.remedy"]


@pytest.mark.parametrize(("in_doubt", "delivered"), [(False, False), (True, None)])
def test_without_an_outcome_nothing_is_delivered_unless_in_doubt(
    in_doubt: bool, delivered: bool | None
) -> None:
    error = CancelledError()
    error.in_doubt = in_doubt
    assert error.delivered is delivered
    assert "delivered" not in str(error)
