"""The history of runs: one line of JSON per run, the newest thousand, in the state directory.

The front ends write it, through `run_recorded`; the library's call writes no history. It holds no
secrets: a connection is stored by name or not at all. An error while reading or writing it never
fails a run.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from pydantic import ValidationError

from core.engines import EngineName
from core.errors import DeliveredTransfer, TransferError
from core.events import Listener
from core.preview.cost import FormerRun
from core.records.history_file import HISTORY_FILE, read_lines
from core.remedy import as_data, from_data
from core.request.request import Request
from core.runtime.cancel import Cancel
from core.runtime.disk.paths import state_dir
from core.runtime.disk.private_files import append, lock, replace

if TYPE_CHECKING:
    from core.outcome import Outcome

KEPT: Final = 1_000
DELIVERED: Final = "delivered"
_LOCK = "history.lock"
_TEXT: Final = 2_000  # characters of a message
# Fields whose names in the file differ: the file keeps the names of its first version.
_NAMES_IN_FILE: Final = {"totals": "account", "comparison": "verdict"}

FrontEnd = Literal["app", "batch"]


@dataclass(frozen=True)
class HistoryEntry:
    """A run that has ended.

    Attributes:
        started: the time of its start, in UTC.
        seconds: its duration.
        by: the front end.
        demo: whether it used the embedded warehouse and bucket.
        table: the full name of the table; the requested name if the table was not found.
        url: the URL of the object; the requested destination if nothing was delivered.
        outcome: `delivered`, or the label of the error's class (`core.errors`).
        rows: rows in the file; None if nothing was delivered.
        bytes: the size of the file; None if nothing was delivered.
        message: the error's message; empty if there was no error.
        hint: the error's hint; empty without one.
        result: the result JSON; empty if nothing was delivered.
        totals: the counts of the run and, by summed column, the totals that agreed; empty if
            nothing was delivered.
        comparison: the result of the verification; empty if there was no verification.
        request: the request, for another run, without secrets; None if its connection has no name.
        engine: the engine that delivered; empty if nothing was delivered.
        window: the months that were read, in words; empty for all months, or if nothing was
            delivered.
    """

    started: datetime
    seconds: float
    by: FrontEnd
    demo: bool
    table: str
    url: str
    outcome: str
    rows: int | None = None
    bytes: int | None = None
    message: str = ""
    hint: str = ""
    result: Mapping[str, Any] = field(default_factory=dict)
    totals: Mapping[str, Any] = field(default_factory=dict)
    comparison: Mapping[str, Any] = field(default_factory=dict)
    request: Request | None = None
    engine: str = ""
    window: str = ""

    def as_line(self) -> str:
        """Return the entry as one line of JSON."""
        values: dict[str, Any] = {
            **{_NAMES_IN_FILE.get(name, name): value for name, value in asdict(self).items()},
            "started": self.started.isoformat(),
            "message": as_data(self.message),
            "hint": as_data(self.hint),
            "request": self.request.model_dump(mode="json", exclude_defaults=True)
            if self.request
            else None,
        }
        return json.dumps(values) + "\n"

    @classmethod
    def parse(cls, line: str) -> Self:
        """Parse a line; a request that this version does not understand is left out.

        Raises:
            ValueError, TypeError, KeyError, AttributeError: the line is not an entry.
        """
        values = json.loads(line)
        request = values.pop("request", None)
        known: dict[str, Any] = {
            name: values[key]
            for name in cls.__dataclass_fields__
            if (key := _NAMES_IN_FILE.get(name, name)) in values
        }
        with suppress(ValidationError):
            known["request"] = Request(**request) if request else None
        texts = {name: from_data(known[name]) for name in ("message", "hint") if name in known}
        known |= texts | {"started": datetime.fromisoformat(values["started"])}
        return cls(**known)


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

    started, clock = datetime.now(UTC), time.monotonic()

    def entry(**more: Any) -> HistoryEntry:
        about = {"table": request.table, "url": request.bucket, **more}
        seconds = round(time.monotonic() - clock, 3)
        kept = _without_secrets(request, connection_name, demo=demo)
        return HistoryEntry(started, seconds, by, demo, request=kept, **about)

    try:
        outcome = run_transfer(request, on_event=on_event, cancel=cancel)
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
    """Append a run and drop the oldest beyond a thousand. Does nothing if it cannot write."""
    with suppress(Exception):  # a run must not fail because it could not be recorded
        directory = state_dir()
        with lock(directory / _LOCK):
            _append(directory / HISTORY_FILE, entry.as_line())


def read_history(limit: int = KEPT) -> list[HistoryEntry]:
    """Return the newest `limit` runs, newest first; lines that cannot be parsed are skipped."""
    try:
        lines = read_lines(state_dir() / HISTORY_FILE)
    except (OSError, TransferError):
        return []
    found: list[HistoryEntry] = []
    for line in reversed(lines):
        if len(found) == limit:
            break
        with suppress(ValueError, TypeError, KeyError, AttributeError, RecursionError):
            found.append(HistoryEntry.parse(line))
    return found


def find_former_runs(*, demo: bool) -> tuple[FormerRun, ...]:
    """Return the deliveries from which `core.preview.cost` takes its rates, newest first.

    Args:
        demo: return those that used the embedded warehouse and bucket; else all others.
    """
    return tuple(
        FormerRun(EngineName(each.engine), rows, each.seconds)
        for each in read_history()
        # The duration of a run with a verification includes it.
        if each.demo is demo and each.engine in list(EngineName) and not each.comparison
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
    from core.records.report import totals_as_dict

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
    }


def _cut(text: str) -> str:
    return text if len(text) <= _TEXT else text[:_TEXT]


def _append(path: Path, line: str) -> None:
    lines = read_lines(path)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
        line = "\n" + line  # ends a line that was cut off
    if lines and len(lines) < KEPT:
        append(path, line)
    else:
        replace(path, "".join(lines[1 - KEPT :]) + line.lstrip())
