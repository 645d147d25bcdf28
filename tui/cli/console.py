"""The messages of `--batch` on stderr: progress, warnings and errors, as text or as JSON lines.

Only `Console._write` writes, and it escapes each line.

Writing never raises an error: a closed pipe on stderr must not stop a transfer.
"""

from __future__ import annotations

import shutil
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import asdict
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Self, TextIO

from core import (
    ConfigurationError,
    Delivered,
    Event,
    Phase,
    Planned,
    Progress,
    Retrying,
    Skipped,
    TransferError,
    Warned,
)
from core.facade import Track, amount
from tui.cli.remedies import with_options
from tui.format import terminal
from tui.format.figures import count

if TYPE_CHECKING:
    from core import Outcome
    from core.facade import Restatement

_LINE_SECONDS: Final = 5.0  # between two lines of progress where there is no terminal
_BAR_CELLS: Final = 12
_PHASES: Final = {
    Phase.CONNECT: "Signing in to Snowflake",
    Phase.PLAN: "Looking at the table",
    Phase.QUERY: "Running the query",
    Phase.READ: "Reading",
    Phase.WRITE: "Writing the file",
    Phase.UPLOAD: "Uploading",
    Phase.VERIFY: "Verifying",
}


class Console(ABC):
    """Writes messages to stderr, from any thread.

    Args:
        stream: stderr; None if it is closed.
        quiet: write only errors, and what libraries ask of the user.
        log: gets the same messages too, whether or not this one is quiet.

    Attributes:
        delivered: the delivery; None before it is complete.
    """

    def __init__(
        self, stream: TextIO | None, *, quiet: bool, log: JsonConsole | None = None
    ) -> None:
        self.delivered: Delivered | None = None
        self._log = log
        self._stream = stream
        self._quiet = quiet
        self._name = ""
        self._lock = threading.Lock()
        self._pace = _Pace()

    def event(self, event: Event) -> None:
        """Write an event of a run."""
        if isinstance(event, Delivered):
            self.delivered = event
        if self._log is not None:
            self._log.event(event)
        if self._quiet:
            return
        with self._lock:
            match event:
                case Progress():
                    self._write_progress(event)
                case Planned():
                    self._write_plan(event)
                case Warned():
                    self._write_message("warning", [with_options(event.message)])
                case Retrying():
                    self._write_retry(event)
                case Delivered(url=url, rows=rows, bytes=size):
                    text = f"Delivered {url}: {count(rows, 'row')}, {count(size, 'byte')}"
                    self._write_message("info", [text], url=url, rows=rows, bytes=size)

    def name(self, name: str, *, alone: bool) -> Self:
        """Return a console for one of several transfers, whose name stands before its messages.

        Args:
            name: its name.
            alone: whether it is the only one at the time, so that there is a place for its bar.
        """
        other = copy(self)
        other.delivered = None
        other._pace = _Pace()
        other._name = name
        if self._log is not None:
            other._log = self._log.name(name, alone=alone)
        return other

    def note(self, *message: str, **fields: Any) -> None:
        """Write a message of one or more lines; `fields` are added to the JSON line."""
        self.log(*message, **fields)
        if not self._quiet:
            with self._lock:
                self._write_message("info", message, **fields)

    def log(self, *message: str, **fields: Any) -> None:
        """Write a message to the log alone."""
        if self._log is not None:
            self._log.note(*message, **fields)

    def end(self, outcome: Outcome | Skipped) -> None:
        """Write what the result does not say: that nothing was delivered, or was verified."""
        if isinstance(outcome, Skipped):
            text = f"{outcome.url} exists already: nothing was read or delivered"
            if outcome.restatement:
                text = f"No month of {outcome.table} has changed: nothing was delivered"
            self.note(text, *_list_months(outcome.restatement), skipped=True)
        elif outcome.comparison and outcome.comparison.agrees:
            self.note(str(outcome.comparison), verdict=outcome.comparison.as_dict())

    def foreign(self, line: str) -> None:
        """Show a line that a library has written to stderr, such as the address of a sign-in."""
        if line:
            with self._lock:
                self._write_message("info", [line])

    def trace(self, error: BaseException) -> None:
        """Write the traceback of an error, for debugging."""
        with self._lock:
            self._write(terminal.trace(error))

    def error(self, error: TransferError, *, of_run: bool = True) -> None:
        """Show why there is no delivery, or what is wrong with it.

        Args:
            error: the failure.
            of_run: whether it ended a run, so that whether anything was delivered matters.
        """
        if self._log is not None:
            self._log.error(error, of_run=of_run)
        there = error.outcome or self.delivered
        standing = ""
        if there and error.outcome is None:  # else the message names it
            standing = f"{there.url} is delivered, but not verified."
        elif of_run and error.delivered is False:
            standing = "Nothing was delivered."
        with self._lock:
            self._write_error(error, there.url if there else "", standing)

    @abstractmethod
    def _write_progress(self, progress: Progress) -> None: ...

    @abstractmethod
    def _write_plan(self, planned: Planned) -> None: ...

    @abstractmethod
    def _write_message(self, level: str, message: Sequence[str], **fields: Any) -> None: ...

    @abstractmethod
    def _write_retry(self, event: Retrying) -> None: ...

    @abstractmethod
    def _write_error(self, error: TransferError, url: str, standing: str) -> None: ...

    def _write(self, lines: Iterable[str], before: str = "") -> None:
        """Write lines, each escaped, after `before`, which is not escaped."""
        if self._stream is None:
            return
        try:
            self._stream.write(before + terminal.lines(lines))
            self._stream.flush()
        except (OSError, ValueError):
            self._stream = None


