"""List the tables of a Snowflake account; find and describe one table or view.

Only DESCRIBE and SHOW are used: they need no running warehouse and incur no cost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

from core import query
from core.errors import (
    IntegrityError,
    ObjectMissingError,
    TemporaryError,
    TransferError,
    UsageError,
)
from core.planning.names import TableName, nearest_hint, parse_table, write_name
from core.planning.source import ColumnType, Source, SourceColumn
from core.query import Statement
from core.runtime.background import Ahead
from core.runtime.cancel import Cancel
from core.warehouse.own_session import is_of_one_run
from core.warehouse.results.read_result import read_rows
from core.warehouse.statement import parse_count, run

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

One = TypeVar("One")
Other = TypeVar("Other")

_PAGE = 10_000  # the most rows that SHOW returns
_FIRST_PAGE = 1_000  # smaller, so that the first page appears sooner
_NAMES_LOOKED_AT = 50_000
_MOST_FOUND = 1_000  # tables of one search: who sees as many types another word
_NOT_FOR_TRANSFER = "INFORMATION_SCHEMA"
LISTED = ("name", "kind", "rows", "bytes")
"""The columns of SHOW OBJECTS that are read."""
DESCRIBED = ("name", "type", "null?")
"""The columns of DESCRIBE TABLE that are read."""


@dataclass(frozen=True)
class Entry:
    """A table or view of a listing.

    Attributes:
        name: its full name.
        kind: as SHOW OBJECTS calls it: TABLE, VIEW and others.
        rows: its row count; None if Snowflake keeps none.
        bytes: stored, compressed bytes; None if unknown.
    """

    name: TableName
    kind: str
    rows: int | None
    bytes: int | None


def list_databases(connection: SnowflakeConnection, cancel: Cancel) -> list[str]:
    """Return the names of the databases that are visible to the role."""
    pages = _pages(connection, query.show_databases, cancel)
    return [row["name"] for page in pages for row in page]


def list_schemas(connection: SnowflakeConnection, database: str, cancel: Cancel) -> list[str]:
    """Return the names of a database's schemas, without INFORMATION_SCHEMA."""

    def page(after: str | None, rows: int) -> Statement:
        return query.show_schemas(database, after, rows)

    pages = _pages(connection, page, cancel)
    names = (row["name"] for page in pages for row in page)
    return [name for name in names if name != _NOT_FOR_TRANSFER]


def list_tables(
    connection: SnowflakeConnection, database: str, schema: str | None, cancel: Cancel
) -> Iterator[list[Entry]]:
    """Yield the tables and views of a schema, or of all schemas of a database, page by page."""
    # One schema at a time: `LIMIT ... FROM 'name'` compares the object's name alone, so it would
    # skip rows if several schemas were listed at once.
    for each in [schema] if schema is not None else list_schemas(connection, database, cancel):

        def page(after: str | None, rows: int, schema: str = each) -> Statement:
            return query.show_page(database, schema, after, rows)

        for found in _pages(connection, page, cancel):
            yield [
                Entry(
                    TableName(database, each, row["name"]),
                    str(row.get("kind")),
                    *_parse_size(row),
                )
                for row in found
            ]


def search_tables(connection: SnowflakeConnection, part: str, cancel: Cancel) -> list[Entry]:
    """Return the tables and views of every database whose name contains `part`, ignoring case.

    These are the first thousand, without those of INFORMATION_SCHEMA.
    """
    rows = read_rows(
        run(connection, query.search_objects(part, _MOST_FOUND), cancel),
        *("name", "kind", "database_name", "schema_name"),
    )
    return [
        Entry(
            TableName(row["database_name"], row["schema_name"], row["name"]),
            row["kind"],
            *_parse_size(row),
        )
        for row in rows
        if row["schema_name"] != _NOT_FOR_TRANSFER
    ]


def find(connection: SnowflakeConnection, text: str, cancel: Cancel) -> Source:
    """Describe the table or view that `text` names, in the session's database and schema.

    Raises:
        UsageError: `text` is not a name, or no database or schema is selected.
        ObjectMissingError: the table does not exist or is not visible to the role; the hint lists
            similar names.
    """
    name = full_name(connection, parse_table(text), cancel)

    def describe(cancel: Cancel) -> tuple[SourceColumn, ...]:
        return describe_columns(connection, name, cancel)

    def show(cancel: Cancel) -> list[dict[str, Any]]:
        shown = run(connection, query.show_objects(name), cancel, short=True)
        return read_rows(shown, "name", "kind")

    try:
        columns, shown = run_both(connection, describe, show, cancel)
    except ObjectMissingError as error:
        raise _missing(connection, name, cancel) from error
    for row in () if _is_external(columns) else shown:
        if row["name"] == name.table:  # LIKE ignores case
            return Source(name, columns, *_parse_size(row), is_view="VIEW" in row["kind"])
    return Source(name, columns, is_view=True)


def _is_external(columns: tuple[SourceColumn, ...]) -> bool:
    """Whether these are the columns of an external table: VALUE, and others computed from it.

    What SHOW OBJECTS gives of one is not documented, so neither kind nor size are taken from it.
    """
    value, *others = columns
    named = (value.name, value.type.kind) == ("VALUE", "VARIANT")
    return named and bool(others) and all(each.is_virtual for each in others)


