"""The entry point: `amplify-transfer`.

Parsing the command line takes a tenth of a second. Other modules are imported only once they are
needed.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

import click

from tui.cli.help import Command
from tui.cli.options import ACCEPTED, OWN, parameters, spelling

# Thresholds for `gc.set_threshold`. A small transfer makes 170,000 objects that the collector
# visits, most of them by imports, and hardly any garbage: with the defaults, it would visit them
# ten times before the first frame, which takes a tenth of the time until then.
COLLECT = (200_000, 5, 20)
# Options that are done without the app.
_WITHOUT_THE_APP = ("check", "ddl", "destinations", "dry_run", "history", "schema")
# Options that do not go together.
_EXCLUDED = (("save_job", "job"), ("save_job", "ddl"), ("job", "ddl"))
# Options that go with another one only.
_REQUIRED = (
    ("exact", "dry_run"),
    ("probe_write", "check"),
    ("record", "check"),
    ("only", "job"),
    ("jobs", "job"),
    ("stop_on_failure", "job"),
)


def main() -> None:
    """Run `amplify-transfer` with the arguments of the process, and exit with its exit code."""
    gc.set_threshold(*COLLECT)
    _leave_out("numpy", "pandas")
    _open_closed_streams()
    try:
        code = command.main(prog_name="amplify-transfer", standalone_mode=False)
    except click.ClickException as error:
        code = _refuse(error)
    except click.Abort:  # Ctrl-C before the work began
        code = 128 + signal.SIGINT
    sys.exit(code)


def _leave_out(*packages: str) -> None:
    """Have the import of packages fail, as if they were not installed.

    pyarrow and the Snowflake connector import them wherever they are installed, and nothing here
    uses them: 50 MB of memory, and most of a second of the start.
    """
    modules: dict[str, Any] = sys.modules
    for name in packages:
        modules.setdefault(name, None)  # docs.python.org, "The import system", about the cache


def _open_closed_streams() -> None:
    """Open the null device in place of standard streams that the shell has closed (`<&-`).

    Python sets such a stream to None, and the next file that is opened gets its descriptor: what
    is printed would be written into a delivery or a connection.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123


def _refuse(error: click.ClickException) -> int:
    """Print an error in the command line as click does, with the arguments escaped."""
    from tui.format import terminal

    head = ("Usage: amplify-transfer [OPTIONS]", "Try 'amplify-transfer --help' for help.", "")
    message = f"Error: {error.format_message()}"
    click.echo(terminal.lines([*head, message]), err=True, nl=False)
    return error.exit_code


def _print_man(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    """Print the manual page, and exit."""
    if wanted and not context.resilient_parsing:
        from tui.man import page

        click.echo("\n".join(page()))
        context.exit()


def _transfer(**given: Any) -> int:
    """Run what the options request, and return the exit code."""
    how = {name: given.pop(name) for name in OWN if name in given}
    request = {name: value for name, value in given.items() if value not in (None, False)}
    return _start(request, **how)


command = Command(
    "amplify-transfer",
    callback=_transfer,
    params=parameters(),
    help="Move a Snowflake table to an S3 bucket, aggregated by month.",
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
        "token_normalize_func": lambda name: ACCEPTED.get(name, name),
    },
)
(_man,) = (each for each in command.params if each.name == "man")
_man.callback = _print_man  # of the options, which the page lists


def _start(
    request: dict[str, Any],
    *,
    batch: bool,
    web: bool,
    port: int | None,
    log_format: str,
    json: bool,
    **how: Any,
) -> int:
    batch = _check(batch, web, json, how)
    from tui.cli.signals import leave

    if web:
        from tui.web.run import run as serve

        leave(serve(request, demo=how["demo"], port=port, json=log_format == "json"))
    if batch:
        from tui.cli.batch import Manner, run

        lines = log_format == "json"
        leave(run(request, Manner(json=lines, as_json=json or lines, **how)))
    if all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        from tui.launch import start

        leave(start(request, demo=how["demo"]))
    click.echo("The app needs a terminal; use --batch to run without it.", err=True)
    return 2


def _check(batch: bool, web: bool, json: bool, how: Mapping[str, Any]) -> bool:
    """Return whether to run without the app.

    Raises:
        click.BadParameter: the options exclude each other, or one lacks another.
    """
    _check_pairs(batch, how)
    given = [name for name in _WITHOUT_THE_APP if how[name]]
    alone = given[:1] in (["check"], ["history"])
    others = given[1:] or (["batch"] if batch and alone else [])
    if given and others:
        raise click.BadParameter(
            f"excludes {' and '.join(map(spelling, others))}", param_hint=spelling(given[0])
        )
    batch = batch or bool(given)
    without_app = ", ".join(map(spelling, sorted(("batch", *_WITHOUT_THE_APP))))
    if batch and web:
        raise click.BadParameter(
            f"serves the app, so it excludes {without_app}", param_hint=spelling("web")
        )
    for name, value in (("json", json), ("log_file", how["log_file"])):
        if value and not batch:
            raise click.BadParameter(f"requires one of {without_app}", param_hint=spelling(name))
    return batch


def _check_pairs(batch: bool, how: Mapping[str, Any]) -> None:
    """Refuse an option without the one that it needs, or with one that it excludes.

    Raises:
        click.BadParameter: there is such an option.
    """
    for name, needed in _REQUIRED:
        if how[name] and not how[needed]:
            raise click.BadParameter(f"requires {spelling(needed)}", param_hint=spelling(name))
    for name in ("job", "save_job"):
        if how[name] and not (batch or how["dry_run"]):
            raise click.BadParameter("requires --batch or --dry-run", param_hint=spelling(name))
    for name, other in _EXCLUDED:
        if how[name] and how[other]:
            raise click.BadParameter(f"excludes {spelling(other)}", param_hint=spelling(name))
