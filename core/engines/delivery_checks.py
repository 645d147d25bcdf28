"""Check the rows of a delivery against the conditions of the request, before it is visible."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from core.errors import CheckFailedError
from core.events import Warned
from core.planning.window import Window, write_month
from core.remedy import Advice, Remedy, join_remedies, join_texts
from core.request.conditions import parse_percentage

if TYPE_CHECKING:
    from core.bucket import Bucket
    from core.request.request import Request
    from core.runtime.progress import Reporter

_MOST_MONTHS: Final = 12  # that a message names

Failure = tuple[str, Remedy]


@dataclass(frozen=True)
class LastDelivery:
    """An earlier delivery of the same table to the same destination.

    Attributes:
        rows: the rows of its file, or files.
        timestamp: when it was complete, as the result JSON has it.
    """

    rows: int
    timestamp: str


@dataclass(frozen=True)
class DeliveryChecks:
    """The conditions of a request, and what is needed to check them.

    Attributes:
        request: the request.
        window: the months that are read.
        find_last: finds the last delivery; called only if the request compares with it.
        progress: receives a warning if there is no last delivery to compare with.
        outdated: the keys that say what the files of an earlier delivery are, which the run
            replaces. They are removed once the conditions are met, since the files come first.
        removed: those of them that were removed.
    """

    request: Request
    window: Window | None
    find_last: Callable[[Bucket], LastDelivery | None]
    progress: Reporter
    outdated: Sequence[str] = ()
    removed: list[str] = field(default_factory=list)

    def check(
        self, bucket: Bucket, rows: int, find_months: Callable[[], Collection[date | None]]
    ) -> None:
        """Check the rows that would be delivered.

        Args:
            bucket: where they would be delivered.
            rows: their number.
            find_months: returns the months that have rows; called only if the request needs them.

        Raises:
            CheckFailedError: a condition is not met; the message names all of these.
            TransferError: the months or the last delivery cannot be read.
        """
        failures = [*self._check_rows(rows), *self._check_change(bucket, rows)]
        if self.request.require_months:
            failures += self._check_months(find_months())
        if failures:
            options = join_remedies(remedy for _, remedy in failures)
            raise CheckFailedError(
                join_texts(text for text, _ in failures),
                Advice("Look at the table; or change what is demanded: ", options, "."),
            )
        self._remove_outdated(bucket)

    def _remove_outdated(self, bucket: Bucket) -> None:
        """Remove what would say of the new files what holds of the old, as far as it may be."""
        from core.bucket.checks import is_there
        from core.bucket.objects import remove_delivered  # these load botocore

        for key in self.outdated:
            if is_there(bucket, key) is False:
                continue  # so that a bucket with versions gets no mark of a removal
            if remove_delivered(bucket, [key], hurried=False):
                self.removed.append(key)
            else:
                url = bucket.destination.url(key)
                self.progress.report(
                    Warned(
                        f"{url} may not be removed (s3:DeleteObject): until the delivery is "
                        "complete, it describes the files of the earlier one."
                    )
                )

    def _check_rows(self, rows: int) -> Iterator[Failure]:
        least, most = self.request.min_rows, self.request.max_rows
        if least is not None and rows < least:
            text = f"There would be {rows:,} rows; at least {least:,} are demanded."
            yield text, Remedy("min_rows")
        if most is not None and rows > most:
            text = f"There would be {rows:,} rows; at most {most:,} are allowed."
            yield text, Remedy("max_rows")

    def _check_change(self, bucket: Bucket, rows: int) -> Iterator[Failure]:
        allowed = self.request.max_change
        if allowed is None:
            return
        last = self.find_last(bucket)
        if last is None:
            self.progress.report(
                Warned(
                    Advice(
                        "No earlier delivery of the table to this destination is known: the number "
                        "of rows was not compared (",
                        Remedy("max_change", allowed),
                        ").",
                    )
                )
            )
        elif abs(rows - last.rows) > parse_percentage(allowed) * last.rows:
            text = (
                f"There would be {rows:,} rows, {_describe_change(rows, last.rows)} the "
                f"{last.rows:,} of the last delivery, at {last.timestamp}; at most {allowed} are "
                "allowed."
            )
            yield text, Remedy("max_change")

    def _check_months(self, found: Collection[date | None]) -> Iterator[Failure]:
        wanted = (self.window or Window()).list_months()
        missing = sorted(set(wanted) - set(found))
        if missing:
            names = ", ".join(map(write_month, missing[:_MOST_MONTHS]))
            more = len(missing) - _MOST_MONTHS
            others = f" and {more:,} others" if more > 0 else ""
            text = (
                f"There would be no rows of {len(missing):,} of the {len(wanted):,} months that "
                f"are read: {names}{others}."
            )
            yield text, Remedy("require_months")


def _describe_change(rows: int, before: int) -> str:
    """Return the difference in words, such as `20.5% less than`."""
    if not before:
        return "more than"
    percent = f"{float(abs(Fraction(rows - before, before)) * 100):,.2f}".rstrip("0").rstrip(".")
    return f"{percent}% {'more' if rows > before else 'less'} than"
