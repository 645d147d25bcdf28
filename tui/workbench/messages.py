"""The messages to the workbench, from its lanes and from its parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textual.message import Message

if TYPE_CHECKING:
    from core import Request
    from core.facade import (
        Entry,
        Explorer,
        FirstRows,
        FormerRun,
        Look,
        Months,
        Plan,
        Role,
        SourceColumn,
        TableName,
    )


class Opened(Message):
    """The session with Snowflake is open; `request` has the options set by the connection."""

    def __init__(self, explorer: Explorer, request: Request | None = None) -> None:
        super().__init__()
        self.explorer, self.request = explorer, request


class DatabasesFound(Message):
    """The databases that the role may see."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self.names = names


class TablesFound(Message):
    """A page of the tables of a database; `complete` on the last page."""

    def __init__(self, database: str, entries: Sequence[Entry], *, complete: bool) -> None:
        super().__init__()
        self.database, self.entries, self.complete = database, entries, complete


class DatabaseOpened(Message):
    """The user opened a database that was not listed yet."""

    def __init__(self, database: str) -> None:
        super().__init__()
        self.database = database


class SearchAsked(Message):
    """The user searches for words, of which databases that are not listed may have tables."""

    def __init__(self, words: Sequence[str]) -> None:
        super().__init__()
        self.words = words


class TablesMatched(Message):
    """The tables of all databases that a word of the search matches; `last` for the last word."""

    def __init__(self, word: str, entries: Sequence[Entry], *, last: bool) -> None:
        super().__init__()
        self.word, self.entries, self.last = word, entries, last


class TableOpened(Message):
    """The user opened a table in the tree, whose columns are not read yet."""

    def __init__(self, name: TableName) -> None:
        super().__init__()
        self.name = name


class ColumnsFound(Message):
    """The columns of a table of the tree; none if it has gone."""

    def __init__(self, name: TableName, columns: Sequence[SourceColumn]) -> None:
        super().__init__()
        self.name, self.columns = name, columns


class TablePicked(Message):
    """The user chose a table."""

    def __init__(self, name: TableName) -> None:
        super().__init__()
        self.name = name


class Looked(Message):
    """A table was described and sampled; `asked` is the name in the request."""

    def __init__(self, asked: str, look: Look) -> None:
        super().__init__()
        self.asked, self.look = asked, look


class Planned(Message):
    """The plan of a request, and the earlier runs from which its duration is estimated."""

    def __init__(self, request: Request, plan: Plan, former: Sequence[FormerRun]) -> None:
        super().__init__()
        self.request, self.plan, self.former = request, plan, former


class Previewed(Message):
    """The months of a plan, as a statement returned them."""

    def __init__(self, plan: Plan, months: Months) -> None:
        super().__init__()
        self.plan, self.months = plan, months


class Regrouped(Message):
    """The months of a plan, from rows that were read before; None if these cannot give them."""

    def __init__(self, plan: Plan, months: Months | None) -> None:
        super().__init__()
        self.plan, self.months = plan, months


class RowsRead(Message):
    """The first rows of the delivery of a plan."""

    def __init__(self, plan: Plan, rows: FirstRows) -> None:
        super().__init__()
        self.plan, self.rows = plan, rows


class RoleAsked(Message):
    """The user chose a role for a column, or for several."""

    def __init__(self, column: str, role: Role, *others: str) -> None:
        super().__init__()
        self.columns, self.role = (column, *others), role


class RenameAsked(Message):
    """The user gave a column another name in the delivery; an empty one restores its own."""

    def __init__(self, column: str, new: str) -> None:
        super().__init__()
        self.column, self.new = column, new


class OptionsChanged(Message):
    """The user changed options of the request; `missing` says what they lack to be valid."""

    def __init__(self, *, missing: str = "", **options: Any) -> None:
        super().__init__()
        self.missing, self.options = missing, options


class ObjectChecked(Message):
    """It was checked whether the object of `request` exists.

    Args:
        request: the request.
        found: whether the object exists; None if S3 did not say.
        wrong: why it could not be checked; empty if it was.
    """

    def __init__(self, request: Request, found: bool | None, wrong: str = "") -> None:
        super().__init__()
        self.request, self.found, self.wrong = request, found, wrong


class AccessTested(Message):
    """The test of write access for `request` succeeded."""

    def __init__(self, request: Request, url: str) -> None:
        super().__init__()
        self.request, self.url = request, url