def run_both(
    connection: SnowflakeConnection,
    one: Callable[[Cancel], One],
    other: Callable[[Cancel], Other],
    cancel: Cancel,
) -> tuple[One, Other]:
    """Run two short calls of one session, which may be repeated, in the quickest way.

    A session of one run has a single connection to Snowflake, and takes a round trip for each
    call; a second connection takes two more. So it runs them one after the other, all others at the
    same time.

    If the answer to the start of a statement is lost, all statements of its session are cancelled
    (`core.warehouse.submit`), those of the other call too. So a call that fails temporarily while
    the other succeeds is repeated once, by itself.

    Args:
        connection: the session.
        one: a call that only reads; it runs in this thread, and its error is the one that counts.
        other: another one.
        cancel: stops both.

    Returns:
        The results of both.

    Raises:
        TransferError: as the calls.
    """
    if is_of_one_run(connection):
        return one(cancel), other(cancel)
    with Ahead(other, cancel) as ahead:
        try:
            first = one(cancel)
        except TemporaryError:
            second = ahead.result()
            return one(cancel), second
        try:
            return first, ahead.result()
        except TemporaryError:
            return first, other(cancel)


def describe_columns(
    connection: SnowflakeConnection, name: TableName, cancel: Cancel
) -> tuple[SourceColumn, ...]:
    """Return the columns of a table or view, in its order.

    Raises:
        ObjectMissingError: the table does not exist or is not visible to the role.
        IntegrityError: the answer has no column.
    """
    described = read_rows(run(connection, query.describe(name), cancel, short=True), *DESCRIBED)
    if not described:
        raise IntegrityError(f"Snowflake's answer holds no column of {name}.", "Run again.")
    return tuple(
        SourceColumn(
            row["name"],
            ColumnType.parse(row["type"]),
            row["null?"] != "N",
            is_virtual=str(row.get("kind")).startswith("VIRTUAL"),
        )
        for row in described
    )


def find_today(connection: SnowflakeConnection, cancel: Cancel) -> date:
    """Return the date at Snowflake, in the time zone of the session.

    Raises:
        IntegrityError: the answer holds no date.
        TransferError: the statement failed, or the run was cancelled.
    """
    rows = read_rows(run(connection, query.TODAY, cancel, short=True), "today")
    try:
        return date.fromisoformat(rows[0]["today"])
    except (IndexError, ValueError) as error:
        raise IntegrityError("Snowflake's answer holds no current date.", "Run again.") from error


def _parse_size(row: dict[str, Any]) -> tuple[int | None, int | None]:
    """Return the rows and bytes of an object in a listing; None if Snowflake knows none.

    Of views of all kinds, SHOW OBJECTS gives 0 of both
    (https://docs.snowflake.com/en/user-guide/views-semantic/sql); the files of an external table
    are not Snowflake's.
    """
    if any(each in str(row.get("kind")) for each in ("VIEW", "EXTERNAL")):
        return None, None
    return parse_count(row.get("rows")), parse_count(row.get("bytes"))


def full_name(connection: SnowflakeConnection, parts: tuple[str, ...], cancel: Cancel) -> TableName:
    """Complete a name of one to three parts with the session's database and schema.

    Raises:
        UsageError: the name has no database or schema, and the session has none selected.
    """
    if len(parts) < 3:
        place = _known_place(connection) or _ask_place(connection, cancel)
        parts = (*place[: 3 - len(parts)], *parts)
    if not all(parts):
        raise UsageError(
            f"No database or schema is selected for {parts[-1]}.",
            "Write DATABASE.SCHEMA.NAME, or set both in the connection; the role must see them.",
        )
    return TableName(*parts)


def _known_place(connection: SnowflakeConnection) -> list[str]:
    """Return the database and schema of the session as the sign-in reported them; or nothing.

    Where the answer to the sign-in names none, the connector gives those of the connection's
    settings, which are not folded to upper case. This program never changes them in a session.
    """
    place = [str(each or "") for each in (connection.database, connection.schema)]
    return place if all(each and each == each.upper() for each in place) else []


def _ask_place(connection: SnowflakeConnection, cancel: Cancel) -> list[str]:
    current, *_ = [*read_rows(run(connection, query.CURRENT_PLACE, cancel, short=True)), {}]
    return [str(current.get(each) or "") for each in ("database", "schema")]


def _missing(
    connection: SnowflakeConnection, name: TableName, cancel: Cancel
) -> ObjectMissingError:
    message = f"Table {name} does not exist, or the role may not see it."
    try:
        names = list(_names(connection, name, cancel))
    except TransferError:
        return ObjectMissingError(message, "Check the database, the schema and the role.")
    quoted = [each for each in names if each.casefold() == name.table.casefold()]
    if quoted:  # Snowflake folds what is not quoted to upper case
        hint = f"It needs its quotation marks, which are part of the name: {write_name(quoted[0])}."
        return ObjectMissingError(message, hint)
    return ObjectMissingError(message, nearest_hint(name.table, names) or "The schema is empty.")


def _names(connection: SnowflakeConnection, name: TableName, cancel: Cancel) -> Iterator[str]:
    """Yield the names of the first tables and views in the schema of `name`."""
    seen = 0
    for page in list_tables(connection, name.database, name.schema, cancel):
        yield from (entry.name.table for entry in page)
        seen += len(page)
        if seen >= _NAMES_LOOKED_AT:
            return


def _pages(
    connection: SnowflakeConnection,
    statement: Callable[[str | None, int], Statement],
    cancel: Cancel,
) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of a SHOW page by page.

    `statement` makes the statement of one page from the last name of the page before and a number
    of rows. FROM matches prefixes of names, so a page may repeat rows of the one before: these are
    left out, and a page without a new row is the last.
    """
    seen: set[str] = set()
    after: str | None = None
    size = _FIRST_PAGE
    while True:
        rows = read_rows(run(connection, statement(after, size), cancel), "name")
        new = [row for row in rows if row["name"] not in seen]
        if new or after is None:
            yield new
        if len(rows) < size or not new:
            return
        seen.update(row["name"] for row in new)
        after, size = rows[-1]["name"], _PAGE
