"""Run a transfer, and report its end: to the history, and to whom the request notifies."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from core.errors import DeliveredTransfer, TransferError
from core.events import Event, Listener, Planned
from core.planning.delivered import describe_columns
from core.records.entry import DELIVERED, SKIPPED, UNCHANGED, FrontEnd, HistoryEntry
from core.request.request import Request
from core.request.targets import without_secrets
from core.runtime.cancel import NEVER, Cancel
from core.telemetry.observers import end_observers, note_event, open_observers

if TYPE_CHECKING:
    from core.outcome import Outcome, Skipped
    from core.warehouse.lending import Lender

_TEXT: Final = 2_000  # characters of a message


def run_and_report(
    request: Request,
    *,
    by: FrontEnd,
    demo: bool = False,
    connection_name: str | None = None,
    on_event: Listener | None = None,
    cancel: Cancel | None = None,
    on_end: Callable[[HistoryEntry], None] | None = None,
    exclusive: bool = False,
    signed_in: Lender | None = None,
) -> Outcome | Skipped:
    """Call `core.transfer.run_transfer`; call `on_end`, and then send the notifications.

    Args:
        request: the request to run.
        by: the front end that runs it.
        demo: whether `request` uses the embedded warehouse and bucket.
        connection_name: the name to record if the request holds the arguments of a named
            connection, such as one whose password the user has just typed.
        on_event: as for `run_transfer`.
        cancel: as for `run_transfer`.
        on_end: called with the run once it has ended; must not raise errors.
        exclusive: as for `run_transfer`.
        signed_in: as for `run_transfer`.
    """
    from core.outcome import Outcome
    from core.transfer import run_transfer  # loads polars and pyarrow

    started, clock, run_id = datetime.now(UTC), time.monotonic(), uuid.uuid4().hex
    planned: dict[str, Any] = {}
    observers = open_observers(request, run_id)

    def listen(event: Event) -> None:
        note_event(observers, event)
        if isinstance(event, Planned):
            planned.update(_describe_plan(event))
        if on_event is not None:
            on_event(event)

    def end(**more: Any) -> None:
        asked = {"table": request.table, "url": request.bucket}
        kept = {
            "run_id": run_id,
            "destination": _find_destination(request),
            "request": _without_secrets(request, connection_name, demo=demo),
        }
        seconds = round(time.monotonic() - clock, 3)
        entry = HistoryEntry(started, seconds, by, demo, **{**asked, **kept, **planned, **more})
        if on_end is not None:
            on_end(entry)
        end_observers(observers, entry)
        _notify(request, entry, on_event, cancel or NEVER)

    try:
        outcome = run_transfer(
            request,
            on_event=listen,
            cancel=cancel,
            run_id=run_id,
            exclusive=exclusive,
            signed_in=signed_in,
        )
    except TransferError as error:
        texts = {"message": _cut(error.stored), "hint": _cut(error.hint)}
        end(**_describe(error.outcome, request), outcome=error.label, **texts)
        raise
    except Exception as error:  # its text may hold data
        end(outcome=TransferError.label, message=f"Unexpected {type(error).__name__}.")
        raise
    if isinstance(outcome, Outcome):
        label = DELIVERED
    else:
        label = UNCHANGED if outcome.restatement else SKIPPED
    end(**_describe(outcome, request), outcome=label)
    return outcome


def _notify(
    request: Request, entry: HistoryEntry, on_event: Listener | None, cancel: Cancel
) -> None:
    if request.notify:
        from core.notify.send import notify

        notify(request, entry, on_event, cancel)


def _without_secrets(request: Request, name: str | None, *, demo: bool) -> Request | None:
    notified = without_secrets(request.notify)
    if demo:  # its addresses and keys are valid only until it ends
        temporary = ("connection", "s3_options", "endpoint_url")
        return request.replace(**dict.fromkeys(temporary), notify=notified)
    known = request.connection if isinstance(request.connection, str | None) else name
    if known is None and request.connection is not None:
        return None
    return request.replace(connection=known, s3_options=None, notify=notified)


def _describe(outcome: DeliveredTransfer | None, request: Request) -> dict[str, Any]:
    """Return the fields of an entry that describe a delivery; none if there is no delivery."""
    from core.outcome import Outcome, Skipped
    from core.records.report import objects_as_data, totals_as_dict
    from core.records.restatement import identify_series

    if isinstance(outcome, Skipped):
        about: dict[str, Any] = {"table": outcome.table, "url": outcome.url}
        if outcome.restatement:
            about["window"] = str(outcome.restatement)
        return {**about, "rows": outcome.row_count, "bytes": outcome.size, "result": outcome.result}
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
        "months": tuple(each.as_dict() for each in outcome.months),
        "series": identify_series(request, outcome.plan.source.name) if outcome.months else "",
    }


def _describe_plan(planned: Planned) -> dict[str, Any]:
    """Return the fields of an entry that describe a plan."""
    plan = planned.plan
    types = {each.source: each.type for each in describe_columns(plan)}
    columns = (
        {"name": each.name, "role": each.role.value, "type": types.get(each.name)}
        for each in plan.columns
    )
    return {
        "table": str(plan.source.name),
        "columns": tuple(columns),
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