class JsonConsole(Console):
    """Writes one JSON object on each line: `timestamp`, `level`, `event`, and further fields.

    Args:
        stream, quiet, log: as for `Console`.
        fields: fields of every line.
    """

    def __init__(
        self,
        stream: TextIO | None,
        *,
        quiet: bool,
        log: JsonConsole | None = None,
        fields: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        super().__init__(stream, quiet=quiet, log=log)
        self._fields = fields

    def _write_progress(self, progress: Progress) -> None:
        if not self._pace.is_due(progress):
            return
        self._line(
            "info",
            "progress",
            phase=progress.phase.value,
            rows=progress.rows,
            total_rows=progress.total_rows,
            bytes=progress.bytes,
            total_bytes=progress.total_bytes,
            elapsed=round(progress.elapsed, 3),
        )

    def _write_plan(self, planned: Planned) -> None:
        plan = planned.plan
        columns = [{"name": column.name, "role": column.role.value} for column in plan.columns]
        choice, window = planned.choice, plan.window.as_dict() if plan.window else None
        months = planned.restatement.as_data() if planned.restatement else None
        self._line(
            "info",
            "planned",
            columns=columns,
            window=window,
            **({"restatement": months} if months else {}),
            engine=choice.engine,
            engine_why=choice.why,
        )

    def _write_message(self, level: str, message: Sequence[str], **fields: Any) -> None:
        event = "warning" if level == "warning" else "note"
        self._line(level, event, message="\n".join(message), **fields)

    def _write_retry(self, event: Retrying) -> None:
        fields = asdict(event) | {"pause": round(event.pause, 3)}
        self._line("warning", "retrying", message=str(event), **fields)

    def _write_error(self, error: TransferError, url: str, standing: str) -> None:
        self._line(
            "error",
            "error",
            error=error.label,
            exit_code=error.exit_code,
            message=with_options(error.message),
            hint=with_options(error.hint),
            **({"mistakes": error.mistakes} if isinstance(error, ConfigurationError) else {}),
            delivered=True if url else error.delivered,
            **({"url": url} if url else {}),
        )

    def _line(self, level: str, event: str, **fields: Any) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        name = {"name": self._name} if self._name else {}
        line = {"timestamp": now, "level": level, "event": event, **self._fields, **name, **fields}
        self._write([terminal.json_text(line)])


class TextConsole(Console):
    """Writes text: a progress bar on a terminal, elsewhere a line every few seconds."""

    def __init__(
        self, stream: TextIO | None, *, quiet: bool, log: JsonConsole | None = None
    ) -> None:
        super().__init__(stream, quiet=quiet, log=log)
        self._track = Track(window=None)
        self._terminal = stream is not None and stream.isatty()
        self._bar_shown = False

    def name(self, name: str, *, alone: bool) -> Self:
        """Return a console for one of several transfers, with a bar only if it is alone."""
        other = super().name(name, alone=alone)
        other._track = Track(window=None)
        other._terminal = self._terminal and alone
        return other

    def _write_progress(self, progress: Progress) -> None:
        self._track.note(progress)
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            # The bar holds only figures and words of this module, so it needs no escaping.
            bar = f"{self._head}{_format_bar(progress, self._track)}"[:width]
            self._write([], before=f"\r{bar}\x1b[K")
            self._bar_shown = True
        elif self._pace.is_due(progress):
            self._write([self._head + _format_line(progress, self._track)])

    def _write_plan(self, planned: Planned) -> None:
        plan = planned.plan
        month = f"{plan.month.name}, {plan.window}" if plan.window else plan.month.name
        self._text(
            f"Plan: month of {month}; sums {_join_some([c.name for c in plan.sums])}; "
            f"keys {_join_some([c.name for c in plan.keys])}",
            *_list_months(planned.restatement),
        )
        self._text(f"Engine: {planned.choice.engine} ({planned.choice.why})")

    def _write_message(self, level: str, message: Sequence[str], **fields: Any) -> None:
        first, *more = message
        self._text(f"Warning: {first}" if level == "warning" else first, *more)

    def _write_retry(self, event: Retrying) -> None:
        self._text(str(event))

    def _write_error(self, error: TransferError, url: str, standing: str) -> None:
        first, *others = [with_options(error.message)]
        if isinstance(error, ConfigurationError):
            first, *others = error.mistakes
        more = [f"  {text}" for text in (*others, with_options(error.hint), standing) if text]
        self._text(f"Error ({error.label}): {first}", *more)

    def _text(self, *lines: str) -> None:
        wipe = "\r\x1b[K" if self._bar_shown else ""
        self._bar_shown = False
        self._write([self._head + line for line in lines], before=wipe)

    @property
    def _head(self) -> str:
        return f"[{self._name}] " if self._name else ""


def _list_months(restatement: Restatement | None) -> list[str]:
    """Return a line for each month that may be delivered again."""
    return list(map(str, restatement.months)) if restatement else []


class _Pace:
    """Limits how often lines about a phase are written."""

    def __init__(self) -> None:
        self._last = -_LINE_SECONDS
        self._last_phase: Phase | None = None

    def is_due(self, progress: Progress) -> bool:
        """Return whether to write a line: on a new phase, and every few seconds in a phase."""
        now = time.monotonic()
        if progress.phase is self._last_phase and now - self._last < _LINE_SECONDS:
            return False
        self._last, self._last_phase = now, progress.phase
        return True


def _choose_unit(progress: Progress) -> tuple[str, float]:
    if not progress.in_bytes:
        return "rows", 1
    return ("MB", 1e6) if (progress.total_bytes or 0) >= 1e7 else ("kB", 1e3)


def _format_line(progress: Progress, track: Track) -> str:
    """Return `Reading 1,000,000 of 4,000,000 rows (25%), 500,000/s, 0:06 left`."""
    done, total = amount(progress)
    return _format_progress(progress, track, f" ({done / total:.0%})" if done and total else "")


def _format_bar(progress: Progress, track: Track) -> str:
    """Return the same with a bar in place of the share; it fits 80 columns."""
    done, total = amount(progress)
    if not total:
        return _format_progress(progress, track)
    filled = round(_BAR_CELLS * min(done / total, 1))
    return f"[{'#' * filled}{'.' * (_BAR_CELLS - filled)}] {_format_progress(progress, track)}"


def _format_progress(progress: Progress, track: Track, share: str = "") -> str:
    done, total = amount(progress)
    unit, scale = _choose_unit(progress)
    parts = [_PHASES[progress.phase]]
    if done and total:
        parts[0] += f" {done / scale:,.0f} of {total / scale:,.0f} {unit}{share}"
    elif done or total:
        parts[0] += f" {(done or total or 0) / scale:,.0f} {unit}"
    elif (spent := track.seconds(progress.phase, progress.elapsed) or 0.0) >= 1:
        parts.append(f"{spent:.0f} s")
    if track.per_second:
        parts.append(f"{track.per_second / scale:,.0f}/s")
    if (left := track.seconds_left) is not None:
        parts.append(f"{left // 60:.0f}:{left % 60:02.0f} left")
    return ", ".join(parts)


def _join_some(names: list[str], most: int = 8) -> str:
    shown = ", ".join(names[:most]) or "none"
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
