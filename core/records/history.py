"""The history of runs: one line of JSON a run, the newest thousand, in the state directory.

The front ends write it, by `run_recorded`; the library's call leaves nothing behind but its
delivery. No secret is in it: a connection is stored by name or not at all. It serves people, so
whatever goes wrong with it never fails a run.
"""

from __future__ import annotations

import json
import os
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
from core.remedy import as_data, from_data
from core.request.request import Request
from core.runtime.cancel import Cancel
from core.runtime.paths import state_dir
from core.runtime.private_files import append, lock, opener, replace

if TYPE_CHECKING:
    from core.outcome import Outcome

KEPT: Final = 1_000
DELIVERED: Final = "delivered"
_FILE, _LOCK = "history.jsonl", "history.lock"
_LARGEST: Final = 64 * 1024 * 1024  # bytes of the file
_TEXT: Final = 2_000  # characters of a message

FrontEnd = Literal["app", "batch"]


@dataclass(frozen=True)
class HistoryEntry:
    """A run that has ended.

    Attributes:
        started: when, in UTC.
        seconds: how long it took.
        by: the front end.
        demo: whether it was against the embedded warehouse and bucket.
        table: the full name of the table, or what was asked for if it was not found.
        url: where the object is; the destination as asked for if nothing was delivered.
        outcome: `delivered`, or the label of the error's class (`core.errors`).
        rows: rows in the file; None if nothing was delivered.
        bytes: its size; None if nothing was delivered.
        message: what went wrong; empty if nothing did.
        hint: what to do about it.
        result: the result JSON; empty if nothing was delivered.
        account: the counts of the run and, by summed column, the totals that agreed; empty if
            nothing was delivered.
        verdict: what the verification found, and how; empty if there was none.
        request: what to run again, without secrets; None if its connection has no name.
        engine: what made the delivery; empty if nothing was delivered.
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
    account: Mapping[str, Any] = field(default_factory=dict)
    verdict: Mapping[str, Any] = field(default_factory=dict)
    request: Request | None = None
    engine: str = ""

    def as_line(self) -> str:
        """The entry as one line of JSON."""
        values: dict[str, Any] = {
            **asdict(self),
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
        """Read a line; a request that this version does not understand is left out.

        Raises:
            ValueError, TypeError, KeyError, AttributeError: it is not an entry.
        """
        values = json.loads(line)
        request = values.pop("request", None)
        known: dict[str, Any] = {
            name: values[name] for name in cls.__dataclass_fields__ if name in values
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
    """Do as `core.transfer.run_transfer`, and write down how it ended.

    Args:
        request: what to do.
        by: the front end that does it.
        demo: whether `request` goes to the embedded warehouse and bucket.
        connection_name: the name to write down where the request holds the arguments of a
            connection that is known by name, such as one whose password was asked for.
        on_event: as for `run_transfer`.
        cancel: as for `run_transfer`.
    """
    from core.transfer import run_transfer  # polars and pyarrow come with it

    started, clock = datetime.now(UTC), time.monotonic()

    def entry(**more: Any) -> HistoryEntry:
        about = {"table": request.table, "url": request.bucket, **more}
        seconds = round(time.monotonic() - clock, 3)
        kept = _without_secrets(request, connection_name, demo=demo)
        return HistoryEntry(started, seconds, by, demo, request=kept, **about)

    try:
        outcome = run_transfer(request, on_event=on_event, cancel=cancel)
    except TransferError as error:
        told = {"message": _cut(error.stored), "hint": _cut(error.hint)}
        record(entry(**_about(error.outcome), outcome=error.label, **told))
        raise
    except Exception as error:  # its text may hold data
        record(entry(outcome=TransferError.label, message=f"Unexpected {type(error).__name__}."))
        raise
    record(entry(**_about(outcome), outcome=DELIVERED))
    return outcome


def record(entry: HistoryEntry) -> None:
    """Append a run; the oldest beyond a thousand go. Does nothing where it cannot write."""
    with suppress(Exception):  # a delivery stands, whether it is written down or not
        directory = state_dir()
        with lock(directory / _LOCK):
            _append(directory / _FILE, entry.as_line())


def read_history(limit: int = KEPT) -> list[HistoryEntry]:
    """The newest `limit` runs, newest first; lines that cannot be read are skipped."""
    try:
        lines = _lines(state_dir() / _FILE)
    except (OSError, TransferError):
        return []
    found: list[HistoryEntry] = []
    for line in reversed(lines):
        if len(found) == limit:
            break
        with suppress(ValueError, TypeError, KeyError, AttributeError, RecursionError):
            found.append(HistoryEntry.parse(line))
    return found


def former_runs(*, demo: bool) -> tuple[FormerRun, ...]:
    """The deliveries from which `core.preview.cost` takes its rates, newest first.

    Args:
        demo: those against the embedded warehouse and bucket; else all others.
    """
    return tuple(
        FormerRun(EngineName(each.engine), rows, each.seconds)
        for each in read_history()
        # A verification takes its own time.
        if each.demo is demo and each.engine in list(EngineName) and not each.verdict
        if isinstance(rows := each.account.get("rows_read"), int)
    )


def _without_secrets(request: Request, name: str | None, *, demo: bool) -> Request | None:
    if demo:  # its addresses and keys end with it
        gone = ("connection", "s3_options", "endpoint_url")
        return request.model_copy(update=dict.fromkeys(gone))
    known = request.connection if isinstance(request.connection, str | None) else name
    if known is None and request.connection is not None:
        return None
    return request.model_copy(update={"connection": known, "s3_options": None})


def _about(outcome: DeliveredTransfer | None) -> dict[str, Any]:
    """What is written down of a delivery."""
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
        "account": totals_as_dict(outcome.plan, outcome.totals),
        "verdict": outcome.comparison.as_dict() if outcome.comparison else {},
        "engine": outcome.choice.engine.value,
    }


def _cut(text: str) -> str:
    return text if len(text) <= _TEXT else text[:_TEXT]


def _append(path: Path, line: str) -> None:
    lines = _lines(path)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
        line = "\n" + line  # after one that was cut off
    if lines and len(lines) < KEPT:
        append(path, line)
    else:
        replace(path, "".join(lines[1 - KEPT :]) + line.lstrip())


def _lines(path: Path) -> list[str]:
    """The lines of the file with their ends; the last may lack it."""
    try:
        with open(path, "rb", opener=opener) as file:
            if os.fstat(file.fileno()).st_size > _LARGEST:  # none of ours: it is begun anew
                return []
            return [line.decode("utf-8", "replace") for line in file]
    except FileNotFoundError:
        return []
