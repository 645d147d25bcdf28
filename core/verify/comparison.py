"""Where Snowflake, the delivered file and the totals of the run differ, if at all.

Everything is compared, nothing is sampled; figures exactly, floats to 1e-9 relative to the
magnitude of what was summed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from core.aggregation.reconciliation import RunTotals, Total
from core.planning.plan import Plan
from core.verify.month_totals import Figures, Month, MonthFigures, whole
from core.verify.source_totals import Snapshot, SourceTotals

SHOWN = 100
SNOWFLAKE, FILE, BOOKS = "Snowflake", "the file", "the books"
_ZERO = Total(Decimal(0))


class Copy(StrEnum):
    """Which copy of the delivery was read."""

    BUCKET = "bucket"
    LOCAL = "local"
    NONE = "none"


@dataclass(frozen=True)
class ReadBack:
    """What the delivered file holds.

    Attributes:
        figures: the groups and totals of each month; None if it was not read.
        copy: which copy was read.
        why: why not the one in the bucket; one clause.
    """

    figures: Figures | None
    copy: Copy
    why: str = ""


@dataclass(frozen=True)
class Difference:
    """One figure that two parties have differently.

    Attributes:
        figure: what it is: `rows read`, `blank rows`, `rows without a date`, `bad dates`, `rows`
            (of the delivery), or `sum`.
        column: the summed column; empty for counts.
        month: such as `2024-03`, or `NULL`; empty for the whole.
        values: the two parties and what each has.
    """

    figure: str
    column: str
    month: str
    values: tuple[tuple[str, str], tuple[str, str]]

    def __str__(self) -> str:
        """Such as `the sum of AMT in 2024-03 is 0.30 in the file, 0.31 at Snowflake`."""
        what = f"the sum of {self.column}" if self.column else f"the number of {self.figure}"
        (one, here), (other, there) = self.values
        where = f" in {self.month}" if self.month else ""
        return f"{what}{where} is {here} for {one}, {there} for {other}"

    @property
    def concerns_snowflake(self) -> bool:
        """Whether Snowflake is one of the two."""
        return any(party == SNOWFLAKE for party, _ in self.values)


@dataclass(frozen=True)
class Comparison:
    """What a verification found.

    Attributes:
        agrees: True if nothing differs; False if something does; None if only the source, as it is
            now, differs from what was read: it may have changed meanwhile.
        snapshot: the state of the source that Snowflake was asked about.
        snapshot_why: why not that of the read; empty if it was.
        copy: which copy of the delivery was read.
        copy_why: why not the one in the bucket; empty if it was.
        rows: rows of the source that were read.
        groups: rows of the delivery.
        months: the months compared, the NULL month included.
        columns: the summed columns compared.
        differences: up to 100 of them, those of the whole first.
        difference_count: how many there are.
        query_id: Snowflake's id of the statement that asked.
    """

    agrees: bool | None
    snapshot: Snapshot
    snapshot_why: str
    copy: Copy
    copy_why: str
    rows: int
    groups: int
    months: int
    columns: tuple[str, ...]
    differences: tuple[Difference, ...] = field(default=())
    difference_count: int = 0
    query_id: str = ""

    @property
    def how(self) -> str:
        """Against what the comparison was made, in one sentence."""
        state = "as it was read" if self.snapshot is Snapshot.READ else "as it is now"
        asked = f"Snowflake was asked about the source {state}{_because(self.snapshot_why)}"
        read = {
            Copy.BUCKET: "the file was read back from S3",
            Copy.LOCAL: "the file was read from the local copy",
            Copy.NONE: "the file was not read",
        }[self.copy]
        return f"{asked}; {read}{_because(self.copy_why)}."

    def __str__(self) -> str:
        """One or two sentences for people."""
        counts = f"{self.rows:,} rows, {self.groups:,} groups, {len(self.columns)} sums"
        if self.agrees:
            return f"Verified: {counts} agree over {self.months:,} months. {self.how}"
        more = f" ({self.difference_count:,} differences)" if self.difference_count > 1 else ""
        first = f"{self.differences[0]}{more}"
        if self.agrees is None:
            return (
                f"Not verified against the source, which may have changed meanwhile: {first}. "
                f"{self.how}"
            )
        return f"Not verified: {first}. {self.how}"

    def as_dict(self) -> dict[str, Any]:
        """The comparison for JSON."""
        return {
            "agrees": self.agrees,
            "snapshot": self.snapshot.value,
            "snapshot_why": self.snapshot_why,
            "copy": self.copy.value,
            "copy_why": self.copy_why,
            "rows": self.rows,
            "groups": self.groups,
            "months": self.months,
            "columns": list(self.columns),
            "differences": [
                {
                    "figure": each.figure,
                    "column": each.column,
                    "month": each.month,
                    "values": dict(each.values),
                }
                for each in self.differences
            ],
            "difference_count": self.difference_count,
            "query_id": self.query_id,
        }


def compare(plan: Plan, totals: RunTotals, asked: SourceTotals, read: ReadBack) -> Comparison:
    """Compare the three parties, each with each.

    Args:
        plan: what was to be done.
        totals: what the run counted.
        asked: what Snowflake says.
        read: what the file holds.
    """
    columns = tuple(column.name for column in plan.sums)
    found = [*_counts(totals, asked), *_wholes(columns, totals, asked.figures, read.figures)]
    if read.figures is not None:
        found += _months(columns, asked.figures, read.figures)
    certain = asked.snapshot is Snapshot.READ
    agrees: bool | None = not found
    if found and not certain and all(each.concerns_snowflake for each in found):
        agrees = None
    return Comparison(
        agrees=agrees,
        snapshot=asked.snapshot,
        snapshot_why=asked.why,
        copy=read.copy,
        copy_why=read.why,
        rows=totals.rows_read,
        groups=totals.groups,
        months=len(asked.figures.keys() | (read.figures or {}).keys()),
        columns=columns,
        differences=tuple(sorted(found, key=_weight)[:SHOWN]),
        difference_count=len(found),
        query_id=asked.query_id,
    )


def _weight(difference: Difference) -> tuple[bool, bool]:
    """A sum of a month says most; what stands against Snowflake's word comes first."""
    return not (difference.column and difference.month), not difference.concerns_snowflake


