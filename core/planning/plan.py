"""The plan of a transfer: the role of each column, by default or as requested.

By default the date column is truncated to its month, every numeric column is summed, and every
other column is a key. A request can change the role of each column.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from core.errors import UsageError
from core.planning.date_formats import DateFormat
from core.planning.detection import DateCandidate, choose_date, find_identifiers
from core.planning.flags import (
    warn_of_identifiers,
    warn_of_names,
    warn_of_not_additive,
    warn_of_nothing,
)
from core.planning.grain import Grain, measure_grain
from core.planning.names import check_delivered_names, find_name, join_names, warn_of_hidden
from core.planning.not_additive import find_not_additive
from core.planning.source import Source, SourceColumn
from core.planning.window import Window, find_window
from core.remedy import Advice, Remedy
from core.request.options.values import TimestampUnit
from core.request.request import Request

if TYPE_CHECKING:
    import datetime

Sample = Mapping[str, Sequence[object]]


class Role(StrEnum):
    """The role of a column: its month is taken, it is summed, grouped by, or left out."""

    MONTH = "month"
    SUM = "sum"
    KEY = "key"
    DROP = "drop"


@dataclass(frozen=True)
class PlannedColumn:
    """A column and its role.

    Attributes:
        source: the column.
        role: its role.
        why: the reason for the role, in a few words.
        identifier: why a numeric column looks like an identifier; empty if it does not, and for
            columns that the user chose to sum.
        not_additive: why the sum of a numeric column may mean nothing; empty as for `identifier`.
        renamed: its name in the delivery; empty if it keeps its own.
    """

    source: SourceColumn
    role: Role
    why: str
    identifier: str = ""
    not_additive: str = ""
    renamed: str = ""

    @property
    def name(self) -> str:
        """The column's name."""
        return self.source.name

    @property
    def delivered_name(self) -> str:
        """The column's name in the delivery."""
        return self.renamed or self.name


