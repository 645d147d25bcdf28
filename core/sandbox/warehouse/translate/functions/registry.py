"""Snowflake's functions by name. Modules of this package add to it with `function`."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from core.sandbox.warehouse import failures
from core.sandbox.warehouse.translate.binder import Binder, binds
from core.sandbox.warehouse.translate.bound import Bound

Call = Callable[[Binder, list[exp.Expr]], Bound]
Plain = Callable[..., Bound]
FUNCTIONS: dict[str, Call] = {}
AGGREGATES: set[str] = set()


def special(*names: str) -> Callable[[Call], Call]:
    """Register a function that reads its arguments' syntax itself."""

    def register(call: Call) -> Call:
        for name in names:
            FUNCTIONS[name] = call
        return call

    return register


def function(*names: str, least: int = 1, most: int | None = None) -> Callable[[Plain], Plain]:
    """Register a function of bound arguments, called as `f(binder, *arguments)`.

    `most` is the largest number of arguments, by default `least`; -1 is any number.
    """

    def register(call: Plain) -> Plain:
        def bound_call(name: str) -> Call:
            def run(binder: Binder, arguments: list[exp.Expr]) -> Bound:
                check_count(name, len(arguments), least, least if most is None else most)
                return call(binder, *(binder.bind(each) for each in arguments))

            return run

        for name in names:
            FUNCTIONS[name] = bound_call(name)
        return call

    return register


def check_count(name: str, given: int, least: int, most: int) -> None:
    """Refuse a wrong number of arguments (938 too few, 939 too many)."""
    if given < least:
        raise failures.invalid(
            f"not enough arguments for function [{name}] expected {least}, got {given}",
            938,
            "22023",
        )
    if most >= 0 and given > most:
        raise failures.invalid(
            f"too many arguments for function [{name}] expected {most}, got {given}", 939, "22023"
        )


@binds(exp.Anonymous)
def _call(binder: Binder, node: exp.Expr) -> Bound:
    name = str(node.this if isinstance(node.this, str) else node.this.name).upper()
    found = FUNCTIONS.get(name)
    if found is None:
        raise failures.unknown_function(name)
    if name not in AGGREGATES:
        return found(binder, node.expressions)
    binder.scope.in_aggregate += 1
    try:
        return found(binder, node.expressions)
    finally:
        binder.scope.in_aggregate -= 1


def name_of(node: exp.Expr) -> str:
    """Return the text of an argument that is a word or a text literal (MONTH, 'month').

    Raises:
        Failure: 1015 if it is an expression.
    """
    if isinstance(node, exp.Literal | exp.Column | exp.Var | exp.Identifier):
        return node.name
    raise failures.invalid("argument needs to be constant", 1015, "22023")


def constant(value: Bound, name: str) -> str:
    """Return the text of a constant argument.

    Raises:
        Failure: 1015 if it is not a constant.
    """
    if value.literal is None:
        raise failures.invalid(
            f"argument of function {name} needs to be constant, found '...'", 1015, "22023"
        )
    return value.literal
