"""Statements that list databases, schemas, tables and columns.

SHOW and DESCRIBE run without a warehouse.
"""

from __future__ import annotations

from core.planning.names import TableName
from core.query.statement import Statement, literal, qualify, quote


def describe(name: TableName) -> Statement:
    """Return the statement that lists the columns of a table or view."""
    return Statement(f"DESCRIBE TABLE {qualify(name)}")


def show_objects(name: TableName) -> Statement:
    """Return the statement that lists the tables and views called `name`, ignoring case."""
    like = literal(_escape_like(name.table))
    return Statement(f"SHOW OBJECTS LIKE {like} IN SCHEMA {_schema(name.database, name.schema)}")


def search_objects(part: str, rows: int) -> Statement:
    """Return the statement that lists the tables and views of every database by a part of a name.

    Case is ignored. It is one statement, however many databases there are.

    Args:
        part: what their names contain.
        rows: the most rows.
    """
    like = literal(f"%{_escape_like(part)}%")
    return Statement(f"SHOW OBJECTS LIKE {like} IN ACCOUNT LIMIT {rows}")


def show_databases(after: str | None, rows: int) -> Statement:
    """Return the statement for one page of the databases.

    Args:
        after: the last name of the page before; None for the first page.
        rows: the most rows of the page.
    """
    return Statement(f"SHOW DATABASES {_page(after, rows)}")


def show_schemas(database: str, after: str | None, rows: int) -> Statement:
    """Return the statement for one page of the schemas of a database; see `show_databases`."""
    return Statement(f"SHOW SCHEMAS IN DATABASE {quote(database)} {_page(after, rows)}")


def show_page(database: str, schema: str, after: str | None, rows: int) -> Statement:
    """Return the statement for one page of the tables and views of a schema.

    See `show_databases` for `after` and `rows`.
    """
    return Statement(f"SHOW OBJECTS IN SCHEMA {_schema(database, schema)} {_page(after, rows)}")


# The date in the time zone of the session (docs.snowflake.com, "CURRENT_DATE").
TODAY = Statement("SELECT TO_VARCHAR(CURRENT_DATE(), 'YYYY-MM-DD') AS \"today\"")
CURRENT_PLACE = Statement('SELECT CURRENT_DATABASE() AS "database", CURRENT_SCHEMA() AS "schema"')
CURRENT_ACCESS = Statement(
    'SELECT CURRENT_ROLE() AS "role", CURRENT_WAREHOUSE() AS "warehouse",'
    ' CURRENT_VERSION() AS "version"'
)


def _page(after: str | None, rows: int) -> str:
    return f"LIMIT {rows}" + (f" FROM {literal(after)}" if after is not None else "")


def _schema(database: str, schema: str) -> str:
    return f"{quote(database)}.{quote(schema)}"


def _escape_like(text: str) -> str:
    """Return a LIKE pattern that matches only `text` (SHOW escapes with a backslash)."""
    for special in ("\\", "%", "_"):
        text = text.replace(special, "\\" + special)
    return text
