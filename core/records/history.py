"""The history of runs, in the state directory: the newest ten thousand of the last three years.

The front ends write it, through `run_recorded`; the library's call writes no history. It holds no
secrets: a connection is stored by name or not at all. An error while reading or writing it never
fails a run.
"""

from __future__ import annotations

import time
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from core.engines import EngineName
from core.errors import DeliveredTransfer, TransferError
from core.events import Event, Listener, Planned
from core.preview.cost import FormerRun
from core.records.entry import DELIVERED, FrontEnd, HistoryEntry
from core.records.history_store import load, store
from core.request.request import Request
from core.runtime.cancel import Cancel

if TYPE_CHECKING:
    from core.outcome import Outcome

SHOWN: Final = 1_000
_TEXT: Final = 2_000  # characters of a message


def run_recorded(
    request: Request,
    *,
    by: FrontEnd,
    demo: bool = False,
    connection_name: str | None = None,
    on_event: Listener | None = None,
    cancel: Cancel | None = None,
) -> Outcome:
    """Call `core.transfer.run_transfer` and record its end in the history.

    Args:
        request: the request to run.
        by: the front end that runs it.
        demo: whether `request` uses the embedded warehouse and bucket.
        connection_name: the name to record if the request holds the arguments of a named
            connection, such as one whose password the user has just typed.
        on_event: as for `run_transfer`.
        cancel: as for `run_transfer`.
    """
    from core.transfer import run_transfer  # loads polars and pyarrow

    started, clock, run_id = datetime.now(UTC), time.monotonic(), uuid.uuid4().hex
    planned: dict[str, Any] = {}

    def listen(event: Event) -> None:
        if isinstance(event, Planned):
            planned.update(_describe_plan(event))
        if on_event is not None:
            on_event(event)

    def entry(**more: Any) -> HistoryEntry:
        asked = {"table": request.table, "url": request.bucket}
        kept = {
            "run_id": run_id,
            "destination": _find_destination(request),
            "request": _without_secrets(request, connection_name, demo=demo),
        }
        about = {**asked, **kept, **planned, **more}
        seconds = round(time.monotonic() - clock, 3)
        return HistoryEntry(started, seconds, by, demo, **about)

    try:
        outcome = run_transfer(request, on_event=listen, cancel=cancel, run_id=run_id)
    except TransferError as error:
        texts = {"message": _cut(error.stored), "hint": _cut(error.hint)}
        record(entry(**_describe(error.outcome), outcome=error.label, **texts))
        raise
    except Exception as error:  # its text may hold data
        record(entry(outcome=TransferError.label, message=f"Unexpected {type(error).__name__}."))
        raise
    record(entry(**_describe(outcome), outcome=DELIVERED))
    return outcome


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


def _without_secrets(request: Request, name: str | None, *, demo: bool) -> Request | None:
    if demo:  # its addresses and keys are valid only until it ends
        temporary = ("connection", "s3_options", "endpoint_url")
        return request.model_copy(update=dict.fromkeys(temporary))
    known = request.connection if isinstance(request.connection, str | None) else name
    if known is None and request.connection is not None:
        return None
    return request.model_copy(update={"connection": known, "s3_options": None})


def _describe(outcome: DeliveredTransfer | None) -> dict[str, Any]:
    """Return the fields of an entry that describe a delivery; none if there is no delivery."""
    from core.outcome import Outcome
    from core.records.report import objects_as_data, totals_as_dict

    if not isinstance(outcome, Outcome):
        return {}
    return {
        "table": str(outcome.plan.source.name),
        "url": outcome.url,
        "rows": outcome.row_count,
        "bytes": outcome.size,
        "result": outcome.result,
        "totals": totals_as_dict(outcome.plan, outcome.totals),
        "comparison": outcome.comparison.as_dict() if outcome.comparison else {},
        "engine": outcome.choice.engine.value,
        "window": str(outcome.plan.window or ""),
        "objects": tuple(objects_as_data(outcome.objects)),
    }


def _describe_plan(planned: Planned) -> dict[str, Any]:
    """Return the fields of an entry that describe a plan."""
    plan = planned.plan
    return {
        "table": str(plan.source.name),
        "columns": tuple({"name": each.name, "role": each.role.value} for each in plan.columns),
        "engine": planned.choice.engine.value,
        "window": str(plan.window or ""),
    }


def _find_destination(request: Request) -> str:
    from core.bucket.destination import Destination

    try:
        return Destination.parse(request.bucket).url()
    except TransferError:  # the run ends with it
        return ""


def _cut(text: str) -> str:
    return text if len(text) <= _TEXT else text[:_TEXT]