def _counts(totals: RunTotals, asked: SourceTotals) -> Iterator[Difference]:
    for figure, booked, counted in (
        ("rows read", totals.rows_read, asked.rows),
        ("blank rows", totals.blank_rows, asked.blank_rows),
        ("rows without a date", totals.null_dates, asked.null_dates),
        ("bad dates", totals.bad_dates, asked.bad_dates),
    ):
        if booked != counted:
            yield _difference(figure, "", "", (BOOKS, booked), (SNOWFLAKE, counted))


def _wholes(
    columns: tuple[str, ...], totals: RunTotals, asked: Figures, read: Figures | None
) -> Iterator[Difference]:
    """The totals over all months, against the books of what was read and of what was written."""
    sides = [(SNOWFLAKE, asked, totals.read)]
    if read is not None:
        sides.append((FILE, read, totals.written))
    for party, figures, booked in sides:
        found = whole(figures, len(columns))
        if found.groups != totals.groups:
            yield _difference("rows", "", "", (BOOKS, totals.groups), (party, found.groups))
        for n, (column, total) in enumerate(zip(columns, found.sums, strict=True), 1):
            mine = booked.get(f"sum_{n}", _ZERO)
            # The books of what was read know the magnitude that rounding is measured by.
            size = totals.read.get(f"sum_{n}", _ZERO).magnitude
            if not _equal(Total(mine.value, size), total or _ZERO):
                yield _difference("sum", column, "", (BOOKS, mine), (party, total or _ZERO))


def _months(columns: tuple[str, ...], asked: Figures, read: Figures) -> Iterator[Difference]:
    none = MonthFigures(0, (None,) * len(columns))
    for month in sorted(asked.keys() | read.keys(), key=lambda each: (each is None, each)):
        there, here = asked.get(month, none), read.get(month, none)
        if there.groups != here.groups:
            yield _difference(
                "rows", "", _named(month), (FILE, here.groups), (SNOWFLAKE, there.groups)
            )
        for column, one, other in zip(columns, here.sums, there.sums, strict=True):
            if not _equal(other, one):
                yield _difference("sum", column, _named(month), (FILE, one), (SNOWFLAKE, other))


def _equal(one: Total | None, other: Total | None) -> bool:
    """Whether two totals agree; `one` knows the magnitude of what it sums. NULL is not 0."""
    if one is None or other is None:
        return one is other
    if isinstance(one.value, Decimal) and isinstance(other.value, float):
        one, other = other, one  # Snowflake's rounded total of numbers beyond 38 digits
    return one.agrees(other)


def _difference(
    figure: str,
    column: str,
    month: str,
    one: tuple[str, object],
    other: tuple[str, object],
) -> Difference:
    return Difference(
        figure, column, month, ((one[0], _shown(one[1])), (other[0], _shown(other[1])))
    )


def _shown(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, Total):
        number = value.value
        return f"{number:f}" if isinstance(number, Decimal) else repr(number)
    return str(value)


def _named(month: Month) -> str:
    return "NULL" if month is None else month.removesuffix("-01")


def _because(why: str) -> str:
    return f" ({why})" if why else ""
