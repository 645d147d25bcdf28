"""Expressions: a dispatch over sqlglot's nodes, and the translation of names, literals and binds.

Modules that translate more kinds of expressions register their functions with `binds`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Protocol

from sqlglot import exp

from core.sandbox.warehouse import failures, types
from core.sandbox.warehouse.translate.bound import Bound, quote
from core.sandbox.warehouse.translate.scope import Scope, fold
from core.sandbox.warehouse.types import SqlType

if TYPE_CHECKING:
    from core.sandbox.warehouse.engine.time_travel import Point
    from core.sandbox.warehouse.translate.scope import BoundQuery

Bind = tuple[str, object]
Handler = Callable[["Binder", exp.Expr], Bound]
_HANDLERS: dict[type[exp.Expr], Handler] = {}


def binds(*nodes: type[exp.Expr]) -> Callable[[Handler], Handler]:
    """Register the translation of these kinds of nodes."""

    def register(handler: Handler) -> Handler:
        for node in nodes:
            _HANDLERS[node] = handler
        return handler

    return register


class Names(Protocol):
    """The tables and the context functions of a session, for the names in a query."""

    def relation(
        self, path: tuple[str, ...], point: Point | None = None
    ) -> tuple[BoundQuery, tuple[str, ...]]:
        """Return the query that reads a table or view (as it was at `point`), and its full name."""

    def context(self, name: str) -> str | None:
        """Return the value of CURRENT_<name>(), such as CURRENT_DATABASE(), or None."""

    def parameter(self, name: str) -> str:
        """Return a session parameter as text; empty if it is not set."""

    def zone(self) -> str:
        """Return the session's TIMEZONE."""

    def query_id(self, number: int) -> str | None:
        """Return the id of the session's statement `number`: 1 is its first, -1 its latest."""

    def at_statement(self, statement_id: str, *, before: bool) -> Point:
        """Return the point in time of AT or BEFORE(STATEMENT => ...)."""

    def at_moment(self, micros: str, *, before: bool) -> Point:
        """Return the point in time of a moment, given as DuckDB SQL of microseconds since 1970."""

    def result(self, statement_id: str) -> BoundQuery:
        """Return the query that reads the stored result of an earlier statement."""

    def operator_stats(self, statement_id: str) -> BoundQuery:
        """Return the query of GET_QUERY_OPERATOR_STATS(statement_id)."""


@dataclass
class Translation:
    """The state of one statement's translation: the session, the binds, fresh names."""

    names: Names
    binds: Sequence[Bind] = ()
    bind_query: Callable[[exp.Expr, Translation, Scope | None], BoundQuery] | None = None
    _numbers: count[int] = field(default_factory=count)
    _next_bind: int = 0

    def fresh(self, prefix: str) -> str:
        """Return a physical name that the statement has not used."""
        return f"{prefix}{next(self._numbers)}"

    def bind(self, key: str) -> Bind:
        """Return the bind variable `:key` or, with an empty key, the next `?`."""
        if key:
            index = int(key) - 1 if key.isdigit() else -1
        else:
            index = self._next_bind
            self._next_bind += 1
        if not 0 <= index < len(self.binds):
            raise failures.Failure(
                2049,
                "42601",
                f"SQL compilation error:\nBind variable {':' + key if key else '?'} not set.",
            )
        return self.binds[index]

    def query(self, node: exp.Expr, scope: Scope | None) -> BoundQuery:
        """Translate a query inside `scope`."""
        assert self.bind_query is not None  # noqa: S101 - set by translate.query
        return self.bind_query(node, self, scope)


