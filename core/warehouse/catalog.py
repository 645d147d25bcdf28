"""What there is at the warehouse: one table or view, found and described.

Only DESCRIBE and SHOW are used: they need no running warehouse and cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from core import query
from core.errors import SourceDataError, TransferError, UsageError
from core.names import TableName, nearest_hint, parse_table
from core.source import ColumnType, Source, SourceColumn
from core.warehouse.statement import Cancel, run

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

_MISSING = 2003
_PAGE = 10_000  # SHOW returns no more at once
_NAMES_LOOKED_AT = 50_000


def find(connection: SnowflakeConnection, text: str, cancel: Cancel) -> Source:
    """Describe the table or view that `text` names, in the session's database and schema.

    Raises:
        UsageError: the text is no name, or no database or schema is selected.
        SourceDataError: there is no such table for this role; the nearest names are told.
    """
    name = _full_name(connection, parse_table(text), cancel)
    try:
        described = list(run(connection, query.describe(name), cancel).rows())
    except TransferError as error:
        if getattr(error.__cause__, "errno", None) != _MISSING:
            raise
        raise _missing(connection, name, cancel) from error
    columns = tuple(
        SourceColumn(row["name"], ColumnType.parse(row["type"]), row["null?"] != "N")
        for row in described
        if row.get("kind", "COLUMN") == "COLUMN"
    )
    shown = run(connection, query.show_objects(name), cancel).rows()
    for row in shown:
        if row["name"] == name.table:  # LIKE ignores case
            is_view = "VIEW" in row["kind"]
            return Source(name, columns, _count(row["rows"]), _count(row["bytes"]), is_view)
    return Source(name, columns, is_view=True)


def _count(value: object) -> int | None:
    return None if value is None or value == "" else int(str(value))


def _full_name(
    connection: SnowflakeConnection, parts: tuple[str, ...], cancel: Cancel
) -> TableName:
    if len(parts) < 3:
        current = next(run(connection, query.CURRENT_PLACE, cancel).rows())
        place = (current["database"], current["schema"])
        parts = (*place[: 3 - len(parts)], *parts)
    if not all(parts):
        raise UsageError(
            f"No database or schema is selected for table {parts[-1]}.",
            "Write DATABASE.SCHEMA.TABLE, or set both in the connection; the role must see them.",
        )
    return TableName(*parts)


def _missing(connection: SnowflakeConnection, name: TableName, cancel: Cancel) -> SourceDataError:
    message = f"Table {name} does not exist, or the role may not see it."
    try:
        names = list(_names(connection, name, cancel))
    except TransferError:
        return SourceDataError(message, "Check the database, the schema and the role.")
    return SourceDataError(message, nearest_hint(name.table, names) or "The schema is empty.")


def _names(connection: SnowflakeConnection, name: TableName, cancel: Cancel) -> Iterator[str]:
    """The tables and views beside `name`, page by page."""
    after: str | None = None
    for _ in range(_NAMES_LOOKED_AT // _PAGE):
        page = query.show_page(name.database, name.schema, after, _PAGE)
        names = [row["name"] for row in run(connection, page, cancel).rows()]
        yield from names
        if len(names) < _PAGE or names[-1] == after:
            return
        after = names[-1]
