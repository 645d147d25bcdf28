"""`--batch`: a run without questions, which prints the result on stdout and all else on stderr."""

from __future__ import annotations

import logging
import os
import shlex
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

from core import CancelledError, TransferError, UsageError, Warned
from core.facade import (
    ask_for_codes,
    fill_options,
    forbid_core_dumps,
    list_destinations,
)
from tui import uncaught
from tui.cli.code import ask_on_terminal, can_ask
from tui.cli.console import Console, JsonConsole, TextConsole
from tui.cli.debug import redact_stderr
from tui.cli.signals import Stop, Stopped
from tui.cli.standard_output import print_lines
from tui.demo import Place, choose_access, demo
from tui.format import terminal
from tui.stderr import separate_stderr

if TYPE_CHECKING:
    from core import Outcome, Skipped


@dataclass(frozen=True)
class Manner:
    """The options of a run that are not part of its request.

    Attributes:
        dry_run: print the plan only.
        ddl: print the CREATE TABLE of this dialect only; None for none.
        exact: count the rows that would be delivered.
        check: check the account, and transfer nothing.
        destinations: list the configured destinations, and transfer nothing.
        probe_write: with `check`, write a probe object and remove it.
        record: with `check`, the directory of the recording.
        job: the job file.
        only, jobs, stop_on_failure: how to run it.
        save_job: the job file to which the transfer is appended.
        schema: print the JSON schema of job files.
        history: print the runs of this machine.
        limit: with `history`, the most runs.
        demo: use the embedded warehouse and bucket.
        quiet: print only errors on stderr.
        json: write stderr as JSON lines.
        log_file: the file to which the messages are written too, as JSON lines.
        as_json: write plans, findings, destinations and the history as JSON on stdout.
    """

    dry_run: bool = False
    ddl: str | None = None
    exact: bool = False
    check: bool = False
    destinations: bool = False
    probe_write: bool = False
    record: str | None = None
    job: str | None = None
    only: str | None = None
    jobs: int | None = None
    stop_on_failure: bool = False
    save_job: str | None = None
    schema: bool = False
    history: bool = False
    limit: int = 50
    demo: bool = False
    quiet: bool = False
    json: bool = False
    as_json: bool = False
    log_file: str | None = None


def run(options: Mapping[str, Any], manner: Manner) -> int:
    """Do one run.

    Args:
        options: the options of the request, by name; missing ones have their defaults.
        manner: the other options.

    Returns:
        The exit code: 0, that of the error's class, or 128 plus the number of a signal.
    """
    forbid_core_dumps()
    if can_ask():
        ask_for_codes(ask_on_terminal)
    debug = os.environ.get("AMPLIFY_DEBUG") == "1"
    _silence_libraries(debug=debug)
    with _console(manner, debug=debug) as console:
        return _run_shown(options, manner, console, debug=debug)


@contextmanager
def _console(manner: Manner, *, debug: bool) -> Iterator[Console]:
    """Open a console on stderr that also shows what any other code writes there."""

    def tell(line: str) -> None:
        console.foreign(line)

    def tell_error(error: BaseException) -> None:
        if debug:
            console.trace(error)
        console.event(Warned(uncaught.describe(error)))

    kind = JsonConsole if manner.json else TextConsole
    with redact_stderr() if debug else separate_stderr(tell) as stream:
        log, refused = _open_log(manner.log_file)
        console = kind(sys.stderr if debug else stream, quiet=manner.quiet, log=log)
        if refused:
            console.event(Warned(refused))
        with uncaught.handle(tell_error):
            yield console


def _open_log(path: str | None) -> tuple[JsonConsole | None, str]:
    """Open the log file; return why it cannot be written, which does not stop a run."""
    if path is None:
        return None, ""
    from tui.log_file import LogFile

    try:
        stream = cast(TextIO, LogFile(path))
    except OSError as error:
        why = error.strerror or "I/O error"
        return None, f"The log file {path} cannot be written: {why}."
    return JsonConsole(stream, quiet=False, fields={"process": os.getpid()}), ""


