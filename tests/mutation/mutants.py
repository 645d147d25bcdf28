"""Make mutants: copies of a module with one small fault each, of the kinds that a promise dies of.

Each is a replacement of a piece of the source text, so that the rest of the module, its comments
and its line numbers stay as they are, and the difference is the fault alone.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_FLIPPED: Final[dict[type[ast.cmpop], ast.cmpop]] = {
    ast.Eq: ast.NotEq(),
    ast.NotEq: ast.Eq(),
    ast.Lt: ast.LtE(),
    ast.LtE: ast.Lt(),
    ast.Gt: ast.GtE(),
    ast.GtE: ast.Gt(),
    ast.In: ast.NotIn(),
    ast.NotIn: ast.In(),
    ast.Is: ast.IsNot(),
    ast.IsNot: ast.Is(),
}
_SMALL: Final = 10  # a number below it is counted on, a larger one is a size
# Calls that keep no promise: what they write is for a developer.
_ASIDE: Final = ("log.", "logging.", "warnings.")
# A constant with such a name says how long something may take: twice as long breaks no promise.
_OF_TIME: Final = ("SECONDS", "POLL", "TURN", "PATIENCE")


@dataclass(frozen=True)
class Mutant:
    """A module with a fault.

    Attributes:
        path: of the module, relative to the repository.
        line: of the fault, from 1.
        kind: what was done.
        source: the text of the module with the fault.
    """

    path: str
    line: int
    kind: str
    source: str

    def diff(self, original: str) -> str:
        """Return the lines that differ."""
        lines = difflib.unified_diff(original.splitlines(), self.source.splitlines(), n=0)
        return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


def make_mutants(path: str, source: str) -> list[Mutant]:
    """Return all mutants of a module, in the order of its lines.

    Args:
        path: of the module, relative to the repository.
        source: its text.
    """
    lines = [line.encode() for line in source.splitlines(keepends=True)]  # ast counts bytes
    begins = [0]
    for line in lines:
        begins.append(begins[-1] + len(line))
    data, made = b"".join(lines), []
    for old, new, kind in _visit(ast.parse(source)):
        assert old.end_lineno is not None
        assert old.end_col_offset is not None
        begin = begins[old.lineno - 1] + old.col_offset
        end = begins[old.end_lineno - 1] + old.end_col_offset
        text = (data[:begin] + new.encode() + data[end:]).decode()
        made.append(Mutant(path, old.lineno, kind, text))
    return sorted(made, key=lambda mutant: mutant.line)


def _is_unnoticed(node: ast.AST) -> bool:
    """Whether nothing of a node runs, or whether a fault in it would be no fault."""
    match node:
        # Before Python 3.12, the places of what is inside an f-string are not those of the file.
        case ast.Assert() | ast.JoinedStr() | ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.keyword(arg="strict", value=ast.Constant(value=True)):  # of `zip`: an assertion
            return True
        case ast.keyword(arg="timeout", value=ast.Constant()):
            return True
        case ast.Assign(targets=[ast.Name(id=name) | ast.Tuple(elts=[ast.Name(id=name), *_])]):
            return any(word in name for word in _OF_TIME)
        case ast.AnnAssign(target=ast.Name(id=name)):
            return any(word in name for word in _OF_TIME)
    return False


Located = ast.expr | ast.stmt
Change = tuple[Located, str, str]  # the node, the text in its place, the kind


def _visit(node: ast.AST) -> Iterator[Change]:
    """Yield the changes of a node and of those below it, but for what no test could notice."""
    if _is_unnoticed(node):
        return
    if isinstance(node, Located):
        yield from _change(node)
    if isinstance(node, ast.Try) and node.finalbody:
        yield from _drop(node.finalbody)
    if isinstance(node, ast.ExceptHandler) and node.type is not None:
        caught = ast.unparse(node.type)
        if caught in ("BaseException", "Exception"):
            less = {"BaseException": "Exception", "Exception": "ArithmeticError"}[caught]
            yield node.type, less, "catch less"
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "bases"):
            continue
        children = value if isinstance(value, list) else [value]
        for child in children:
            if isinstance(child, ast.AST):
                yield from _visit(child)


def _change(node: Located) -> Iterator[Change]:
    match node:
        case ast.Compare(ops=[operator], left=left, comparators=[right]):
            other = ast.Compare(left, [_FLIPPED[type(operator)]], [right])
            yield node, f"({ast.unparse(other)})", "flip comparison"
        case ast.BoolOp(op=operator, values=values):
            swapped = ast.Or() if isinstance(operator, ast.And) else ast.And()
            yield node, f"({ast.unparse(ast.BoolOp(swapped, values))})", "swap and/or"
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
            if not isinstance(test, ast.Compare | ast.Constant):  # else it is flipped
                yield test, f"(not ({ast.unparse(test)}))", "negate condition"
        case ast.Expr(value=ast.Call() | ast.Await() as value):
            if not ast.unparse(value).startswith(_ASIDE):
                yield node, "pass", "drop call"
        case ast.Raise():
            yield node, "pass", "drop raise"
        case ast.Constant(value=bool(value)):
            yield node, str(not value), "change constant"
        case ast.Constant(value=int(value) | float(value)):
            yield node, f"{value + 1 if value < _SMALL else value * 2}", "change constant"


def _drop(body: list[ast.stmt]) -> Iterator[Change]:
    """Yield the changes that drop the statements of a `finally`; `_change` drops the calls."""
    for node in body:
        calls = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Await)
        if not calls and not isinstance(node, ast.Pass):
            yield node, "pass", "drop from finally"
