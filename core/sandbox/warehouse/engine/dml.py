"""INSERT, UPDATE and DELETE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from core.sandbox.warehouse import failures, types
from core.sandbox.warehouse.answer import Answer
from core.sandbox.warehouse.catalog.catalog import Table, TableColumn
from core.sandbox.warehouse.engine.execution import DELETE, INSERT, UPDATE, Execution, counts
from core.sandbox.warehouse.translate.binder import Bind, Binder
from core.sandbox.warehouse.translate.bound import Bound
from core.sandbox.warehouse.translate.casts import cast
from core.sandbox.warehouse.translate.dialect import parse
from core.sandbox.warehouse.translate.operators import truth
from core.sandbox.warehouse.translate.query import bind_query, translate, translation
from core.sandbox.warehouse.translate.scope import BoundQuery, Field, Relation, Scope, fold


def convert_for_column(binder: Binder, value: Bound, column: TableColumn) -> str:
    """Convert `value` to the type of a column; a text that is too long fails, and is not cut."""
    kind = column.type
    if kind.name == "TEXT" and value.type.name != "TEXT":
        value = cast(binder, value, types.TEXT)
    if kind.name == "TEXT" and kind.length < value.type.length:
        message = f"'String ''' || {value.sql} || ''' is too long and would be truncated'"
        failing = failures.raising(100078, "22000", message)
        value = Bound(
            f"(CASE WHEN length({value.sql}) > {kind.length} THEN {failing} ELSE {value.sql} END)",
            kind,
        )
    return cast(binder, value, kind).sql


def expand_array_binds(binds: Sequence[Bind]) -> list[list[Bind]]:
    """Return the binds of each row; executemany sends a list of values for each column."""
    arrays = [value for _, value in binds if isinstance(value, list)]
    if not arrays:
        return [list(binds)]
    length = len(arrays[0])
    return [
        [(kind, value[i] if isinstance(value, list) else value) for kind, value in binds]
        for i in range(length)
    ]


def insert(execution: Execution, node: exp.Expr) -> Answer:
    """Execute INSERT [OVERWRITE] INTO t [(columns)] with VALUES or a SELECT."""
    schema = node.this
    table = execution.names.table(node.this)
    execution.names.allow(table, "INSERT")
    _refuse_view(table)
    names = [fold(each) for each in schema.expressions] if isinstance(schema, exp.Schema) else []
    targets = [column_of(table, name) for name in names] or [
        each for each in table.columns if each.expression is None
    ]
    source = _source(execution, node.expression, targets)
    if len(source.columns) != len(targets):
        raise failures.invalid(
            f"Insert value list does not match column list expecting {len(targets)} but got"
            f" {len(source.columns)}",
            2020,
            "21S01",
        )
    with execution.changing(table):
        copy = execution.catalog.physical() if node.args.get("overwrite") else None
        sql = insertion(execution, table, targets, source, copy)
        written = execution.change(table, sql, copy=copy)
    return counts(["number of rows inserted"], [written], INSERT)


def _source(execution: Execution, node: exp.Expr, targets: Sequence[TableColumn]) -> BoundQuery:
    rows = expand_array_binds(execution.binds)
    if len(rows) == 1 and rows[0] == list(execution.binds):
        return _one_source(execution, node, rows[0], targets)
    parts = [_one_source(execution, node.copy(), binds, targets) for binds in rows]
    return BoundQuery(" UNION ALL ".join(f"({each.sql})" for each in parts), parts[0].columns)


def _one_source(
    execution: Execution, node: exp.Expr, binds: list[Bind], targets: Sequence[TableColumn]
) -> BoundQuery:
    if not isinstance(node, exp.Values):
        return translate(node, execution.names, binds)
    for row in node.expressions:  # DEFAULT means the column's default value
        for cell, column in zip(row.expressions, targets, strict=False):
            if isinstance(cell, exp.Column | exp.Var) and cell.name.upper() == "DEFAULT":
                cell.replace(parse(f"SELECT {column.default or 'NULL'}").expressions[0])
    return bind_query(node, translation(execution.names, binds), None)


def insertion(
    execution: Execution,
    table: Table,
    targets: Sequence[TableColumn],
    source: BoundQuery,
    copy: str | None = None,
) -> str:
    """Return the DuckDB INSERT of a query's columns into `targets`.

    Other columns get their default. The rows go into the DuckDB table `copy`, if it is given.
    """
    binder = Binder(translation(execution.names), Scope())
    values = {
        column.physical: convert_for_column(binder, Bound(f"s.c{i}", source.columns[i][1]), column)
        for i, column in enumerate(targets)
    }
    for column in table.columns:
        if column.physical not in values and column.default is not None:
            default = binder.bind(parse(f"SELECT {column.default}").expressions[0])
            values[column.physical] = convert_for_column(binder, default, column)
    return (
        f"INSERT INTO {copy or table.physical} ({', '.join(values)})"
        f" SELECT {', '.join(values.values())} FROM ({source.sql}) AS s"
    )


def column_of(table: Table, name: str) -> TableColumn:
    """Return the column called `name`.

    Raises:
        Failure: 904.
    """
    for column in table.columns:
        if column.name == name:
            return column
    raise failures.invalid_identifier(name)


def _refuse_view(table: Table) -> None:
    if table.query is not None or table.external:
        kind = "an external table" if table.external else "a view"
        raise failures.invalid(f"'{table.name}' is {kind} and cannot be changed", 2203, "42601")


def _scope(table: Table) -> Scope:
    fields = tuple(
        Field(each.name, Bound(f"{table.physical}.{each.physical}", each.type))
        for each in table.columns
    )
    return Scope(relations=[Relation(table.path, fields)])


def update(execution: Execution, node: exp.Expr) -> Answer:
    """Execute UPDATE t SET ... [WHERE ...]."""
    table = execution.names.table(node.this)
    execution.names.allow(table, "UPDATE")
    _refuse_view(table)
    if node.args.get("from_") is not None:
        raise failures.unsupported("UPDATE ... FROM")
    with execution.changing(table):
        binder = _binder(execution, table, node)
        chosen = _condition(binder, node)
        values = {each.physical: each.physical for each in table.columns}
        for each in node.expressions:
            column = column_of(table, fold(each.this.parts[-1]))
            value = convert_for_column(binder, binder.bind(each.expression), column)
            values[column.physical] = f"CASE WHEN {chosen} THEN {value} ELSE {column.physical} END"
        changed = _count(execution, table, chosen)
        if changed:
            copy = execution.catalog.physical()
            listed = ", ".join(values.values())
            insert = f"INSERT INTO {copy} SELECT {listed} FROM {table.physical}"
            execution.change(table, insert, copy=copy)
    return counts(
        ["number of rows updated", "number of multi-joined rows updated"], [changed, 0], UPDATE
    )


def _binder(execution: Execution, table: Table, node: exp.Expr) -> Binder:
    """Create a binder that translates expressions over the table's own columns."""
    scope = _scope(table)
    alias = node.this.args.get("alias")
    if alias is not None:
        scope.relations[0] = replace(scope.relations[0], path=(fold(alias.this),))
    return Binder(translation(execution.names, execution.binds), scope)


