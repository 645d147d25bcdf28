"""The names visible at a place in a query: relations, their columns, aliases, outer queries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from sqlglot import exp

from core.sandbox.warehouse import failures
from core.sandbox.warehouse.partitions import Read
from core.sandbox.warehouse.translate.bound import Bound
from core.sandbox.warehouse.types import SqlType


def fold(identifier: exp.Expr | str | None) -> str:
    """Return the name that an identifier denotes: in upper case unless quoted."""
    if isinstance(identifier, exp.Identifier):
        name: str = identifier.this
        return name if identifier.args.get("quoted") else name.upper()
    if isinstance(identifier, exp.Expr):
        return fold(identifier.this)
    return (identifier or "").upper()


@dataclass(frozen=True)
class Field:
    """A column that a relation offers."""

    name: str
    value: Bound


@dataclass(frozen=True)
class Relation:
    """Something in a FROM clause. `path` is what may qualify its columns, outermost name first."""

    path: tuple[str, ...]
    fields: tuple[Field, ...]

    def optional(self) -> Relation:
        """Return the relation as an outer join has it: any of its columns may be NULL."""
        fields = (Field(each.name, replace(each.value, required=False)) for each in self.fields)
        return Relation(self.path, tuple(fields))

    def answers_to(self, qualifier: tuple[str, ...]) -> bool:
        """Whether `qualifier.column` may mean a column of this relation."""
        return self.path[-len(qualifier) :] == qualifier if qualifier else True


@dataclass(frozen=True)
class BoundQuery:
    """A translated query. Its DuckDB columns are called c0, c1, ... in the order of `columns`.

    `table` is the DuckDB table when the query is nothing but that table, and `read` the partitions
    of it that the statement reads. `required` are the indexes of the columns that are never NULL,
    and `narrow` of those whose numbers are sent in as few bytes as they need.
    `constant` is whether it selects constants only, which needs no warehouse.
    """

    sql: str
    columns: tuple[tuple[str, SqlType], ...]
    table: str | None = None
    read: Read | None = None
    required: frozenset[int] = frozenset()
    narrow: frozenset[int] = frozenset()
    constant: bool = False

    def relation(self, alias: str, path: tuple[str, ...], names: tuple[str, ...] = ()) -> Relation:
        """Return the query as a relation whose physical name is `alias`."""
        if names and len(names) != len(self.columns):
            raise failures.invalid(
                f"Invalid column definition list: {len(names)} names for {len(self.columns)}"
                " columns",
                2026,
                "42601",
            )
        fields = tuple(
            Field(
                names[i] if names else name,
                Bound(
                    f"{alias}.c{i}",
                    type_,
                    required=i in self.required,
                    narrow=i in self.narrow,
                ),
            )
            for i, (name, type_) in enumerate(self.columns)
        )
        return Relation(path, fields)


@dataclass
class Scope:
    """One SELECT's names. `group_keys` maps a grouped expression's SQL to its replacement, `read`
    is the reading of the table that the SELECT reads last.
    """

    parent: Scope | None = None
    relations: list[Relation] = field(default_factory=list)
    merged: dict[str, Bound] = field(default_factory=dict)  # columns of JOIN ... USING
    aliases: dict[str, exp.Expr] = field(default_factory=dict)
    ctes: dict[str, tuple[str, BoundQuery]] = field(default_factory=dict)
    group_keys: dict[str, str] = field(default_factory=dict)
    windows: dict[str, exp.Window] = field(default_factory=dict)
    resolving: list[str] = field(default_factory=list)
    in_aggregate: int = 0
    read: Read | None = None

    def own(self, name: str, qualifier: tuple[str, ...]) -> Bound | None:
        """Return the column called `name` in this SELECT's relations, or None.

        Raises:
            Failure: 2028 if several have it.
        """
        if not qualifier and name in self.merged:
            return self.merged[name]
        found = [
            each.value
            for relation in self.relations
            if relation.answers_to(qualifier)
            for each in relation.fields
            if each.name == name
        ]
        if len(found) > 1:
            raise failures.ambiguous(name)
        return found[0] if found else None

    def cte(self, name: str) -> tuple[str, BoundQuery] | None:
        """Return the common table expression called `name`, here or further out, or None."""
        for scope in self.chain():
            if name in scope.ctes:
                return scope.ctes[name]
        return None

    def chain(self) -> Iterator[Scope]:
        """Yield this scope and those around it, the innermost first."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent
