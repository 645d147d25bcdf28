"""OpenTelemetry: a span of the run with one for each of its phases, and metrics of its end.

The providers are those that the program, or `opentelemetry-instrument`, has configured. Spans are
made at the end, from the times that were noted, so that a run is not slowed down. Names of
attributes follow the semantic conventions where these have one
(https://opentelemetry.io/docs/specs/semconv/db/).
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import context, metrics, trace
from opentelemetry.trace import SpanKind, Status, StatusCode

from core.events import Event, Phase, Progress

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter

    from core.records.entry import HistoryEntry

NAME: Final = "amplify_transfer"


class Tracing:
    """Observes a run; the span that is current when it is made is the parent of the run's."""

    def __init__(self) -> None:
        self._parent = context.get_current()
        self._started = time.time_ns()
        self._phases: list[tuple[Phase, int]] = []

    def note(self, event: Event) -> None:
        """Note when a phase begins."""
        if not isinstance(event, Progress):
            return
        if not self._phases or self._phases[-1][0] is not event.phase:
            self._phases.append((event.phase, time.time_ns()))

    def end(self, entry: HistoryEntry, deadline: float) -> None:
        """Make the spans and the metrics, and have them sent."""
        ended = time.time_ns()
        about = _describe(entry)
        tracer = trace.get_tracer_provider().get_tracer(NAME)
        span = tracer.start_span(
            "transfer",
            context=self._parent,
            kind=SpanKind.CLIENT,
            start_time=self._started,
            attributes=about,
        )
        inside = trace.set_span_in_context(span, self._parent)
        ends = [begin for _, begin in self._phases[1:]] + [ended]
        for (phase, begin), end in zip(self._phases, ends, strict=False):
            tracer.start_span(phase.value, context=inside, start_time=begin).end(end)
        if entry.exit_code:
            span.set_status(Status(StatusCode.ERROR, entry.outcome))
        span.end(ended)
        _record(metrics.get_meter_provider().get_meter(NAME), entry)
        _flush(deadline)


def _describe(entry: HistoryEntry) -> dict[str, Any]:
    """Return the attributes of the span: no text of an error, no secret and no value."""
    database, _, rest = entry.table.partition(".")
    found: dict[str, Any] = {
        "db.system.name": "snowflake",
        "db.collection.name": entry.table,
        "db.namespace": database if rest else "",
        "amplify_transfer.run_id": entry.run_id,
        "amplify_transfer.outcome": entry.outcome,
        "amplify_transfer.exit_code": entry.exit_code,
        "amplify_transfer.destination": entry.destination,
        "amplify_transfer.engine": entry.engine,
        "amplify_transfer.months": entry.window,
        "amplify_transfer.rows_read": entry.totals.get("rows_read"),
        "amplify_transfer.rows": entry.rows,
        "amplify_transfer.bytes": entry.bytes,
    }
    if entry.exit_code:
        found["error.type"] = entry.outcome
    return {name: value for name, value in found.items() if value not in (None, "")}


@lru_cache(maxsize=4)
def _make_instruments(meter: Meter) -> tuple[Any, Any, Any]:
    """Return the instruments of a meter, which warns if they are made twice."""
    return (
        meter.create_histogram(f"{NAME}.duration", "s", "The duration of runs."),
        meter.create_counter(f"{NAME}.rows", "{row}", "The rows that were delivered."),
        meter.create_counter(f"{NAME}.bytes", "By", "The bytes that were delivered."),
    )


def _record(meter: Meter, entry: HistoryEntry) -> None:
    about = {"db.collection.name": entry.table, "amplify_transfer.outcome": entry.outcome}
    duration, rows, size = _make_instruments(meter)
    duration.record(entry.seconds, about)
    if entry.objects:
        rows.add(entry.rows or 0, about)
        size.add(entry.bytes or 0, about)


def _flush(deadline: float) -> None:
    """Have what is pending sent, until the deadline: a process may exit without its handlers."""
    flushes = [
        flush
        for provider in (trace.get_tracer_provider(), metrics.get_meter_provider())
        if (flush := getattr(provider, "force_flush", None))
    ]

    def run() -> None:
        for flush in flushes:
            with suppress(Exception):
                flush(max(1, round((deadline - time.monotonic()) * 1000)))

    thread = threading.Thread(target=run, name="telemetry", daemon=True)
    thread.start()
    thread.join(max(0.0, deadline - time.monotonic()))
