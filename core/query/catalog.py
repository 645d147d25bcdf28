"""What there is at the warehouse. SHOW and DESCRIBE need no running warehouse."""

from __future__ import annotations

from core.planning.names import TableName
from core.query.statement import Statement, literal, qualify, quote


def describe(name: TableName) -> Statement:
    """The columns of a table or view."""
    return Statement(f"DESCRIBE TABLE {qualify(name)}")


def show_objects(name: TableName) -> Statement:
    """The tables and views that are called as `name`, in any case."""
    like = literal(_like_escaped(name.table))
    return Statement(f"SHOW OBJECTS LIKE {like} IN SCHEMA {_schema(name.database, name.schema)}")


def show_databases(after: str | None, rows: int) -> Statement:
    """One page of the databases, from behind the name `after`."""
    return Statement(f"SHOW DATABASES {_page(after, rows)}")


def show_schemas(database: str, after: str | None, rows: int) -> Statement:
    """One page of the schemas of a database, from behind the name `after`."""
    return Statement(f"SHOW SCHEMAS IN DATABASE {quote(database)} {_page(after, rows)}")


def show_page(database: str, schema: str, after: str | None, rows: int) -> Statement:
    """One page of the tables and views of a schema, from behind the name `after`."""
    return Statement(f"SHOW OBJECTS IN SCHEMA {_schema(database, schema)} {_page(after, rows)}")


CURRENT_PLACE = Statement('SELECT CURRENT_DATABASE() AS "database", CURRENT_SCHEMA() AS "schema"')


def _page(after: str | None, rows: int) -> str:
    return f"LIMIT {rows}" + (f" FROM {literal(after)}" if after is not None else "")


def _schema(database: str, schema: str) -> str:
    return f"{quote(database)}.{quote(schema)}"


def _like_escaped(text: str) -> str:
    """`text` as a LIKE pattern that matches only itself (backslash is LIKE's escape in SHOW)."""
    for special in ("\\", "%", "_"):
        text = text.replace(special, "\\" + special)
    return text
