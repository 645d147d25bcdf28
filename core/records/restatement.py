"""Which months are delivered again: those whose figures differ from those of their last delivery.

Snowflake counts and sums each month, in one statement. The number of rows that come out and the sum
of each column are compared with those that the history of this machine has of the last delivery of
the month. So a change that leaves all of them as they were, such as an amount that moves from one
key to another with all else equal, is not noticed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final

from core.aggregation.delivered_months import DeliveredMonth
from core.aggregation.reconciliation import RunTotals, Total
from core.bucket.destination import Destination
from core.bucket.target import identify_run
from core.engines.grouped import check_bad_dates
from core.errors import IntegrityError
from core.outcome import Skipped
from core.planning.window import Window, add_months, write_month
from core.records.history_store import load
from core.verify.month_totals import MonthFigures
from core.verify.source_totals import read_source_totals

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

    from core.planning.names import TableName
    from core.planning.plan import Plan
    from core.planning.window import Window
    from core.request.request import Request
    from core.runtime.cancel import Cancel

_MALFORMED: Final = (ValueError, TypeError, KeyError, AttributeError, ArithmeticError)
_NAMED: Final = 3  # columns whose sums a reason names


@dataclass(frozen=True)
class MonthState:
    """What was found about a month.

    Attributes:
        month: its first day.
        due: whether it is delivered.
        why: the reason, in a few words.
        vanished: whether it was delivered and has no rows any more. Its object remains.
    """

    month: date
    due: bool
    why: str
    vanished: bool = False

    def __str__(self) -> str:
        """Return it as `2024-02 is delivered: 12 rows, were 11`."""
        end = "is delivered" if self.due else "is left out"
        return f"{write_month(self.month)} {end}: {self.why}"

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {"month": write_month(self.month), "due": self.due, "why": self.why}


@dataclass(frozen=True)
class Former:
    """The last delivery of a month, by the history.

    Attributes:
        delivered: when its run began, in UTC.
        timestamp: when its run was complete, in UTC.
        month: its figures.
        agreed: whether they count: the verification found no difference.
        url: the URL of its object.
    """

    delivered: datetime
    timestamp: datetime
    month: DeliveredMonth
    agreed: bool
    url: str


@dataclass(frozen=True)
class Restatement:
    """What was found about the months that a run looks at, the first one first.

    Attributes:
        months: the months.
        former: the last delivery of each, as far as one is known.
    """

    months: tuple[MonthState, ...]
    former: Mapping[date, Former]

    def __str__(self) -> str:
        """Return the months that were looked at, as `2024-02 to 2024-04`."""
        return str(Window(self.months[0].month, self.months[-1].month))

    @property
    def due(self) -> tuple[date, ...]:
        """The months that are delivered."""
        return tuple(each.month for each in self.months if each.due)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of the objects should know, in whole sentences."""
        return tuple(
            f"{write_month(each.month)} has no rows any more, so it is not delivered again: "
            f"{self.former[each.month].url} remains as it was."
            for each in self.months
            if each.vanished
        )

    def restrict(self, plan: Plan) -> Plan:
        """Return the plan for the months that are delivered; that of all if none is."""
        assert plan.window is not None  # noqa: S101 - for the type checker
        return replace(plan, window=plan.window.restrict(self.due)) if self.due else plan

    def skip(self, destination: Destination, table: TableName) -> Skipped:
        """Return the result of a run in which no month is due: that of the last deliveries.

        Args:
            destination: where they are.
            table: the full name of the table.
        """
        known = [each.month for each in self.former.values()]
        key = _find_folder([each.key for each in known])
        return Skipped(
            file_name=key,
            row_count=sum(each.rows for each in known),
            timestamp=max(each.timestamp for each in self.former.values()),
            url=destination.url(key),
            size=sum(each.size for each in known),
            table=str(table),
            restatement=self,
        )

    def as_data(self) -> list[dict[str, Any]]:
        """Return the months for JSON."""
        return [each.as_dict() for each in self.months]


def _find_folder(keys: Sequence[str]) -> str:
    """Return the prefix of whole directories that keys share; it ends in `/`, or is empty."""
    levels = zip(*(key.split("/")[:-1] for key in keys), strict=False)
    return "".join(f"{names[0]}/" for names in takewhile(lambda each: len({*each}) == 1, levels))


