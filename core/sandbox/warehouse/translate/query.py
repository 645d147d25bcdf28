"""Queries: SELECT with all its clauses, set operations, common table expressions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from core.sandbox.warehouse import failures, types
from core.sandbox.warehouse.pruning import prune
from core.sandbox.warehouse.translate import (  # noqa: F401 - they register themselves
    arithmetic,
    functions,
    variables,
    variant,
)
from core.sandbox.warehouse.translate.binder import Bind, Binder, Names, Translation
from core.sandbox.warehouse.translate.bound import Bound
from core.sandbox.warehouse.translate.casts import cast
from core.sandbox.warehouse.translate.functions.aggregates import order_terms
from core.sandbox.warehouse.translate.functions.registry import constant
from core.sandbox.warehouse.translate.grouping import Item, group_by, has_aggregate, position
from core.sandbox.warehouse.translate.operators import comparable, truth
from core.sandbox.warehouse.translate.scope import BoundQuery, Scope, fold
from core.sandbox.warehouse.translate.sources import from_clause, star_fields, values
from core.sandbox.warehouse.types import SqlType

_SET_OPERATIONS: dict[type[exp.Expr], str] = {
    exp.Union: "UNION",
    exp.Except: "EXCEPT",
    exp.Intersect: "INTERSECT",
}


def translate(node: exp.Expr, names: Names, binds: Sequence[Bind] = ()) -> BoundQuery:
    """Translate a whole query.

    Raises:
        Failure: when it does not compile.
    """
    return bind_query(node, translation(names, binds), None)


def translation(names: Names, binds: Sequence[Bind] = ()) -> Translation:
    """Return the state of the translation of one statement."""
    return Translation(names, binds, bind_query)


def bind_query(node: exp.Expr, shared: Translation, parent: Scope | None) -> BoundQuery:
    """Translate a query inside `parent`'s names."""
    prefix, parent = _common_tables(node, shared, parent)
    if isinstance(node, exp.Select):
        result = _select(node, shared, parent)
    elif type(node) in _SET_OPERATIONS:
        result = _set_operation(node, shared, parent)
    elif isinstance(node, exp.Values):
        result = values(shared, node)
    elif isinstance(node, exp.Subquery):
        result = _finish(node, shared, parent, bind_query(node.this, shared, parent))
    else:
        raise failures.unsupported(node.key.upper())
    return replace(result, sql=prefix + result.sql, table=None, read=None) if prefix else result


def _common_tables(
    node: exp.Expr, shared: Translation, parent: Scope | None
) -> tuple[str, Scope | None]:
    """Translate WITH to DuckDB SQL; return it and the scope in which its names are known."""
    clause = node.args.get("with_")
    if clause is None:
        return "", parent
    scope = Scope(parent=parent)
    recursive = bool(clause.args.get("recursive"))
    parts = []
    for each in clause.expressions:
        alias = each.args["alias"]
        names = tuple(fold(column) for column in alias.args.get("columns") or [])
        physical = shared.fresh("w")
        query = each.this.unnest()
        if recursive and isinstance(query, exp.Union):
            anchor = bind_query(query.this, shared, scope)
            scope.ctes[fold(alias.this)] = (physical, _rename(anchor, names))
        bound = _rename(bind_query(query, shared, scope), names)
        parts.append(f"{physical} AS ({bound.sql})")
        scope.ctes[fold(alias.this)] = (physical, bound)
    return f"WITH {'RECURSIVE ' if recursive else ''}{', '.join(parts)} ", scope


def _rename(query: BoundQuery, names: tuple[str, ...]) -> BoundQuery:
    if not names:
        return query
    fields = query.relation("r", (), names).fields
    columns = tuple((each.name, each.value.type) for each in fields)
    return replace(query, columns=columns, table=None, read=None)


