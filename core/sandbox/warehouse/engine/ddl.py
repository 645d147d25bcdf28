"""CREATE, DROP, ALTER TABLE, TRUNCATE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from core.sandbox.warehouse import failures
from core.sandbox.warehouse.answer import Answer
from core.sandbox.warehouse.catalog.catalog import (
    DEFAULT_RETENTION,
    Path,
    Table,
    TableColumn,
    format_path,
)
from core.sandbox.warehouse.engine import dml
from core.sandbox.warehouse.engine.execution import Execution, status
from core.sandbox.warehouse.translate.binder import Binder
from core.sandbox.warehouse.translate.bound import Bound
from core.sandbox.warehouse.translate.casts import cast
from core.sandbox.warehouse.translate.datatypes import from_ast
from core.sandbox.warehouse.translate.dialect import parse
from core.sandbox.warehouse.translate.query import translate, translation
from core.sandbox.warehouse.translate.scope import BoundQuery, Field, Relation, Scope, fold
from core.sandbox.warehouse.types import MAX_TEXT, NULL, TEXT, SqlType

_RETENTION = "DATA_RETENTION_TIME_IN_DAYS"
_MAX_RETENTION = 90  # days


def create(execution: Execution, node: exp.Expr) -> Answer:
    """Execute CREATE [OR REPLACE] DATABASE | SCHEMA | [TEMPORARY] TABLE | VIEW [IF NOT EXISTS]."""
    kind = str(node.args.get("kind") or "").upper()
    handler = {"DATABASE": _database, "SCHEMA": _schema, "TABLE": _table, "VIEW": _view}.get(kind)
    if handler is None:
        raise failures.unsupported(f"CREATE {kind}")
    if execution.state.role in execution.catalog.limited:
        raise failures.insufficient_privileges(kind, "".join(names_of(node)[-1:]))
    try:
        return handler(execution, node)
    except failures.Failure as failure:
        if failure.code == failures.ALREADY_EXISTS and node.args.get("exists"):
            name = names_of(node)[-1]
            return status(f"{name} already exists, statement succeeded.")
        raise


def names_of(node: exp.Expr) -> tuple[str, ...]:
    """Return the name of the object that a statement creates or drops."""
    table = node.find(exp.Table)
    return tuple(fold(part) for part in table.parts) if table is not None else ("",)


def _replacing(node: exp.Expr) -> bool:
    return bool(node.args.get("replace"))


def _comment(node: exp.Expr) -> str:
    found = node.find(exp.SchemaCommentProperty)
    return str(found.this.name) if found is not None else ""


def _retention(properties: exp.Expr | None) -> int:
    """Return DATA_RETENTION_TIME_IN_DAYS, from 0 to 90.

    Raises:
        Failure: 1008 for another number.
    """
    for each in properties.expressions if properties is not None else []:
        if isinstance(each, exp.Property) and each.name.upper() == _RETENTION:
            days = each.args["value"].name
            if not days.isdigit() or int(days) > _MAX_RETENTION:
                raise failures.invalid(
                    f"invalid value [{days}] for parameter '{_RETENTION}'", 1008, "22023"
                )
            return int(days)
    return DEFAULT_RETENTION


def _database(execution: Execution, node: exp.Expr) -> Answer:
    name = names_of(node)[-1]
    catalog = execution.catalog
    former = catalog.remove_database(name) if _replacing(node) and catalog.has(name) else []
    catalog.create_database(name, _comment(node))
    execution.drop(former)
    execution.state.database, execution.state.schema = name, "PUBLIC"
    return status(f"Database {name} successfully created.")


def _schema(execution: Execution, node: exp.Expr) -> Answer:
    path = execution.names.schema_path(names_of(node))
    catalog = execution.catalog
    known = path[1] in catalog.database(path[0]).schemas
    former = catalog.remove_schema(*path) if _replacing(node) and known else []
    catalog.create_schema(*path, _comment(node))
    execution.drop(former)
    execution.state.database, execution.state.schema = path
    return status(f"Schema {path[1]} successfully created.")


def _table(execution: Execution, node: exp.Expr) -> Answer:
    path = execution.names.path(names_of(node))
    execution.catalog.schema(*path[:2])
    if execution.catalog.find(path) is not None and not _replacing(node):
        raise failures.already_exists(path[2])
    query = execution.translate(node.expression) if node.expression is not None else None
    columns = _columns(execution, node, query)
    table = Table(path, tuple(columns), execution.catalog.physical(), comment=_comment(node),
                  temporary=node.find(exp.TemporaryProperty) is not None,
                  retention=_retention(node.args.get("properties")))  # fmt: skip
    execution.execute(table.creation(table.physical))
    if query is not None:
        execution.prepare()
        sql = dml.insertion(execution, table, table.columns, query)
        table.rows = int(str(execution.execute(sql)[0][0]))
    former = execution.catalog.add(table, replace=_replacing(node))
    execution.made(table)
    if table.temporary:
        execution.state.temporary.append(table)
    if former is not None:
        execution.drop([former])
    return status(f"Table {path[2]} successfully created.")


def _columns(execution: Execution, node: exp.Expr, query: BoundQuery | None) -> list[TableColumn]:
    """Return the columns that are declared, or those of CREATE TABLE ... AS SELECT."""
    declared = node.this.expressions if isinstance(node.this, exp.Schema) else []
    definitions = [each for each in declared if isinstance(each, exp.ColumnDef)]
    names = [fold(each) for each in declared if isinstance(each, exp.Identifier)]
    if definitions:
        columns = declared_columns(execution, definitions)
    elif query is not None:
        shown = [name for name, _ in query.columns]
        kinds = [_storable(kind) for _, kind in query.columns]
        pairs = zip(names or shown, kinds, strict=False)
        columns = [TableColumn(name, kind, f"c{i}") for i, (name, kind) in enumerate(pairs)]
    else:
        columns = []
    if not columns or (query is not None and len(columns) != len(query.columns)):
        raise failures.invalid("Invalid column definition list", 2026, "42601")
    seen: set[str] = set()
    for column in columns:
        if column.name in seen:
            raise failures.invalid(f"duplicate column name '{column.name}'", 2025, "42S21")
        seen.add(column.name)
    return columns


def declared_columns(
    execution: Execution,
    definitions: Sequence[exp.ColumnDef],
    before: Sequence[TableColumn] = (),
    hidden: Sequence[Field] = (),
) -> list[TableColumn]:
    """Return `before` and the columns of a declaration, virtual ones with their DuckDB SQL.

    An expression may use the columns that are stored, and those of `hidden`, which no statement
    lists.
    """
    columns = [*before, *(_column(each, i) for i, each in enumerate(definitions, len(before)))]
    stored = [Field(c.name, Bound(c.physical, c.type)) for c in columns if c.expression is None]
    scope = Scope(relations=[Relation((), (*stored, *hidden))])
    binder = Binder(translation(execution.names), scope)
    for i, each in enumerate(columns):
        if each.expression is not None:
            value = binder.bind(parse(f"SELECT {each.expression}").expressions[0])
            columns[i] = replace(each, computed=cast(binder, value, each.type).sql)
    return columns


def _storable(kind: SqlType) -> SqlType:
    if kind == NULL:
        return TEXT
    return replace(kind, length=MAX_TEXT) if kind.name == "TEXT" and not kind.length else kind


def _column(node: exp.ColumnDef, index: int) -> TableColumn:
    kinds = [each.args["kind"] for each in node.args.get("constraints") or []]
    required = any(
        isinstance(each, exp.NotNullColumnConstraint) and not each.args.get("allow_null")
        for each in kinds
    )
    default = next(
        (each.this for each in kinds if isinstance(each, exp.DefaultColumnConstraint)), None
    )
    comment = next(
        (each.this.name for each in kinds if isinstance(each, exp.CommentColumnConstraint)), None
    )
    if node.args.get("kind") is None:
        raise failures.syntax(1, 0, ")")
    made = next(
        (each.this for each in kinds if isinstance(each, exp.ComputedColumnConstraint)), None
    )
    collation = next(
        (each.this.name for each in kinds if isinstance(each, exp.CollateColumnConstraint)), ""
    )
    return TableColumn(
        fold(node.this),
        replace(from_ast(node.args["kind"]), collation=collation),
        f"c{index}",
        nullable=not required,
        default=default.sql(dialect="snowflake") if default is not None else None,
        comment=comment,
        expression=made.unnest().sql(dialect="snowflake") if made is not None else None,
    )


def _view(execution: Execution, node: exp.Expr) -> Answer:
    path = execution.names.path(names_of(node))
    execution.catalog.schema(*path[:2])
    query = execution.translate(node.expression)
    names = (
        [fold(each) for each in node.this.expressions] if isinstance(node.this, exp.Schema) else []
    )
    shown = names or [name for name, _ in query.columns]
    if len(shown) != len(query.columns):
        raise failures.invalid("Invalid column definition list", 2026, "42601")
    columns = tuple(
        TableColumn(name, _storable(kind), f"c{i}")
        for i, (name, (_, kind)) in enumerate(zip(shown, query.columns, strict=True))
    )
    text = node.expression.sql(dialect="snowflake")
    view = Table(path, columns, "", text, comment=_comment(node),
                 context=(execution.state.database, execution.state.schema))  # fmt: skip
    translate(node.expression, execution.names)  # binds may not be kept in a view
    former = execution.catalog.add(view, replace=_replacing(node))
    if former is not None:
        execution.drop([former])
    return status(f"View {path[2]} successfully created.")


def drop(execution: Execution, node: exp.Expr) -> Answer:
    """Execute DROP DATABASE | SCHEMA | TABLE | VIEW [IF EXISTS]."""
    kind = str(node.args.get("kind") or "").upper()
    names = names_of(node)
    catalog = execution.catalog
    try:
        if kind == "DATABASE":
            _own(execution, names[-1:], kind)
            execution.drop(catalog.remove_database(names[-1]))
        elif kind == "SCHEMA":
            path = execution.names.schema_path(names)
            _own(execution, path, kind)
            execution.drop(catalog.remove_schema(*path))
        elif kind in ("TABLE", "VIEW"):
            _drop_table(execution, execution.names.path(names), names, kind)
        else:
            raise failures.unsupported(f"DROP {kind}")
    except failures.Failure as failure:
        if failure.code != failures.MISSING or not node.args.get("exists"):
            raise
        return status(f"Drop statement executed successfully ({names[-1]} already dropped).")
    _leave(execution, kind, names)
    return status(f"{names[-1]} successfully dropped.")


def _own(execution: Execution, path: tuple[str, ...], kind: str) -> None:
    if "OWNERSHIP" not in execution.catalog.privileges(execution.state.role, path):
        raise failures.insufficient_privileges(kind, path[-1])


def _drop_table(execution: Execution, path: Path, written: tuple[str, ...], kind: str) -> None:
    table = execution.names.lookup(written, kind.title())
    _own(execution, path, kind)
    if (table.query is not None) != (kind == "VIEW"):
        raise failures.invalid(
            f"Object found is of type '{table.kind}', not specified type '{kind}'.", 2203, "42601"
        )
    execution.drop([execution.catalog.remove(path)])


def _leave(execution: Execution, kind: str, names: tuple[str, ...]) -> None:
    """Unset the session's database or schema if it was dropped."""
    state = execution.state
    if kind == "DATABASE" and state.database == names[-1]:
        state.database = state.schema = None
    if kind == "SCHEMA" and state.schema == names[-1] and names[-2:-1] in ((), (state.database,)):
        state.schema = None