def identify_series(request: Request, table: TableName) -> str:
    """Return what the deliveries have in common that are compared with each other.

    It is the hash of what makes two runs the same: the table, the destination, and the template of
    the file's name.
    """
    same, _ = identify_run(request, table)
    return hashlib.sha256(json.dumps(same).encode()).hexdigest()


def find_due_months(
    connection: SnowflakeConnection, request: Request, plan: Plan, cancel: Cancel
) -> Restatement:
    """Compare the months of a plan with those that were delivered.

    Args:
        connection: an open session.
        request: the request, which has `restate_months`.
        plan: the plan, whose window has all of these months.
        cancel: stops the query.

    Raises:
        SourceDataError: dates do not parse, so that months are not known.
        TransferError: the query failed.
    """
    window, number = plan.window, request.restate_months
    assert window is not None  # noqa: S101 - for the type checker
    assert window.since is not None  # noqa: S101
    new = add_months(window.since, (number or 0) - (request.last_months or 0))
    found = read_source_totals(connection, plan, None, cancel)
    if plan.on_bad_date == "fail":
        check_bad_dates(connection, plan, RunTotals(bad_dates=found.bad_dates), cancel)
    former = find_former(request, plan.source.name, window)
    months = (
        _judge(plan, month, found.figures.get(month.isoformat()), former.get(month), month >= new)
        for month in window.list_months()
    )
    return Restatement(tuple(months), former)


def find_former(request: Request, table: TableName, window: Window) -> dict[date, Former]:
    """Return the last delivery of each month that the history of this machine has.

    Args:
        request: the request; deliveries of other names or destinations do not count.
        table: the full name of the table.
        window: the months.
    """
    series, wanted = identify_series(request, table), set(window.list_months())
    destination = Destination.parse(request.bucket)
    found: dict[date, Former] = {}
    for entry in load(table=str(table), destination=destination.url(), delivered=True):
        if not wanted - set(found):
            break
        if entry.series != series:
            continue
        with suppress(*_MALFORMED):
            ended = datetime.fromisoformat(str(entry.result["timestamp"]))
            agreed = entry.outcome != IntegrityError.label
            for each in map(DeliveredMonth.parse, entry.months):
                if each.month in wanted and each.month is not None:
                    url = destination.url(each.key)
                    found.setdefault(each.month, Former(entry.started, ended, each, agreed, url))
    return found


def _judge(
    plan: Plan, month: date, now: MonthFigures | None, former: Former | None, new: bool
) -> MonthState:
    """Decide whether a month is delivered.

    Args:
        plan: the plan.
        month: its first day.
        now: its figures in the table; None without rows.
        former: its last delivery; None if none is known.
        new: whether it is delivered for the first time too.
    """
    if former is None:
        why = "not delivered yet" if new else "no delivery is known, and it is not new"
        return MonthState(month, new, why)
    if now is None:
        return MonthState(month, False, "has no rows any more", vanished=True)
    if not former.agreed:
        return MonthState(month, True, "the last delivery did not agree with the table")
    changes = list(_list_changes(plan, now, former.month))
    if not changes:
        return MonthState(month, False, f"unchanged since {former.delivered:%Y-%m-%d %H:%M} UTC")
    more = len(changes) - _NAMED
    others = [f"{more} more"] if more > 0 else []
    return MonthState(month, True, "; ".join(["; ".join(changes[:_NAMED]), *others]))


def _list_changes(plan: Plan, now: MonthFigures, before: DeliveredMonth) -> Iterator[str]:
    """Yield what differs from the last delivery of a month, each in a few words."""
    sums = [each.name for each in plan.sums]
    if tuple(each.name for each in plan.keys) != before.keys or set(sums) != set(before.sums):
        yield "the columns have changed"
        return
    if now.groups != before.rows:
        yield f"{now.groups:,} rows, were {before.rows:,}"
    for name, figure in zip(sums, now.sums, strict=True):
        old = before.sums[name]
        if figure is None or old is None:
            same = figure is old
        else:
            same = figure.value == old.value or figure.agrees(old)
        if not same:
            yield f"{name} {_write(figure)}, was {_write(old)}"


def _write(total: Total | None) -> str:
    return f"{total.value:,}" if total else "NULL"
