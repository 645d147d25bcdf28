"""Compare Snowflake, the delivered file and the totals of the run.

Every month and every summed column is compared, without sampling: exact numbers exactly, floats
to 1e-9 relative to the magnitude of the summed values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from core.aggregation.reconciliation import RunTotals, Total
from core.planning.plan import Plan
from core.verify.month_totals import Figures, Month, MonthFigures, add_up
from core.verify.source_totals import Snapshot, SourceTotals

MOST_DIFFERENCES = 100
SNOWFLAKE, FILE, RUN = "Snowflake", "the file", "the run"
_STATES = {
    Snapshot.READ: "as it was read",
    Snapshot.BEFORE: "as it was when the read began, because it was changed meanwhile",
    Snapshot.NOW: "as it is now",
}


class Copy(StrEnum):
    """Which copy of the delivery was read.

    `ENCRYPTED`: the local one before its encryption, while the object was compared by its SHA-256.
    """

    BUCKET = "bucket"
    LOCAL = "local"
    ENCRYPTED = "encrypted"
    NONE = "none"


@dataclass(frozen=True)
class ReadBack:
    """The figures of the delivered file.

    Attributes:
        figures: the groups and totals of each month; None if the file was not read.
        copy: which copy was read.
        why: one clause on why the one in the bucket was not read; empty if it was.
    """

    figures: Figures | None
    copy: Copy
    why: str = ""


@dataclass(frozen=True)
class Difference:
    """One figure that differs between two parties.

    Attributes:
        figure: its name: `rows read`, `blank rows`, `rows without a date`, `bad dates`, `rows`
            (of the delivery), or `sum`.
        column: the summed column; empty for counts.
        month: such as `2024-03`, or `NULL`; empty for the total over all months.
        values: the two parties, each with its value.
    """

    figure: str
    column: str
    month: str
    values: tuple[tuple[str, str], tuple[str, str]]

    def __str__(self) -> str:
        """Describe the difference.

        For example: `the sum of AMT in 2024-03 is 0.30 for the file, 0.31 for Snowflake`.
        """
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
    """The result of a verification.

    Attributes:
        agrees: True if nothing differs; False if something does; None if the only differences are
            to the present state of the source, which may have changed since it was read.
        snapshot: the state of the source that was queried.
        snapshot_why: why it was not the state that the run read; empty if it was.
        copy: which copy of the delivery was read.
        copy_why: why it was not the one in the bucket; empty if it was.
        rows: rows of the source that were read.
        groups: rows of the delivery.
        months: the number of months compared, the NULL month included.
        columns: the summed columns compared.
        differences: up to 100 of them, those in sums of a month first.
        difference_count: the number of all differences.
        query_id: Snowflake's id of the statement that queried the source.
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
    def may_be_of_change(self) -> bool:
        """Whether a change of the source while it was read can explain all differences."""
        return (
            not self.agrees
            and self.snapshot is Snapshot.READ
            and all(each.concerns_snowflake for each in self.differences)
        )

    @property
    def how(self) -> str:
        """One sentence on which state of the source and which copy of the file were compared."""
        source = f"Snowflake was queried for the source {_STATES[self.snapshot]}"
        source += _because(self.snapshot_why)
        read = {
            Copy.BUCKET: "the file was read back from S3",
            Copy.LOCAL: "the file was read from the local copy",
            Copy.ENCRYPTED: "the file was read before its encryption, and the object in S3 has the "
            "SHA-256 of the encrypted file",
            Copy.NONE: "the file was not read",
        }[self.copy]
        return f"{source}; {read}{_because(self.copy_why)}."

    def __str__(self) -> str:
        """Describe the result in one or two sentences, for messages."""
        counts = f"{self.rows:,} rows, {self.groups:,} groups, {len(self.columns)} sums"
        if self.agrees:
            return f"Verified: {counts} agree over {self.months:,} months. {self.how}"
        more = f" ({self.difference_count:,} differences)" if self.difference_count > 1 else ""
        first = f"{self.differences[0]}{more}"
        if self.agrees is None:
            return (
                "Not verified against the source, which may have changed since it was read: "
                f"{first}. {self.how}"
            )
        return f"Not verified: {first}. {self.how}"

    def as_dict(self) -> dict[str, Any]:
        """Return the comparison for JSON, as reports and the history hold it."""
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


