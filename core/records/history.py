"""The history of runs, in the state directory: the newest ten thousand of the last three years.

The front ends write it, through `run_recorded`; the library's call writes no history. It holds no
secrets: a connection is stored by name or not at all. An error while reading or writing it never
fails a run.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Final

from core.engines import EngineName
from core.events import Listener
from core.preview.cost import FormerRun
from core.records.entry import FrontEnd, HistoryEntry
from core.records.history_store import load, store
from core.records.run import run_and_report
from core.request.request import Request
from core.runtime.cancel import Cancel

if TYPE_CHECKING:
    from core.outcome import Outcome, Skipped
    from core.warehouse.lending import Lender

SHOWN: Final = 1_000


def run_recorded(
    request: Request,
    *,
    by: FrontEnd,
    demo: bool = False,
    connection_name: str | None = None,
    on_event: Listener | None = None,
    cancel: Cancel | None = None,
    signed_in: Lender | None = None,
) -> Outcome | Skipped:
    """Run a transfer that no other process runs, and record its end; then notify of it.

    Args:
        request: the request to run.
        by: the front end that runs it.
        demo: whether `request` uses the embedded warehouse and bucket.
        connection_name: the name to record if the request holds the arguments of a named
            connection, such as one whose password the user has just typed.
        on_event: as for `run_transfer`.
        cancel: as for `run_transfer`.
        signed_in: as for `run_transfer`.
    """
    return run_and_report(
        request,
        by=by,
        demo=demo,
        connection_name=connection_name,
        on_event=on_event,
        cancel=cancel,
        on_end=record,
        exclusive=True,
        signed_in=signed_in,
    )


def record(entry: HistoryEntry) -> None:
    """Append a run to the history, and delete the oldest.

    It does nothing if it cannot write: a run must not fail because it could not be recorded.
    """
    with suppress(Exception):
        store(entry)


def read_history(
    limit: int = SHOWN,
    *,
    table: str = "",
    since: datetime | None = None,
    words: str = "",
    demo: bool | None = None,
    destination: str = "",
    delivered: bool | None = None,
) -> list[HistoryEntry]:
    """Return the newest runs, newest first; none if the history cannot be read.

    Args:
        limit: the most runs.
        table: only of this table: its full name, or the last parts of it, in any case.
        since: only of runs that started at this time or later.
        words: only of runs in whose table, URL, outcome, message, engine, window, front end and id
            all these words occur, in any case.
        demo: only of runs that used, or did not use, the embedded warehouse and bucket.
        destination: only of runs to this URL of a bucket and a prefix.
        delivered: only of runs with, or without, a delivery, whether or not it was verified.
    """
    found = load(
        limit,
        table=table,
        since=since.timestamp() if since else None,
        words=tuple(words.split()),
        demo=demo,
        destination=destination,
        delivered=delivered,
    )
    return list(found)


def find_former_runs(*, demo: bool) -> tuple[FormerRun, ...]:
    """Return the deliveries from which `core.preview.cost` takes its rates, newest first.

    Args:
        demo: return those that used the embedded warehouse and bucket; else all others.
    """
    return tuple(
        FormerRun(EngineName(each.engine), rows, each.seconds)
        for each in read_history(demo=demo, delivered=True)
        # The duration of a run with a verification includes it.
        if each.engine in list(EngineName) and not each.comparison
        if isinstance(rows := each.totals.get("rows_read"), int)
    )
