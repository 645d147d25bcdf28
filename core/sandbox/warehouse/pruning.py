"""Query pruning: which micro-partitions may hold a row that meets a WHERE clause.

Snowflake keeps the least and the greatest value of each column of a micro-partition, and does not
read those in which no row can meet the WHERE clause (docs.snowflake.com, "Micro-partitions & Data
Clustering", "Query pruning"). It says that not all predicates prune. So only these do here:

- a bare column of a date, a timestamp or a number on the left, compared by =, <, <=, >, >= with a
  constant of the same type on the right, which has no bound value;
- IS NULL and IS NOT NULL of such a column;
- AND and OR of these and of any other conditions, which exclude nothing.
"""

from __future__ import annotations

from sqlglot import exp

from core.sandbox.warehouse.partitions import Read
from core.sandbox.warehouse.translate.binder import Binder
from core.sandbox.warehouse.translate.bound import Bound
from core.sandbox.warehouse.translate.operators import compare
from core.sandbox.warehouse.translate.scope import fold

_PRUNED = frozenset({"FIXED", "REAL", "DATE", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ"})
_NUMBERS = frozenset({"FIXED", "REAL"})
_NOT_CONSTANT = (exp.Column, exp.Placeholder, exp.Parameter, exp.Query)
# What must hold of the least and the greatest value if a row of the partition meets a comparison.
_BOUNDS: dict[type[exp.Expr], tuple[str, ...]] = {
    exp.GTE: ("greatest >=",),
    exp.GT: ("greatest >",),
    exp.LTE: ("least <=",),
    exp.LT: ("least <",),
    exp.EQ: ("least <=", "greatest >="),
}


def prune(read: Read, where: exp.Expr, binder: Binder) -> None:
    """Have a reading skip the partitions of its table in which no row can meet a condition.

    Args:
        read: the reading of the only relation of the SELECT.
        where: the condition.
        binder: that of the SELECT.
    """
    columns: dict[str, str] = {}
    condition = _Pruning(binder, columns).translate(where)
    if not columns:
        return
    figures = (
        f"min({column}) AS least_{n}, max({column}) AS greatest_{n},"
        f" bool_or(({column}) IS NULL) AS null_{n}"
        for column, n in columns.items()
    )
    (relation,) = {column.split(".")[0] for column in columns}
    read.pruning = (
        f"SELECT number FROM (SELECT rowid // {read.size} AS number, {', '.join(figures)}"
        f" FROM {read.table} AS {relation} WHERE rowid < {read.rows} GROUP BY number)"
        f" WHERE {condition}"
    )


class _Pruning:
    """Translates a condition on rows to the one that a partition with such a row meets."""

    def __init__(self, binder: Binder, columns: dict[str, str]) -> None:
        self._binder = binder
        self._columns = columns

    def translate(self, node: exp.Expr) -> str:
        node = node.unnest()
        if isinstance(node, exp.And | exp.Or):
            word = " AND " if isinstance(node, exp.And) else " OR "
            return "(" + word.join(self.translate(each) for each in node.flatten()) + ")"
        negated = isinstance(node, exp.Not)
        inner = node.this.unnest() if negated else node
        if isinstance(inner, exp.Is) and isinstance(inner.expression, exp.Null):
            found = self._column(inner.this)
            if found is None:
                return "TRUE"
            return f"least_{found[1]} IS NOT NULL" if negated else f"null_{found[1]}"
        return self._compare(node) if type(node) in _BOUNDS else "TRUE"

    def _compare(self, node: exp.Expr) -> str:
        right = node.expression
        found = None if right.find(*_NOT_CONSTANT) else self._column(node.this)
        if found is None:
            return "TRUE"
        (column, number), constant = found, self._binder.bind(right)
        kinds = {column.type.name, constant.type.name}
        if len(kinds) > 1 and not kinds <= _NUMBERS:
            return "TRUE"
        tests = []
        for bound in _BOUNDS[type(node)]:
            figure, operator = bound.split()
            extreme = Bound(f"{figure}_{number}", column.type)
            tests.append(compare(self._binder, extreme, operator, constant))
        return "(" + " AND ".join(tests) + ")"

    def _column(self, node: exp.Expr) -> tuple[Bound, str] | None:
        """Return a bare column whose extremes are kept, and its number; else None."""
        if not isinstance(node, exp.Column):
            return None
        *qualifier, name = (fold(part) for part in node.parts)
        found = self._binder.scope.own(name, tuple(qualifier))
        if found is None or found.type.name not in _PRUNED:
            return None
        return found, self._columns.setdefault(found.sql, str(len(self._columns)))