def _condition(binder: Binder, node: exp.Expr) -> str:
    """Translate WHERE to DuckDB SQL that is never NULL."""
    where = node.args.get("where")
    return f"coalesce({truth(binder, where.this)}, FALSE)" if where is not None else "TRUE"


def _count(execution: Execution, table: Table, condition: str) -> int:
    execution.prepare()
    counted = f"SELECT count(*) FROM {table.physical} WHERE {condition}"
    return int(str(execution.execute(counted)[0][0]))


def delete(execution: Execution, node: exp.Expr) -> Answer:
    """Execute DELETE FROM t [WHERE ...]."""
    table = execution.names.table(node.this)
    execution.names.allow(table, "DELETE")
    _refuse_view(table)
    if node.args.get("using"):
        raise failures.unsupported("DELETE ... USING")
    with execution.changing(table):
        condition = _condition(_binder(execution, table, node), node)
        gone = keep(execution, table, f"NOT {condition}")
    return counts(["number of rows deleted"], [gone], DELETE)


def keep(execution: Execution, table: Table, condition: str) -> int:
    """Remove the rows for which the DuckDB condition does not hold; return their number."""
    gone = _count(execution, table, f"NOT {condition}")
    if gone:
        copy = execution.catalog.physical()
        rest = f"SELECT * FROM {table.physical} WHERE {condition}"
        execution.change(table, f"INSERT INTO {copy} {rest}", copy=copy)
    return gone
