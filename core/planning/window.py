"""The window of a transfer: the months that are read, out of all months of the source."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from core.request.months import parse_month

if TYPE_CHECKING:
    from core.request.request import Request

_LAST = date(9999, 12, 1)  # the last month of a Snowflake date, and of a Python one


@dataclass(frozen=True)
class Window:
    """The months that are read, and whether rows without a date are.

    Attributes:
        since: the first day of the first month; None if there is no first month.
        until: the first day of the last month, which belongs to the window; None if there is no
            last month.
        undated: whether rows without a date are read too.
        without: the first days of months between these two that are not read.
    """

    since: date | None = None
    until: date | None = None
    undated: bool = False
    without: tuple[date, ...] = ()

    @property
    def end(self) -> date | None:
        """The first day after the window; None if there is no last month.

        Nothing is later than 9999-12, which therefore ends no window.
        """
        return add_months(self.until, 1) if self.until and self.until != _LAST else None

    @property
    def month(self) -> date | None:
        """The month of a window of one month; None for any other window."""
        return self.since if self.since == self.until else None

    def __str__(self) -> str:
        """Return the months as `2024-02`, `2024-02 to 2024-04`, `since 2024-02`, `until 2024-04`.

        Months between them that are not read follow as `without 2024-03`, and `and rows without a
        date` if these are read.
        """
        since, until = (each and write_month(each) for each in (self.since, self.until))
        if self.month:
            months = str(since)
        elif since and until:
            months = f"{since} to {until}"
        else:
            months = f"since {since}" if since else f"until {until}"
        if self.without:
            months = f"{months} without {', '.join(map(write_month, self.without))}"
        return f"{months} and rows without a date" if self.undated else months

    def as_dict(self) -> dict[str, Any]:
        """Return the window for JSON, as reports and the history hold it.

        Example:
            >>> Window(date(2024, 2, 1), undated=True).as_dict()
            {'since': '2024-02', 'until': None, 'undated': 'keep'}
        """
        since, until = (each and write_month(each) for each in (self.since, self.until))
        undated = "keep" if self.undated else "drop"
        found: dict[str, Any] = {"since": since, "until": until, "undated": undated}
        if self.without:
            found["without"] = list(map(write_month, self.without))
        return found

    def list_months(self) -> list[date]:
        """Return the first days of the months that are read.

        Raises:
            ValueError: there is no first or no last month.
        """
        if self.since is None or self.until is None:
            raise ValueError("the months of an open window cannot be counted")
        return [each for each in list_months(self.since, self.until) if each not in self.without]

    def restrict(self, months: Collection[date]) -> Window:
        """Return the window of some of these months, of which there is at least one."""
        first, last = min(months), max(months)
        without = tuple(each for each in list_months(first, last) if each not in months)
        return replace(self, since=first, until=last, without=without)


def find_window(request: Request, today: date | None) -> Window | None:
    """Return the window of a request; None if it reads all months.

    Args:
        request: the request.
        today: the date at Snowflake, in the time zone of the session, when the transfer is planned.
            It decides which months are the last ones; it is not needed for other windows.

    Raises:
        ValueError: the request has `last_months`, and `today` is None.
    """
    undated = request.undated == "keep"
    if request.last_months is not None:
        if today is None:
            raise ValueError("the last months are counted from a date")
        current = today.replace(day=1)
        last = current if request.include_current else add_months(current, -1)
        number = request.restate_months or request.last_months
        return Window(add_months(current, -number), last, undated)
    since = parse_month(request.since) if request.since else None
    until = parse_month(request.until) if request.until else None
    return Window(since, until, undated) if since or until else None


def add_months(month: date, count: int) -> date:
    """Return the first day of the month that is `count` months after `month`.

    Example:
        >>> add_months(date(2024, 1, 1), -1)
        datetime.date(2023, 12, 1)
    """
    number = month.year * 12 + month.month - 1 + count
    return date(number // 12, number % 12 + 1, 1)


def list_months(since: date, until: date) -> list[date]:
    """Return the first days of the months from `since` to `until`, which is included."""
    count = (until.year - since.year) * 12 + until.month - since.month + 1
    return [add_months(since, number) for number in range(count)]


def write_month(month: date) -> str:
    """Return a month as `2024-02`."""
    return month.isoformat()[:7]
