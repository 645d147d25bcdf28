"""GROUP BY with ROLLUP, CUBE and GROUPING SETS, and GROUPING, which distinguishes their rows.

Rules: docs.snowflake.com "GROUP BY", "GROUP BY GROUPING SETS", "GROUPING". A set `()` gives one
row, even if there is no row to group.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from core.sandbox.warehouse import failures
from core.sandbox.warehouse.translate.binder import Binder
from core.sandbox.warehouse.translate.bound import Bound
from core.sandbox.warehouse.translate.functions.registry import AGGREGATES
from core.sandbox.warehouse.translate.operators import comparable

Item = tuple[str, exp.Expr | Bound]
_SETS: dict[type[object], str] = {
    exp.GroupingSets: "GROUPING SETS",
    exp.Rollup: "ROLLUP",
    exp.Cube: "CUBE",
}


def group_by(node: exp.Select, binder: Binder, items: Sequence[Item]) -> str:
    """Translate GROUP BY; `items` is the select list, which positions and ALL refer to.

    A TIMESTAMP_TZ is grouped by its instant; the group has one of its values.

    Raises:
        Failure: when a key does not compile.
    """
    group = node.args.get("group")
    if group is None:
        return ""
    wanted: list[exp.Expr | Bound] = list(group.expressions)
    if group.args.get("all"):
        wanted = [each for _, each in items if not has_aggregate(each)]
    rolled_up = any(type(each) in _SETS for each in wanted)
    stand_ins: dict[str, str] = {}

    def written(each: exp.Expr | Bound) -> str:
        """Translate a key or a set of keys, except constants.

        DuckDB would read a constant as a position.
        """
        if isinstance(each, exp.Tuple | exp.GroupingSets | exp.Rollup | exp.Cube):
            word = _SETS.get(type(each), "")
            inner = [text for part in each.expressions if (text := written(part))]
            return f"{word}({', '.join(inner)})"
        value = _key(each, binder, items)
        key = comparable(value)
        if value.type.name == "TIMESTAMP_TZ":
            one = f"min({value.sql})"
            present = f"(CASE WHEN GROUPING({key}) = 0 THEN {one} END)"
            stand_ins[value.sql] = present if rolled_up else one
        return key if value.literal is None else ""

    keys = [text for each in wanted if (text := written(each))]
    binder.scope.group_keys = stand_ins
    return " GROUP BY " + (", ".join(keys) or "()")


def _key(node: exp.Expr | Bound, binder: Binder, items: Sequence[Item]) -> Bound:
    if isinstance(node, Bound):
        return node
    if isinstance(node, exp.Literal) and not node.args.get("is_string"):
        item = items[position(node, len(items))][1]
        return item if isinstance(item, Bound) else binder.bind(item)
    return binder.bind(node)


def position(node: exp.Literal, count: int) -> int:
    """Return the index that a position in GROUP BY or ORDER BY means.

    Raises:
        Failure: 979 when there is no such column.
    """
    text: str = node.this
    if not text.isdigit() or not 1 <= int(text) <= count:
        raise failures.invalid(
            f"[{text}] is not a valid expression: there are {count} columns", 979, "42601"
        )
    return int(text) - 1


def has_aggregate(node: exp.Expr | Bound) -> bool:
    """Whether a select item computes an aggregate."""
    if isinstance(node, Bound):
        return False
    return any(
        isinstance(each.this, str) and each.this.upper() in AGGREGATES
        for each in node.find_all(exp.Anonymous)
    )
