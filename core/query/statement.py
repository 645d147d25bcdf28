"""The parts of a statement: quoted names, bound values, selected fields."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.connections.secrets import Secret
from core.planning.names import TableName
from core.planning.plan import PlannedColumn, Role

# A quoted name, a string literal, or a line break outside of both.
_LINE_BREAK = re.compile(r""""(?:[^"]|"")*"|'(?:[^'\\]|\\.|'')*'|(\n)""", re.DOTALL)


@dataclass(frozen=True)
class Field:
    """One column of a result.

    Attributes:
        alias: its name in the result.
        sql: its expression.
        column: the planned column that it holds; None for flags and counts.
    """

    alias: str
    sql: str
    column: PlannedColumn | None = None

    @property
    def is_sum(self) -> bool:
        """Whether the column is summed."""
        return self.column is not None and self.column.role is Role.SUM

    @property
    def is_key(self) -> bool:
        """Whether the column is a key."""
        return self.column is not None and self.column.role is Role.KEY

    @property
    def is_group(self) -> bool:
        """Whether the column is part of the group: the month or a key."""
        return self.column is not None and self.column.role is not Role.SUM


@dataclass(frozen=True)
class Statement:
    """A statement ready to run.

    Attributes:
        sql: its text as it is shown, with asterisks for secrets.
        binds: the values bound to it.
        fields: the columns of its result.
        secret: the text with its secrets; None if it holds none.
    """

    sql: str
    binds: tuple[object, ...] = ()
    fields: tuple[Field, ...] = ()
    secret: Secret | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of `sql`; a line break within quotes does not end a line."""
        ends = [found.start() for found in _LINE_BREAK.finditer(self.sql) if found[1]]
        starts = [0, *(end + 1 for end in ends)]
        return tuple(
            self.sql[start:end] for start, end in zip(starts, [*ends, len(self.sql)], strict=True)
        )

    @property
    def revealed(self) -> str:
        """The text to run, including its secrets."""
        return self.secret.reveal() if self.secret else self.sql


@dataclass
class Binds:
    """The bound values of a statement; equal values share a placeholder."""

    values: list[object] = field(default_factory=list)

    def __call__(self, value: object) -> str:
        for position, known in enumerate(self.values, 1):
            if known == value and type(known) is type(value):
                return f":{position}"
        self.values.append(value)
        return f":{len(self.values)}"


def quote(identifier: str) -> str:
    """Return `identifier` as a quoted identifier, which Snowflake takes exactly as it is.

    Example:
        >>> quote('my "odd" table')
        '"my ""odd"" table"'
    """
    return '"' + identifier.replace('"', '""') + '"'


def qualify(name: TableName) -> str:
    """Return the full name of a table, with each part quoted."""
    return ".".join(map(quote, (name.database, name.schema, name.table)))


def select(fields: Sequence[Field], rest: str, bind: Binds) -> Statement:
    """Return the `SELECT` of `fields`, followed by `rest`: its FROM and other clauses."""
    columns = ",\n".join(f"  {f.sql} AS {quote(f.alias)}" for f in fields)
    return Statement(f"SELECT\n{columns}\n{rest}", tuple(bind.values), tuple(fields))


def literal(text: str) -> str:
    """Return a string literal, for SHOW and COPY INTO, which accept no bound values."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