def _run_shown(options: Mapping[str, Any], manner: Manner, console: Console, *, debug: bool) -> int:
    def on_stopping() -> None:
        console.note("Stopping the query and the upload; Ctrl-C again leaves at once")

    with Stop(on_stopping=on_stopping, last_resort=_discard_files) as stop:
        try:
            code = _run(options, manner, console, stop)
        except Stopped:
            code = _report_stop(console, stop)
        except (Exception, KeyboardInterrupt) as error:
            of_run = not (manner.destinations or manner.history or manner.schema)
            code = _report_failure(error, console, stop, debug=debug, of_run=of_run)
    return code


def _run(options: Mapping[str, Any], manner: Manner, console: Console, stop: Stop) -> int:
    if manner.destinations or manner.history:
        return _print_files(options, manner, console)
    if manner.schema:
        return _print_schema(console)
    if manner.job:
        return _run_job(options, manner, console, stop)
    if not manner.save_job:
        return _run_one(options, manner, console, stop)
    from core.facade import add_transfer, save_transfer  # loads tomlkit

    add_transfer(Path(manner.save_job), options)  # its errors, before the work
    code = _run_one(options, manner, console, stop)
    name = save_transfer(Path(manner.save_job), options)
    command = shlex.join(["--job", manner.save_job, "--only", name])
    console.note(f"Saved as {name}; repeat it with: amplify-transfer --batch {command}")
    return code


def _run_one(options: Mapping[str, Any], manner: Manner, console: Console, stop: Stop) -> int:
    options = fill_options(options)
    needed = () if manner.check else ("table",) if manner.demo else ("table", "bucket")
    if missing := [f"--{name}" for name in needed if not options.get(name)]:
        raise UsageError(f"{' and '.join(missing)} must be given.", "See --help.")
    if manner.demo:
        _check_options(options)
        console.note("Starting the embedded warehouse and bucket")
    with demo(options) if manner.demo else nullcontext(Place(options)) as place:
        if manner.check:
            return _check(place.options, manner, console, stop)
        if manner.ddl:
            return _print_create_table(place.options, manner.ddl, console, stop)
        if manner.dry_run:
            return _print_preview(place.options, manner, console, stop)
        if name := place.options.get("destination"):
            console.note(f"Destination {name} is {place.options['bucket']}", destination=name)
        outcome = stop.run(lambda: _transfer(place.options, manner, console, stop))
        console.end(outcome)
        if place.files:
            file = str(place.files / outcome.url.removeprefix("s3://"))
            console.note(f"The file is kept in {file}", file=file)
        print_lines([terminal.json_text(outcome.result)], console)
    return 0


def _run_job(options: Mapping[str, Any], manner: Manner, console: Console, stop: Stop) -> int:
    from tui.cli.job import JobManner, run

    names = {each.name for each in fields(JobManner)} - {"file"}
    how = {name: getattr(manner, name) for name in names}
    try:
        return run(options, JobManner(manner.job or "", **how), console, stop)
    finally:
        _discard_files()


def _print_schema(console: Console) -> int:
    import json

    from core.facade import make_schema

    print_lines(json.dumps(make_schema(), indent=2).splitlines(), console)
    return 0


def _print_files(options: Mapping[str, Any], manner: Manner, console: Console) -> int:
    """Print what files of this machine hold: the configured destinations, or the history."""
    from tui.cli import destinations, history

    if manner.destinations:
        list_all = destinations.as_json if manner.as_json else destinations.as_text
        print_lines(list_all(list_destinations()), console)
    else:
        show = history.as_json if manner.as_json else history.as_text
        table, since = options.get("table", ""), options.get("since", "")
        print_lines(show(history.find(table, since, manner.limit)), console)
    return 0