def compare(plan: Plan, totals: RunTotals, source: SourceTotals, read: ReadBack) -> Comparison:
    """Compare each of the three parties with each other.

    Args:
        plan: the plan of the run.
        totals: the totals of the run.
        source: the totals that Snowflake computed from the source.
        read: the figures of the file.
    """
    columns = tuple(column.name for column in plan.sums)
    found = [
        *_compare_counts(totals, source),
        *_compare_totals(columns, totals, source.figures, read.figures),
    ]
    if read.figures is not None:
        found += _compare_months(columns, source.figures, read.figures)
    agrees: bool | None = not found
    if found and source.snapshot is Snapshot.NOW and all(each.concerns_snowflake for each in found):
        agrees = None
    return Comparison(
        agrees=agrees,
        snapshot=source.snapshot,
        snapshot_why=source.why,
        copy=read.copy,
        copy_why=read.why,
        rows=totals.rows_read,
        groups=totals.groups,
        months=len(source.figures.keys() | (read.figures or {}).keys()),
        columns=columns,
        differences=tuple(sorted(found, key=_rank)[:MOST_DIFFERENCES]),
        difference_count=len(found),
        query_id=source.query_id,
    )


def _rank(difference: Difference) -> tuple[bool, bool]:
    """Return a sort key: sums of a month first (they locate errors), then any with Snowflake."""
    return not (difference.column and difference.month), not difference.concerns_snowflake


def _compare_counts(totals: RunTotals, source: SourceTotals) -> Iterator[Difference]:
    for figure, by_run, by_snowflake in (
        ("rows read", totals.rows_read, source.rows),
        ("blank rows", totals.blank_rows, source.blank_rows),
        ("rows without a date", totals.null_dates, source.null_dates),
        ("bad dates", totals.bad_dates, source.bad_dates),
    ):
        if by_run != by_snowflake:
            yield _difference(figure, "", "", (RUN, by_run), (SNOWFLAKE, by_snowflake))


def _compare_totals(
    columns: tuple[str, ...], totals: RunTotals, source: Figures, read: Figures | None
) -> Iterator[Difference]:
    """Compare the totals over all months with the run's totals of rows read and rows written."""
    sides = [(SNOWFLAKE, source, totals.read)]
    if read is not None:
        sides.append((FILE, read, totals.written))
    for party, figures, by_run in sides:
        found = add_up(figures, len(columns))
        if found.groups != totals.groups:
            yield _difference("rows", "", "", (RUN, totals.groups), (party, found.groups))
        for n, (column, total) in enumerate(zip(columns, found.sums, strict=True), 1):
            own, of_read = by_run.get(f"sum_{n}"), totals.read.get(f"sum_{n}")
            if own and of_read:
                # The tolerance for rounding is relative to the magnitude, which only `read` holds.
                own = Total(own.value, of_read.magnitude)
            if not _are_equal(own, total):
                yield _difference("sum", column, "", (RUN, own), (party, total))


def _compare_months(
    columns: tuple[str, ...], source: Figures, read: Figures
) -> Iterator[Difference]:
    none = MonthFigures(0, (None,) * len(columns))
    for month in sorted(source.keys() | read.keys(), key=lambda each: (each is None, each)):
        there, here = source.get(month, none), read.get(month, none)
        name = _format_month(month)
        if there.groups != here.groups:
            yield _difference("rows", "", name, (FILE, here.groups), (SNOWFLAKE, there.groups))
        for column, one, other in zip(columns, here.sums, there.sums, strict=True):
            if not _are_equal(other, one):
                yield _difference("sum", column, name, (FILE, one), (SNOWFLAKE, other))


def _are_equal(one: Total | None, other: Total | None) -> bool:
    """Whether two totals agree; `one` has the magnitude of the summed values. NULL is not 0."""
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
        figure, column, month, ((one[0], _format(one[1])), (other[0], _format(other[1])))
    )


def _format(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, Total):
        number = value.value
        return f"{number:f}" if isinstance(number, Decimal) else repr(number)
    return str(value)


def _format_month(month: Month) -> str:
    return "NULL" if month is None else month.removesuffix("-01")


def _because(why: str) -> str:
    return f" ({why})" if why else ""