def truncate(execution: Execution, node: exp.Expr) -> Answer:
    """Execute TRUNCATE TABLE [IF EXISTS] t."""
    table = execution.names.table(node)
    execution.names.allow(table, "TRUNCATE")
    with execution.changing(table):
        dml.keep(execution, table, "FALSE")
    return status("Statement executed successfully.")


def alter_table(execution: Execution, node: exp.Expr) -> Answer:
    """Execute ALTER TABLE.

    The actions are RENAME TO, ADD COLUMN, DROP COLUMN, RENAME COLUMN, SET and UNSET
    DATA_RETENTION_TIME_IN_DAYS.
    """
    table = execution.names.table(node.this)
    _own(execution, table.path, "TABLE")
    if table.query is not None:
        raise failures.unsupported("ALTER VIEW")
    with execution.changing(table):
        for action in node.args.get("actions") or []:
            _alter(execution, table, action)
    return status("Statement executed successfully.")


def _alter(execution: Execution, table: Table, action: exp.Expr) -> None:
    if isinstance(action, exp.ColumnDef):
        _add_column(execution, table, action)
    elif isinstance(action, exp.RenameColumn):
        former = dml.column_of(table, fold(action.this.this))
        renamed = replace(former, name=fold(action.args["to"].this))
        _refuse_duplicate(table, renamed.name)
        table.redefine(tuple(renamed if each is former else each for each in table.columns))
    elif isinstance(action, exp.AlterRename):
        target = execution.names.path(tuple(fold(part) for part in action.this.parts))
        if execution.catalog.find(target) is not None:
            raise failures.already_exists(format_path(target))
        execution.catalog.schema(*target[:2])
        execution.catalog.remove(table.path)
        table.path = target
        execution.catalog.add(table)
    elif isinstance(action, exp.Drop):
        for each in action.args["tables"]:
            _drop_column(execution, table, dml.column_of(table, fold(each.parts[-1])))
    elif not _set_retention(execution, table, action):
        raise failures.unsupported(f"ALTER TABLE ... {action.key.upper()}")


