"""The content of a notification: a text of one or two sentences, and the figures in JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.errors import CheckFailedError, IntegrityError
from core.records.entry import DELIVERED, SKIPPED, UNCHANGED

if TYPE_CHECKING:
    from core.records.entry import HistoryEntry

_CHECKS = frozenset({IntegrityError.label, CheckFailedError.label})


def is_wanted(when: str, entry: HistoryEntry) -> bool:
    """Whether a run is one of which a notification is sent.

    Args:
        when: the option `notify_on`.
        entry: the run.
    """
    return {
        "always": True,
        "success": entry.outcome == DELIVERED,  # a run that skipped delivers nothing
        "failure": bool(entry.exit_code),
        "check_failed": entry.outcome in _CHECKS,
    }[when]


def as_data(entry: HistoryEntry) -> dict[str, Any]:
    """Return a run for JSON: the keys of the result JSON, and what else is known.

    A message is that of the history, which holds no value of the table.
    """
    result = dict.fromkeys(("file_name", "row_count", "timestamp")) | dict(entry.result)
    failed = {"message": str(entry.message), "hint": str(entry.hint)} if entry.message else None
    return {
        **result,
        "outcome": entry.outcome,
        "exit_code": entry.exit_code,
        "error": failed,
        "text": as_text(entry),
        "table": entry.table,
        "destination": entry.destination,
        "url": entry.url if entry.rows is not None else None,
        "bytes": entry.bytes,
        "months": entry.window or None,
        "engine": entry.engine or None,
        "run_id": entry.run_id,
        "started": entry.started.isoformat(),
        "seconds": entry.seconds,
    }


def as_text(entry: HistoryEntry) -> str:
    """Return a run in words."""
    months = f" ({entry.window})" if entry.window else ""
    what = f"{entry.table}{months}"
    if entry.outcome == SKIPPED:
        return f"Skipped {what}: {entry.url} exists already."
    if entry.outcome == UNCHANGED:
        return f"Unchanged {what}: every month is as it was delivered to {entry.url}."
    if not entry.exit_code:
        rows = "1 row" if entry.rows == 1 else f"{entry.rows or 0:,} rows"
        return f"Delivered {what}: {rows} to {entry.url} in {entry.seconds:.0f} s."
    where = entry.url if entry.rows is not None else entry.destination
    code = f"{entry.outcome.replace('_', ' ')}, exit code {entry.exit_code}"
    parts = (f"Failed ({code}): {what} to {where}.", str(entry.message), str(entry.hint))
    return " ".join(filter(None, parts))