class Binder:
    """Translates the expressions of one SELECT."""

    def __init__(self, translation: Translation, scope: Scope) -> None:
        self.translation = translation
        self.scope = scope

    def bind(self, node: exp.Expr) -> Bound:
        """Translate `node` to DuckDB SQL with its Snowflake type.

        Raises:
            Failure: when the expression does not compile.
        """
        handler = _HANDLERS.get(type(node))
        if handler is None:
            raise failures.unsupported(node.key.upper())
        result = handler(self, node)
        stand_in = self.scope.group_keys.get(result.sql)
        if stand_in is not None and not self.scope.in_aggregate:
            return Bound(stand_in, result.type)
        return result

    def column(self, name: str, qualifier: tuple[str, ...]) -> Bound | None:
        """Resolve a column name; return None if it is unknown.

        A column here comes before an alias of the select list, and this before outer columns.
        """
        for scope in self.scope.chain():
            found = scope.own(name, qualifier)
            if found is not None:
                return found
            alias = None if qualifier or name in scope.resolving else scope.aliases.get(name)
            if alias is not None and scope is self.scope:
                scope.resolving.append(name)
                try:
                    return self.bind(alias)
                finally:
                    scope.resolving.pop()
        return None


@binds(exp.Column)
def _column(binder: Binder, node: exp.Expr) -> Bound:
    assert isinstance(node, exp.Column)  # noqa: S101
    qualifier = tuple(fold(part) for part in node.parts[:-1])
    identifier = node.parts[-1]
    if isinstance(identifier, exp.Star):
        raise failures.invalid("'*' is not allowed here", 1003, "42000")
    name = fold(identifier)
    found = binder.column(name, qualifier)
    if found is not None:
        return found
    start = int(identifier.meta.get("col") or 8) - len(identifier.this)
    if identifier.args.get("quoted"):
        start -= 2
    written = ".".join(_written(part) for part in node.parts)
    raise failures.invalid_identifier(written, int(identifier.meta.get("line") or 1), max(start, 0))


def _written(part: exp.Expr) -> str:
    name: str = part.this
    return f'"{name}"' if part.args.get("quoted") else name.upper()


@binds(exp.Literal)
def _literal(_: Binder, node: exp.Expr) -> Bound:
    value: str = node.this
    return text_literal(value) if node.args.get("is_string") else number_literal(value)


@binds(exp.RawString)
def _raw_string(_: Binder, node: exp.Expr) -> Bound:
    return text_literal(node.this)


def text_literal(value: str) -> Bound:
    """Return a VARCHAR constant, whose type has the length of its value."""
    return Bound(quote(value), types.text(len(value)), literal=value, required=True)


def number_literal(value: str) -> Bound:
    """Translate a number as written.

    It is a NUMBER with its own digits, or FLOAT with an exponent or more than 38 digits.
    """
    digits = value.lstrip("+-")
    if "e" in digits.lower() or len(digits.replace(".", "")) > types.MAX_PRECISION:
        return Bound(f"CAST({quote(value)} AS DOUBLE)", types.REAL, literal=value, required=True)
    whole, _, fraction = digits.partition(".")
    type_ = types.number(len(whole.lstrip("0")) + len(fraction), len(fraction))
    sql = f"CAST({value} AS {type_.physical})"
    return Bound(sql, type_, literal=value, required=True, narrow=True)


@binds(exp.HexString)
def _hex(_: Binder, node: exp.Expr) -> Bound:
    data = bytes.fromhex(hex(int(node.this))[2:]) if node.args.get("is_integer") else None
    if data is None:
        data = bytes.fromhex(node.this)
    return blob_literal(data)


def blob_literal(data: bytes) -> Bound:
    """Return a BINARY constant."""
    return Bound(
        f"unhex('{data.hex()}')", SqlType("BINARY", length=max(len(data), 1)), literal=data.hex()
    )


@binds(exp.Null)
def _null(_: Binder, __: exp.Expr) -> Bound:
    return Bound("NULL::VARCHAR", types.NULL)


@binds(exp.Boolean)
def _boolean(_: Binder, node: exp.Expr) -> Bound:
    return Bound("TRUE" if node.this else "FALSE", types.BOOLEAN, required=True)


@binds(exp.Paren)
def _paren(binder: Binder, node: exp.Expr) -> Bound:
    return binder.bind(node.this)


@binds(exp.Alias)
def _alias(binder: Binder, node: exp.Expr) -> Bound:
    return binder.bind(node.this)