def _set_operation(node: exp.Expr, shared: Translation, parent: Scope | None) -> BoundQuery:
    operation = type(node)
    distinct = node.args.get("distinct")
    branches: list[exp.Expr] = [node.expression]
    first = node.this
    while (
        type(first) is operation
        and first.args.get("distinct") == distinct
        and not any(first.args.get(key) for key in ("order", "limit", "with_"))
    ):
        branches.append(first.expression)  # a loop: long chains of UNION ALL are common
        first = first.this
    queries = [bind_query(each, shared, parent) for each in [first, *reversed(branches)]]
    if len({len(each.columns) for each in queries}) != 1:
        raise failures.invalid(
            f"invalid number of result columns for set operator input branches, expected"
            f" {len(queries[0].columns)}, got {len(queries[-1].columns)} in a branch",
            1789,
            "42601",
        )
    kinds = [
        types.common([each.columns[i][1] for each in queries])
        for i in range(len(queries[0].columns))
    ]
    word = _SET_OPERATIONS[operation] + ("" if distinct is not False else " ALL")
    sql = f" {word} ".join(_convert(shared, each, kinds) for each in queries)
    columns = tuple((name, kind) for (name, _), kind in zip(queries[0].columns, kinds, strict=True))
    found = BoundQuery(sql, columns)
    if operation is exp.Union:
        required = frozenset.intersection(*(each.required for each in queries))
        found = replace(found, required=required)
    return _finish(node, shared, parent, found)


def _convert(shared: Translation, query: BoundQuery, kinds: list[SqlType]) -> str:
    """Convert the columns of a branch of a set operation to `kinds`."""
    alias = shared.fresh("r")
    binder = Binder(shared, Scope())
    items = (
        f"{cast(binder, Bound(f'{alias}.c{i}', type_), kinds[i]).sql} AS c{i}"
        for i, (_, type_) in enumerate(query.columns)
    )
    return f"(SELECT {', '.join(items)} FROM ({query.sql}) AS {alias})"


def _finish(
    node: exp.Expr, shared: Translation, parent: Scope | None, query: BoundQuery
) -> BoundQuery:
    """Apply ORDER BY and LIMIT to the columns of `query` alone."""
    order, limit = node.args.get("order"), _limits(node, Binder(shared, Scope()))
    if order is None and not limit:
        return query
    alias = shared.fresh("r")
    scope = Scope(parent=parent, relations=[query.relation(alias, ())])
    outputs = [Bound(f"{alias}.c{i}", type_) for i, (_, type_) in enumerate(query.columns)]
    ordered = _order(order, Binder(shared, scope), [name for name, _ in query.columns], outputs)
    names = ", ".join(f"{alias}.c{i}" for i in range(len(query.columns)))
    sql = f"SELECT {names} FROM ({query.sql}) AS {alias}{ordered}{limit}"
    return replace(query, sql=sql, table=None, read=None, constant=False)


def _select(node: exp.Select, shared: Translation, parent: Scope | None) -> BoundQuery:
    if not node.expressions:
        raise failures.syntax(1, 7, "FROM")
    scope = Scope(parent=parent)
    binder = Binder(shared, scope)
    sql = from_clause(shared, scope, node)
    items = _items(node, scope)
    scope.aliases = {name: each for name, each in items if isinstance(each, exp.Alias)}
    where = node.args.get("where")
    if where is not None:
        sql += f" WHERE {truth(binder, where.this)}"
        if _reads_one_table(node, scope) and scope.read is not None:
            prune(scope.read, where.this, binder)
    sql += group_by(node, binder, items)
    outputs = [each if isinstance(each, Bound) else binder.bind(each) for _, each in items]
    outputs = [
        Bound(scope.group_keys.get(each.sql, each.sql), each.type, each.literal, None)
        if each.sql in scope.group_keys
        else each
        for each in outputs
    ]
    if node.args.get("having") is not None:
        sql += f" HAVING {truth(binder, node.args['having'].this)}"
    if node.args.get("qualify") is not None:
        sql += f" QUALIFY {truth(binder, node.args['qualify'].this)}"
    columns = tuple((name, each.type) for (name, _), each in zip(items, outputs, strict=True))
    listed = ", ".join(f"{each.sql} AS c{i}" for i, each in enumerate(outputs))
    required = _required(node, items, outputs)
    narrow = frozenset(index for index, each in enumerate(outputs) if each.narrow)
    if node.args.get("distinct") is not None:
        distinct = f"SELECT DISTINCT {listed}{sql}"
        found = BoundQuery(distinct, columns, required=required, narrow=narrow)
        return _finish(node, shared, parent, found)
    sql += _order(node.args.get("order"), binder, [name for name, _ in items], outputs)
    _stop_reading(node, scope, binder)
    constant = not scope.relations and all(each.literal is not None for each in outputs)
    limited = f"SELECT {listed}{sql}{_limits(node, binder)}"
    return BoundQuery(limited, columns, required=required, narrow=narrow, constant=constant)


