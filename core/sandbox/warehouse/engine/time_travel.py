"""Time Travel: the rows of a table at a former time.

Rules: docs.snowflake.com "AT | BEFORE", "Understanding & using Time Travel". The rows are
those of the past, the columns those of the present table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from core.sandbox.warehouse import failures
from core.sandbox.warehouse.catalog.catalog import Table, Version
from core.sandbox.warehouse.partitions import Read


@dataclass(frozen=True)
class Trace:
    """The trace of a statement: the versions that it has `seen`, and the number of the latest
    change when it began or, if it `changed` rows or objects itself, of that change. `reads` are
    the partitions that it has read. `end` is the number of the latest change when it ended, if that
    is what AT(STATEMENT => ...) means; else None.
    """

    number: int
    seen: Mapping[Table, Version] = field(default_factory=dict)
    changed: bool = False
    reads: tuple[Read, ...] = ()
    end: int | None = None


class Point(Protocol):
    """The point in time of AT or BEFORE."""

    def version(self, table: Table) -> Version:
        """Return the table's rows at that time.

        Raises:
            Failure: 707 if they are not kept, or the table did not exist.
        """


@dataclass(frozen=True)
class AtStatement:
    """AT or BEFORE(STATEMENT => ...): what a statement saw; what it left or, before it, found."""

    trace: Trace
    before: bool

    def version(self, table: Table) -> Version:
        """See `Point.version`."""
        end = self.trace.end
        if end is not None and not self.before:
            return _last(table, [each for each in table.versions if each.number <= end])
        seen = self.trace.seen.get(table)
        if seen is not None:
            return _last(table, [each for each in table.versions if each.number == seen.number])
        latest = self.trace.number - (1 if self.before and self.trace.changed else 0)
        return _last(table, [each for each in table.versions if each.number <= latest])


@dataclass(frozen=True)
class AtMoment:
    """AT or BEFORE(TIMESTAMP => ... | OFFSET => ...)."""

    moment: datetime
    before: bool

    def version(self, table: Table) -> Version:
        """See `Point.version`."""
        return _last(
            table,
            [
                each
                for each in table.versions
                if each.moment < self.moment or (each.moment == self.moment and not self.before)
            ],
        )


def _last(table: Table, kept: list[Version]) -> Version:
    if not kept or not table.retention:
        raise failures.no_time_travel(table.name)
    return kept[-1]
