"""`--history`: prints the runs of this machine as a table or as lines of JSON, newest first."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from core import UsageError
from core.facade import DELIVERED, escape_hidden, read_history
from tui.cli.remedies import with_options
from tui.format import terminal
from tui.format.numbers import span

if TYPE_CHECKING:
    from core.facade import HistoryEntry

_LINE: Final = 80  # cells
_INDENT: Final = " " * 4
_HEAD: Final = ("started", "outcome", "rows", "took", "table")
_SINCE: Final = re.compile(r"(\d{4})-(\d\d)(?:-(\d\d))?|(\d{1,5})d", re.ASCII)


def find(table: str, since: str, limit: int) -> list[HistoryEntry]:
    """Return the runs to print, newest first.

    Args:
        table: the name of the table, or its last parts; empty for every table.
        since: a day (`2026-11-05`), a month (`2026-11`) or a number of days (`7d`); empty for any.
        limit: the most runs.

    Raises:
        UsageError: `since` has another form.
    """
    return read_history(limit, table=table, since=_parse_since(since) if since else None)


def as_json(entries: Sequence[HistoryEntry]) -> list[str]:
    """Return each run as one line of JSON."""
    return [terminal.json_text(_as_data(entry)) for entry in entries]


def as_text(entries: Sequence[HistoryEntry]) -> list[str]:
    """Return the lines of each run, of 80 cells at most: how it ended, and where to or why not."""
    if not entries:
        return ["No runs are recorded."]
    rows = [_HEAD, *map(_make_row, entries)]
    widths = [max(map(_count_cells, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row, entry in zip(rows, [None, *entries], strict=True):
        lines.append(_cut("  ".join(_align(row, widths)).rstrip()))
        lines += [] if entry is None else [_cut(_INDENT + line) for line in _explain(entry)]
    return lines


def _as_data(entry: HistoryEntry) -> dict[str, Any]:
    texts = {"message": with_options(entry.message), "hint": with_options(entry.hint)}
    return {**json.loads(entry.as_line()), **texts, "exit_code": entry.exit_code}


def _make_row(entry: HistoryEntry) -> tuple[str, ...]:
    return (
        entry.started.astimezone().strftime("%Y-%m-%d %H:%M"),
        entry.outcome.replace("_", " "),
        "" if entry.rows is None else f"{entry.rows:,}",
        span(entry.seconds),
        escape_hidden(entry.table),
    )


def _explain(entry: HistoryEntry) -> Iterator[str]:
    if entry.window:
        yield escape_hidden(f"months {entry.window}")
    if entry.rows is not None or entry.outcome == DELIVERED:
        yield escape_hidden(entry.url)
    if entry.message:
        yield escape_hidden(with_options(entry.message).replace("\n", " "))


def _align(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    for text, width, head in zip(row, widths, _HEAD, strict=True):
        blank = " " * (width - _count_cells(text))
        yield blank + text if head in ("rows", "took") else text + blank


def _cut(text: str) -> str:
    """Return `text` in at most 80 cells; the middle of a longer one is left out."""
    if _count_cells(text) <= _LINE:
        return text
    tail = ""
    for character in reversed(text):
        if _count_cells(character + tail) > _LINE // 3:
            break
        tail = character + tail
    head = ""
    for character in text:
        if _count_cells(f"{head}{character}...{tail}") > _LINE:
            break
        head += character
    return f"{head}...{tail}"


def _count_cells(text: str) -> int:
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1
        for each in text
    )


def _parse_since(text: str) -> datetime:
    """Return the start of a day or of a month here, or the moment some days ago."""
    match = _SINCE.fullmatch(text.strip())
    try:
        if match is None:
            raise ValueError
        year, month, day, days = match.groups()
        if days:
            return datetime.now(UTC) - timedelta(days=int(days))
        return datetime(int(year), int(month), int(day or 1)).astimezone()
    except (ValueError, OverflowError, OSError):
        raise UsageError(
            f"--since: {text!r} is not a day, a month or a number of days.",
            "Write 2026-11-05, 2026-11 or 7d.",
        ) from None
