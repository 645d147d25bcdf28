"""The history in its directory: entries are stored and read, the former file is imported.

This module is below the transfer, which reads the last delivery; `core.records.history`, which
records a transfer, is above it.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from core.records.entry import SKIPPED, UNCHANGED, HistoryEntry
from core.runtime.disk.paths import state_dir
from core.runtime.disk.private_files import lock, opener

if TYPE_CHECKING:
    from core.records.history_db import Row

KEPT: Final = 10_000
KEPT_DAYS: Final = 3 * 365
_FILE: Final = "history.db"
# The history of the first version: a line of JSON per run. It is imported once.
_FORMER_FILE, _FORMER_LOCK = "history.jsonl", "history.lock"
_LARGEST: Final = 64 * 1024 * 1024  # bytes of it; a larger file is not a history
_NOT_AN_ENTRY: Final = (
    *(ValueError, TypeError, KeyError, AttributeError),
    *(RecursionError, OverflowError, OSError),  # of numbers and times out of range
)


def store(entry: HistoryEntry) -> None:
    """Append a run, and delete the oldest beyond `KEPT` and `KEPT_DAYS`.

    Raises:
        Exception: it cannot be written.
    """
    directory = state_dir()
    with suppress(Exception):
        _import_former(directory)
    _insert(directory, [_as_row(entry)])


def load(limit: int = KEPT, **wanted: Any) -> Iterator[HistoryEntry]:
    """Yield the newest runs, newest first; none if the history cannot be read.

    Args:
        limit: the most runs.
        wanted: which runs: the attributes of `core.records.history_db.Filter`.
    """
    lines: list[str] = []
    with suppress(Exception):
        from core.records.history_db import Filter, select  # a Python may lack SQLite

        directory = state_dir()
        with suppress(Exception):
            _import_former(directory)
        lines = select(directory / _FILE, Filter(**wanted), limit)
    for line in lines:
        with suppress(*_NOT_AN_ENTRY):
            yield HistoryEntry.parse(line)


def _as_row(entry: HistoryEntry, line: str | None = None) -> Row:
    from core.records.history_db import Row

    about = (entry.table, entry.url, entry.outcome.replace("_", " "), entry.outcome, entry.engine)
    more = (entry.window, entry.by, "demo" if entry.demo else "", entry.run_id, entry.message)
    return Row(
        started=entry.started.timestamp(),
        demo=entry.demo is True,
        name=entry.table,
        destination=entry.destination,
        outcome=entry.outcome,
        delivered=entry.outcome not in (SKIPPED, UNCHANGED)
        and (entry.rows is not None or bool(entry.result)),
        words="\n".join((*about, *more)),
        entry=entry.as_line().rstrip("\n"),
        line=line,
    )


def _insert(directory: Path, rows: list[Row]) -> None:
    from core.records.history_db import insert

    if rows:  # as old as the runs: a clock that is set wrong must not delete the others
        newest = min(max(row.started for row in rows), time.time())
        since = newest - timedelta(days=KEPT_DAYS).total_seconds()
        insert(directory / _FILE, rows, kept=KEPT, since=since)


def _import_former(directory: Path) -> None:
    """Import the history of the first version, and delete its file.

    Lines that cannot be parsed are left out. The file is deleted, because the promise that old runs
    are deleted holds for it too.
    """
    former = directory / _FORMER_FILE
    if not former.exists():
        return
    with lock(directory / _FORMER_LOCK):
        if (lines := _read_lines(former)) is not None:
            _insert(directory, list(_parse_former(lines)))
            former.unlink()
    (directory / _FORMER_LOCK).unlink(missing_ok=True)


def _parse_former(lines: list[str]) -> Iterator[Row]:
    for line in lines:
        with suppress(*_NOT_AN_ENTRY):
            hashed = hashlib.sha256(line.strip().encode()).hexdigest()
            yield _as_row(HistoryEntry.parse(line), hashed)


def _read_lines(path: Path) -> list[str] | None:
    """Return the lines of a file; None if it is too large to be a history."""
    with open(path, "rb", opener=opener) as file:
        if os.fstat(file.fileno()).st_size > _LARGEST:
            return None
        return [line.decode("utf-8", "replace") for line in file]