def _set_retention(execution: Execution, table: Table, action: exp.Expr) -> bool:
    """Execute SET or UNSET of the retention; return false if the action is another one."""
    properties = action.find(exp.Properties)
    names = (each.name for each in (properties.expressions if properties else action.expressions))
    if [name.upper() for name in names] != [_RETENTION]:
        return False
    execution.remove(execution.catalog.retain(table, _retention(properties)))
    return True


def _drop_column(execution: Execution, table: Table, column: TableColumn) -> None:
    """Drop a column; those behind it move up, so that column i is always called c<i>."""
    execution.execute(f"ALTER TABLE {table.physical} DROP COLUMN {column.physical}")
    kept = [each for each in table.columns if each is not column]
    for i, each in enumerate(kept):
        if each.physical != f"c{i}":
            execution.execute(f"ALTER TABLE {table.physical} RENAME {each.physical} TO c{i}")
            kept[i] = replace(each, physical=f"c{i}")
    table.redefine(tuple(kept))


def _refuse_duplicate(table: Table, name: str) -> None:
    if any(each.name == name for each in table.columns):
        raise failures.invalid(f"column '{name}' already exists", 1430, "42601")


def _add_column(execution: Execution, table: Table, node: exp.ColumnDef) -> None:
    column = _column(node, len(table.columns))
    _refuse_duplicate(table, column.name)
    if not column.nullable and table.rows:
        raise failures.invalid(
            f"Non-nullable column '{column.name}' cannot be added", 100072, "22000"
        )
    default = ""
    if column.default is not None:
        binder = Binder(translation(execution.names), Scope())
        value = node.find(exp.DefaultColumnConstraint)
        if value is not None:
            default = f" DEFAULT {dml.convert_for_column(binder, binder.bind(value.this), column)}"
    kind = column.type.physical
    execution.execute(f"ALTER TABLE {table.physical} ADD COLUMN {column.physical} {kind}{default}")
    table.redefine((*table.columns, column))