def _check_options(options: Mapping[str, Any]) -> None:
    """Raise errors of the options before the servers start, which takes a second or two."""
    from core import Request

    Request.of(**{"table": "T", "bucket": "demo", **options, **choose_access(options)})


def _transfer(
    options: Mapping[str, Any], manner: Manner, console: Console, stop: Stop
) -> Outcome | Skipped:
    from core import Request
    from core.facade import run_recorded

    request = Request.of(**options)
    console.log("Started", table=request.table, bucket=request.bucket)
    try:
        outcome = run_recorded(
            request, by="batch", demo=manner.demo, on_event=console.event, cancel=stop.cancel
        )
        console.log("Ended", result=outcome.result)
        return outcome
    finally:
        _discard_files()  # the process exits without the cleanup of the libraries


def _print_preview(options: Mapping[str, Any], manner: Manner, console: Console, stop: Stop) -> int:
    def make() -> list[str]:
        from core import Request, plan_transfer
        from core.facade import find_former_runs
        from tui.cli import dry_run

        show = dry_run.as_json if manner.as_json else dry_run.as_text
        request, former = Request.of(**options), find_former_runs(demo=manner.demo)
        return show(plan_transfer(request, exact=manner.exact, former=former, cancel=stop.cancel))

    print_lines(stop.run(make), console)
    return 0


def _print_create_table(
    options: Mapping[str, Any], dialect: str, console: Console, stop: Stop
) -> int:
    def make() -> list[str]:
        from core import Request, plan_transfer

        request = Request.of(**options)
        return plan_transfer(request, cancel=stop.cancel).create_table(dialect).split("\n")

    print_lines(stop.run(make), console)
    return 0


def _check(options: Mapping[str, Any], manner: Manner, console: Console, stop: Stop) -> int:
    from core import Finding, check
    from tui.cli.check import Printer, end_as_json, end_as_text

    printer = Printer()

    def show(finding: Finding) -> None:
        if not manner.as_json:
            print_lines(printer.as_text(finding), console)

    result = stop.run(
        lambda: check(
            **options,
            probe_write=manner.probe_write,
            record=manner.record,
            on_finding=show,
            cancel=stop.cancel,
        )
    )
    print_lines(
        end_as_json(result) if manner.as_json else end_as_text(result, manner.record), console
    )
    return result.exit_code


def _report_stop(console: Console, stop: Stop, error: BaseException | None = None) -> int:
    stopped = CancelledError("Stopped by a signal.")
    if isinstance(error, CancelledError):
        stopped.hint, stopped.in_doubt = error.hint, error.in_doubt
    console.error(stopped)
    return stop.exit_code


def _report_failure(
    error: BaseException, console: Console, stop: Stop, *, debug: bool, of_run: bool
) -> int:
    if stop.signal is not None:
        # polars handles Ctrl-C too, and raises: an error after a signal is caused by it.
        if debug:
            console.trace(error)
        return _report_stop(console, stop, error)
    if not isinstance(error, TransferError):
        return _report_defect(error, console, debug=debug)
    console.error(error, of_run=of_run)
    if debug:
        console.trace(error)
    return error.exit_code


def _report_defect(error: BaseException, console: Console, *, debug: bool) -> int:
    """Report an unexpected error. Its text may hold data, so it is printed only for debugging."""
    if debug:
        console.trace(error)
        hint = "Please report it, with the lines above."
    elif path := uncaught.log(error):
        hint = f"Please report it, with {path}; AMPLIFY_DEBUG=1 shows more."
    else:
        hint = "Please report it, with what AMPLIFY_DEBUG=1 shows."
    console.error(TransferError(f"Unexpected {type(error).__name__}.", hint))
    return TransferError.exit_code


def _silence_libraries(*, debug: bool) -> None:
    """Keep messages of libraries off stderr: they may hold signed URLs."""
    if not debug:
        warnings.simplefilter("ignore")
    logging.getLogger().addHandler(logging.NullHandler())


def _discard_files() -> None:
    from core.facade import discard_own

    discard_own()
