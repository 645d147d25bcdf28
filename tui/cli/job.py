"""`--job`: runs the transfers of a job file, or prints what each would do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from core import CancelledError, Event, JobResult, TransferError, UsageError
from core.facade import (
    Job,
    JobTransfer,
    SignIns,
    find_changes,
    find_worst,
    read_job,
    refuse_changes,
    run_transfers,
    share_memory,
    split_names,
)
from tui import uncaught
from tui.cli import dry_run
from tui.cli.remedies import with_options
from tui.cli.signals import Stopped
from tui.cli.standard_output import print_lines
from tui.demo import choose_access, demo
from tui.format import cost, terminal

if TYPE_CHECKING:
    from core import Preview
    from core.facade import Changes
    from tui.cli.console import Console
    from tui.cli.signals import Stop

STOPPED: Final = "Stopped by a signal."
_ALL: Final = "all months"
Options = Mapping[str, Any]


@dataclass(frozen=True)
class JobManner:
    """How a job is run.

    Attributes:
        file: the job file.
        only: the names of the transfers to run, as a list in text; None for all.
        jobs: how many transfers run at a time.
        stop_on_failure: start no further transfer once one has failed.
        dry_run: print the plans only.
        exact: count the rows that would be delivered.
        demo: use the embedded warehouse and bucket.
        as_json: print plans as JSON.
    """

    file: str
    only: str | None
    jobs: int | None
    stop_on_failure: bool
    dry_run: bool
    exact: bool
    demo: bool
    as_json: bool


def run(options: Options, manner: JobManner, console: Console, stop: Stop) -> int:
    """Run or preview a job.

    Args:
        options: options that win over those of the file.
        manner: how to run it.
        console: stderr.
        stop: the signals.

    Returns:
        The exit code of the worst failure, or that of the signal.
    """
    with _open(options, manner, console) as (job, files):
        if manner.dry_run:
            return _preview(job, manner, console, stop)
        report = _Report(job, console, files, alone=(manner.jobs or 1) == 1)
        try:
            results = stop.run(
                lambda: run_transfers(
                    job,
                    jobs=manner.jobs or 1,
                    stop_on_failure=manner.stop_on_failure,
                    demo=manner.demo,
                    on_progress=report.progress,
                    on_result=report.end,
                    cancel=stop.cancel,
                )
            )
        except Stopped:
            results = []
        if stop.signal is not None:
            report.stop()
            return stop.exit_code
    return find_worst(each.exit_code for each in results if each.ran)


@contextmanager
def _open(
    options: Options, manner: JobManner, console: Console
) -> Iterator[tuple[Job, Path | None]]:
    """Read the job, with the demo's services if it uses them; yield it and the bucket's files."""

    def read(adapt: Callable[[Options], Options]) -> Job:
        only = _split(manner.only)
        return read_job(Path(manner.file), only=only, given=options, adapt=adapt)

    if not manner.demo:
        job = read(dict)
        share_memory(job, manner.jobs or 1)  # the errors of options, before any transfer
        yield job, None
        return
    share_memory(read(lambda each: {**each, **choose_access(each)}), manner.jobs or 1)
    console.note("Starting the embedded warehouse and bucket")
    with demo({}) as place:
        own = {name: value for name, value in place.options.items() if name != "bucket"}
        yield read(lambda each: {**each, **own, **choose_access(each)}), place.files


def _split(only: str | None) -> tuple[str, ...]:
    try:
        return tuple(split_names(only)) if only else ()
    except ValueError as error:
        raise UsageError("The names of transfers must be a list such as A,B.") from error


class _Report:
    """Prints the results in the order of the file, each as soon as those before it have ended.

    Args:
        job: the job.
        console: stderr.
        files: the directory of the demo's bucket, if it is used.
        alone: whether one transfer runs at a time.
    """

    def __init__(self, job: Job, console: Console, files: Path | None, *, alone: bool) -> None:
        self._names = [each.name for each in job.transfers]
        self._consoles = {name: console.name(name, alone=alone) for name in self._names}
        self._console = console
        self._files = files
        self._results: dict[str, JobResult] = {}
        self._printed = 0
        self._lock = threading.Lock()

    def progress(self, name: str, event: Event) -> None:
        """Show an event of a transfer."""
        self._consoles[name].event(event)

    def end(self, result: JobResult) -> None:
        """Show how a transfer ended, and print the results that are next in order."""
        console, error, outcome = self._consoles[result.name], result.error, result.outcome
        if outcome:
            console.end(outcome)
        if outcome and self._files:
            file = str(self._files / outcome.url.removeprefix("s3://"))
            console.note(f"The file is kept in {file}", file=file)
        if error is not None:
            if type(error) is TransferError and error.__cause__ is not None:
                error = _log(error)
            console.error(error)
        with self._lock:
            self._results[result.name] = result
            while self._printed < len(self._names):
                found = self._results.get(self._names[self._printed])
                if found is None:
                    break
                print_lines([_as_line(found)], self._console)
                self._printed += 1

    def stop(self) -> None:
        """Print what is left after a signal, and list what was delivered before it."""
        with self._lock:
            for name in self._names[self._printed :]:
                result = self._results.get(name, JobResult(name, error=CancelledError(STOPPED)))
                print_lines([_as_line(result)], self._console)
            self._printed = len(self._names)
        urls = [
            f"{name}: {there.url}"
            for name in self._names
            if (there := self._consoles[name].delivered) is not None
        ]
        self._console.error(CancelledError(STOPPED, "Run it again when you like."), of_run=False)
        if urls:
            self._console.note("Delivered before the stop:", *(f"  {each}" for each in urls))
        else:
            self._console.note("Nothing was delivered.")


def _as_line(result: JobResult) -> str:
    values = result.as_dict()
    if result.error is not None:
        texts = (result.error.message, result.error.hint)
        values["error"] = " ".join(filter(None, map(with_options, texts)))
    return terminal.json_text(values)


def _log(error: TransferError) -> TransferError:
    """Write an unexpected error to the log file, and name the file in the hint."""
    cause = error.__cause__
    path = uncaught.log(cause) if cause is not None else None
    return TransferError(error.message, f"Please report it, with {path}.") if path else error


def _preview(job: Job, manner: JobManner, console: Console, stop: Stop) -> int:
    codes = []
    with SignIns(stop.cancel) as sign_ins:
        for transfer in job.transfers:
            named = console.name(transfer.name, alone=True)
            try:
                lines, failure = stop.run(partial(_plan, transfer, manner, stop, sign_ins))
            except TransferError as error:
                if stop.signal is not None:
                    raise
                lines, failure = [], error
            print_lines(lines, console)
            if failure is not None:
                named.error(failure)
                codes.append(failure.exit_code)
    return find_worst(codes)


def _plan(
    transfer: JobTransfer, manner: JobManner, stop: Stop, sign_ins: SignIns
) -> tuple[list[str], TransferError | None]:
    """Return the lines of a plan, and why its transfer would fail, if it would."""
    from core import plan_transfer
    from core.facade import find_former_runs

    former = find_former_runs(demo=manner.demo)
    preview = plan_transfer(
        transfer.request,
        exact=manner.exact,
        former=former,
        cancel=stop.cancel,
        signed_in=sign_ins,
    )
    changes = find_changes(transfer.request, preview.plan, demo=manner.demo)
    failure: TransferError | None = None
    if changes is not None and transfer.frozen:
        try:
            refuse_changes(changes)
        except TransferError as error:
            failure = error
    if manner.as_json:
        data = {"name": transfer.name, **dry_run.as_data(preview)}
        since = changes.as_dict() if changes else None
        return [terminal.json_text({**data, "last_delivery": since})], failure
    head = [f"{transfer.name}", "=" * len(transfer.name)]
    return [*head, *_as_text(changes, preview), *dry_run.as_text(preview), ""], failure


def _as_text(changes: Changes | None, preview: Preview) -> list[str]:
    """Return the last delivery, and what would differ from it, as lines."""
    if changes is None:
        return ["Last         none in the history of this machine"]
    rows = "" if changes.rows is None else f", {changes.rows:,} rows"
    differing = list(_list_differing(changes, preview))
    return [
        f"Last         {changes.delivered:%Y-%m-%d %H:%M} UTC: {changes.url}{rows}",
        f"             {changes.window or _ALL}",
        *(f"{'' if number else 'Changed':<13}{each}" for number, each in enumerate(differing)),
    ]


def _list_differing(changes: Changes, preview: Preview) -> Iterator[str]:
    """Yield what would differ from the last delivery: months, rows, name, columns."""
    window, estimate = str(preview.plan.window or ""), preview.estimate
    if window != changes.window:
        yield f"{window or _ALL}, were {changes.window or _ALL}"
    if None not in (changes.rows, estimate.groups) and changes.rows != estimate.groups:
        yield f"{cost.rows_out(estimate)} rows, were {changes.rows:,}"
    if preview.url != changes.url:
        yield f"another object: {preview.url}"
    if text := str(changes):
        yield text