@dataclass(frozen=True)
class Plan:
    """The role of every column of a source. An invalid plan cannot be constructed.

    Attributes:
        source: the table or view.
        columns: every column of the source, in its order.
        month_format: the format of the month column's text, or the unit of its numbers; None if
            its type is a date or timestamp.
        alternatives: other columns that could be the date, the most likely first.
        on_bad_date: `fail`, or `null` to put dates that cannot be parsed into the NULL month.
        future: a sentence about sampled months after the current one; empty without any.
        window: the months that are read; None for all months.
        dropped: the columns that the request leaves out by name.
        grain: the keys because of which more than half of the rows come out; None if there are no
            such keys.
        timestamp_unit: `us`, or `ns` to deliver the nanoseconds of the keys that have them.

    Raises:
        ValueError: `columns` are not those of the source, or a role is not possible.
    """

    source: Source
    columns: tuple[PlannedColumn, ...]
    month_format: DateFormat | None = None
    alternatives: tuple[DateCandidate, ...] = ()
    on_bad_date: Literal["fail", "null"] = "fail"
    future: str = ""
    window: Window | None = None
    dropped: tuple[str, ...] = ()
    grain: Grain | None = None
    timestamp_unit: TimestampUnit = "us"

    def __post_init__(self) -> None:
        if [column.source for column in self.columns] != list(self.source.columns):
            raise ValueError("a plan names every column of its source once, in its order")
        if len(self._with(Role.MONTH)) != 1:
            raise ValueError("a plan has exactly one month column")
        for column in self.sums:
            if not column.source.type.numeric:
                raise ValueError(f"{column.name} is {column.source.type.text}: it has no sum")

    def _with(self, role: Role) -> tuple[PlannedColumn, ...]:
        return tuple(column for column in self.columns if column.role is role)

    @property
    def month(self) -> PlannedColumn:
        """The month column."""
        return self._with(Role.MONTH)[0]

    @property
    def keys(self) -> tuple[PlannedColumn, ...]:
        """The key columns, in table order."""
        return self._with(Role.KEY)

    @property
    def sums(self) -> tuple[PlannedColumn, ...]:
        """The summed columns, in table order."""
        return self._with(Role.SUM)

    @property
    def delivered(self) -> tuple[PlannedColumn, ...]:
        """The columns of the delivery, in table order."""
        return tuple(column for column in self.columns if column.role is not Role.DROP)

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings about the plan, in whole sentences."""
        said: list[str] = [self.grain.sentence] if self.grain else []
        said += warn_of_identifiers({c.name: c.identifier for c in self.sums if c.identifier})
        unclear = {c.name: c.not_additive for c in self.sums if c.not_additive}
        said += warn_of_not_additive(unclear, self.dropped)
        if self.alternatives:
            others = [f"{other.column} ({other.why})" for other in self.alternatives]
            said.append(
                Advice(
                    f"The date column is {self.month.name} ({self.month.why}); "
                    f"it could also be {join_names(others)}. Choose another: ",
                    Remedy("date_column"),
                    ".",
                )
            )
        if self.future:
            said.append(Advice(f"{self.future} Give another format: ", Remedy("date_format"), "."))
        delivered = [column.delivered_name for column in self.delivered]
        if len(self.columns) > 1:
            said += warn_of_nothing(delivered)
        said += warn_of_names(delivered)
        columns = [("column", column.name) for column in self.columns]
        return (*said, *warn_of_hidden([("table", str(self.source.name)), *columns]))

    def flag(self, column: PlannedColumn) -> str:
        """Return the flag of a column in a few words; empty if it has none."""
        if column.role is Role.SUM and column.identifier:
            return f"looks like an identifier: {column.identifier}"
        if column.role is Role.SUM and column.not_additive:
            return f"its sum may mean nothing: {column.not_additive}"
        for name, distinct in self.grain.causes if self.grain else ():
            if name == column.name:
                return f"{distinct:,} different values in the sample: few rows share one"
        return ""


def make_plan(
    source: Source, sample: Sample, request: Request, *, today: datetime.date | None = None
) -> Plan:
    """Make the plan of a request.

    Args:
        source: the table or view.
        sample: sampled values by column name, for detection.
        request: the request.
        today: the date at Snowflake, which decides which months are the last ones; needed only
            for a request of the last months.

    Raises:
        UsageError: a column is unknown, named twice, or cannot have the requested role.
        SourceDataError: there is no date column, or its format is ambiguous.
    """
    asked = _find_requested_roles(source, request)
    free = [c for c in source.columns if asked.get(c.name, Role.MONTH) is Role.MONTH]
    date, alternatives = choose_date(
        free if request.date_column is None else source.columns,
        sample,
        column=next((name for name, role in asked.items() if role is Role.MONTH), None),
        date_format=request.date_format,
    )
    names = _find_names(source, request)
    flags = find_identifiers(source.columns)
    unclear = find_not_additive(source.columns)

    def plan_column(column: SourceColumn) -> PlannedColumn:
        return replace(choose_role(column), renamed=names.get(column.name, ""))

    def choose_role(column: SourceColumn) -> PlannedColumn:
        flag = flags.get(column.name, "")
        if column.name == date.column:
            return PlannedColumn(column, Role.MONTH, date.why, flag)
        if column.name in asked:
            role = asked[column.name]
            # A sum that the user chose needs no warning.
            return PlannedColumn(column, role, "set by you", "" if role is Role.SUM else flag)
        role, why = _choose_default_role(column, flag, request)
        return PlannedColumn(column, role, why, flag, "" if flag else unclear.get(column.name, ""))

    plan = Plan(
        source,
        tuple(plan_column(column) for column in source.columns),
        date.format,
        alternatives,
        request.on_bad_date,
        date.future,
        find_window(request, today),
        request.drop_columns,
        timestamp_unit=request.timestamp_unit,
    )
    check_delivered_names([(column.name, column.delivered_name) for column in plan.delivered])
    keys = [column.source for column in plan.keys]
    grain = measure_grain(source, keys, plan.month.source, date.format, sample, request)
    if grain and plan.window:  # the sample is one of all months
        grain = replace(grain, counted=False)
    return replace(plan, grain=grain)


def _find_requested_roles(source: Source, request: Request) -> dict[str, Role]:
    """Return the roles of the columns that the request names."""
    by_role: tuple[tuple[Role, Iterable[str]], ...] = (
        (Role.MONTH, [request.date_column] if request.date_column else []),
        (Role.SUM, request.sum_columns or ()),
        (Role.KEY, request.key_columns or ()),
        (Role.DROP, request.drop_columns),
    )
    types = {column.name: column.type for column in source.columns}
    asked: dict[str, Role] = {}
    for role, names in by_role:
        for wanted in names:
            name = find_name(wanted, list(types), "column")
            if name in asked:
                raise UsageError(
                    f"Column {name} is named twice: as {asked[name]} and as {role}.",
                    "A column has one role: name it once.",
                )
            if role is Role.SUM and not types[name].numeric:
                raise UsageError(
                    f"Column {name} is {types[name].text}: it cannot be summed.",
                    _list_numeric(source),
                )
            asked[name] = role
    return asked


def _find_names(source: Source, request: Request) -> dict[str, str]:
    """Return the names that the request gives columns, by the names in the table."""
    known = [column.name for column in source.columns]
    names: dict[str, str] = {}
    for wanted, new in (request.rename or {}).items():
        name = find_name(wanted, known, "column")
        if name in names:
            raise UsageError(
                f"Column {name} is renamed twice: to {names[name]} and to {new}.",
                "A column has one name: rename it once.",
            )
        names[name] = new
    return names


def _list_numeric(source: Source) -> str:
    numeric = [column.name for column in source.columns if column.type.numeric]
    return f"Numeric columns: {join_names(numeric)}." if numeric else "No column is numeric."


def _choose_default_role(column: SourceColumn, flag: str, request: Request) -> tuple[Role, str]:
    if not column.type.numeric:
        if request.key_columns is not None:
            return Role.DROP, "not among your key columns"
        return Role.KEY, "not numeric"
    if request.sum_columns is not None:
        return Role.DROP, "not among your sum columns"
    if flag and request.drop_identifiers:
        return Role.DROP, f"identifier: {flag}"
    return Role.SUM, "numeric"
