"""What reaches the workbench: from its lanes, and from its parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textual.message import Message

if TYPE_CHECKING:
    from core import Request
    from core.facade import Entry, Explorer, FormerRun, Look, Months, Plan, Role, TableName


class Opened(Message):
    """The session with Snowflake is open; `request` has what became known of the place."""

    def __init__(self, explorer: Explorer, request: Request | None = None) -> None:
        super().__init__()
        self.explorer, self.request = explorer, request


class DatabasesFound(Message):
    """The databases that the role may see."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self.names = names


class TablesFound(Message):
    """More tables of a database; the last page says that these are all."""

    def __init__(self, database: str, entries: Sequence[Entry], *, complete: bool) -> None:
        super().__init__()
        self.database, self.entries, self.complete = database, entries, complete


class DatabaseSeen(Message):
    """The heading of a database that was not listed yet came into view."""

    def __init__(self, database: str) -> None:
        super().__init__()
        self.database = database


class TablePicked(Message):
    """The user chose a table."""

    def __init__(self, name: TableName) -> None:
        super().__init__()
        self.name = name


class Looked(Message):
    """A table was described and sampled; `asked` is what it was called."""

    def __init__(self, asked: str, look: Look) -> None:
        super().__init__()
        self.asked, self.look = asked, look


class Planned(Message):
    """The plan of a request, and the former runs that tell how long it may take."""

    def __init__(self, request: Request, plan: Plan, former: Sequence[FormerRun]) -> None:
        super().__init__()
        self.request, self.plan, self.former = request, plan, former


class Previewed(Message):
    """The months of a plan."""

    def __init__(self, plan: Plan, months: Months) -> None:
        super().__init__()
        self.plan, self.months = plan, months


class RoleAsked(Message):
    """The user gave a column a role."""

    def __init__(self, column: str, role: Role) -> None:
        super().__init__()
        self.column, self.role = column, role


class OptionsChanged(Message):
    """The user changed options of the request; `missing` is what they lack to be one."""

    def __init__(self, *, missing: str = "", **options: Any) -> None:
        super().__init__()
        self.missing, self.options = missing, options


class ObjectChecked(Message):
    """S3 was asked whether the object of `request` is there.

    Args:
        request: what it was asked for.
        found: whether it is there; None if that is not known.
        wrong: why S3 cannot be asked; empty if it was.
    """

    def __init__(self, request: Request, found: bool | None, wrong: str = "") -> None:
        super().__init__()
        self.request, self.found, self.wrong = request, found, wrong


class AccessTested(Message):
    """The bucket was asked; it lets us write."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