def _required(node: exp.Select, items: list[Item], outputs: list[Bound]) -> frozenset[int]:
    """Return the indexes of the outputs that are never NULL.

    The keys of GROUPING SETS, ROLLUP and CUBE are NULL in the rows of totals.
    """
    group = node.args.get("group")
    found = {index for index, each in enumerate(outputs) if each.required}
    if group is not None and group.find(exp.GroupingSets, exp.Rollup, exp.Cube) is not None:
        found &= {index for index, (_, each) in enumerate(items) if has_aggregate(each)}
    return frozenset(found)


def _items(node: exp.Select, scope: Scope) -> list[Item]:
    """Expand every `*` of the select list; return names, and expressions or columns."""
    items: list[Item] = []
    for each in node.expressions:
        if isinstance(each, exp.Star):
            items += _star_items(scope, each, ())
        elif isinstance(each, exp.Column) and isinstance(each.this, exp.Star):
            qualifier = tuple(fold(part) for part in each.parts[:-1])
            items += _star_items(scope, each.this, qualifier)
        else:
            items.append((output_name(each), each))
    return items


def _star_items(scope: Scope, star: exp.Star, qualifier: tuple[str, ...]) -> list[Item]:
    excluded = {fold(each) for each in star.args.get("except_") or []}
    renamed = {fold(each.this): fold(each.args["alias"]) for each in star.args.get("rename") or []}
    replaced = {fold(each.args["alias"]): each.this for each in star.args.get("replace") or []}
    return [
        (renamed.get(each.name, each.name), replaced.get(each.name, each.value))
        for each in star_fields(scope, qualifier)
        if each.name not in excluded
    ]


def output_name(node: exp.Expr) -> str:
    """Return the name of a select item: its alias, its column's name, or its upper-case text."""
    if isinstance(node, exp.Alias):
        return fold(node.args["alias"])
    if isinstance(node, exp.Column):
        return fold(node.parts[-1])
    return node.sql(dialect="snowflake", comments=False).upper()


def _order(order: exp.Expr | None, binder: Binder, names: list[str], outputs: list[Bound]) -> str:
    """Translate ORDER BY; positions and names of the select list take precedence over columns."""
    if order is None:
        return ""
    found = []
    for ordered in order.expressions:
        this = ordered.this
        index = None
        if isinstance(this, exp.Literal) and not this.args.get("is_string"):
            index = position(this, len(outputs))
        elif (
            isinstance(this, exp.Column)
            and len(this.parts) == 1
            and names.count(fold(this.this)) == 1
        ):
            index = names.index(fold(this.this))
        found.append((ordered, index))
    terms = []
    for ordered, index in found:
        if index is None:
            terms.append(order_terms(binder, exp.Order(expressions=[ordered.copy()]))[10:])
            continue
        key = comparable(outputs[index])
        descending = bool(ordered.args.get("desc"))
        given = ordered.args.get("nulls_first")
        first = descending if given is None else bool(given)
        direction = "DESC" if descending else "ASC"
        terms.append(f"{key} {direction} NULLS {'FIRST' if first else 'LAST'}")
    return " ORDER BY " + ", ".join(terms)


def _limits(node: exp.Expr, binder: Binder) -> str:
    limit, offset = node.args.get("limit"), node.args.get("offset")
    sql = ""
    if isinstance(limit, exp.Fetch):
        sql += f" LIMIT {_whole(binder, limit.args['count'])}"
    elif limit is not None and not isinstance(limit.expression, exp.Null):
        sql += f" LIMIT {_whole(binder, limit.expression)}"
    if offset is not None:
        sql += f" OFFSET {_whole(binder, offset.expression)}"
    return sql


def _reads_one_table(node: exp.Select, scope: Scope) -> bool:
    """Whether a SELECT reads all of a table, and nothing else."""
    source = node.args["from_"].this if node.args.get("from_") else None
    sampled = source is not None and source.args.get("sample")
    return scope.read is not None and len(scope.relations) == 1 and not sampled


def _stop_reading(node: exp.Select, scope: Scope, binder: Binder) -> None:
    """End the reading of a table at the LIMIT of a SELECT that needs no further rows."""
    others = ("where", "group", "having", "qualify", "order", "offset", "joins", "distinct")
    limit = node.args.get("limit")
    if not isinstance(limit, exp.Limit) or any(node.args.get(each) for each in others):
        return
    if scope.read is None or any(map(has_aggregate, node.expressions)):
        return
    scope.read.stop_after(_whole(binder, limit.expression))


def _whole(binder: Binder, node: exp.Expr) -> int:
    text = constant(binder.bind(node), "LIMIT")
    if not text.isdigit():
        raise failures.syntax(1, 0, text)
    return int(text)
