"""The entry point: `amplify-transfer`.

Reading the command line costs a tenth of a second, so nothing else is imported before it is known
what to do.
"""

from __future__ import annotations

import gc
import sys
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from tui.cli import options

_EPILOG = (
    "Every option is also an environment variable: AMPLIFY_ and its name, as AMPLIFY_DATE_COLUMN. "
    "Exit codes: 0 delivered, 1 unexpected, 2 usage, 3 Snowflake sign-in, 4 source data, "
    "5 temporary, 6 destination refused or missing, 7 object exists, 8 integrity, "
    "9 local resources, 129, 130 and 143 stopped by a signal."
)

# When the collector looks, as for `gc.set_threshold`. Hardly anything here is garbage: by default
# it would look at all that is imported ten times before the first frame, for a tenth of its time.
COLLECT = (20_000, 20, 50)

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,  # loading rich would treble the time of --help
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run `amplify-transfer` with the process's arguments; exits with the code of the outcome."""
    gc.set_threshold(*COLLECT)
    try:
        code = app(prog_name="amplify-transfer", standalone_mode=False)
    except TyperException as error:
        code = _refuse(error)
    sys.exit(code)


def _refuse(error: TyperException) -> int:
    """Print a mistake in the command line, as typer would but for characters of the arguments."""
    from tui.format import terminal

    head = ("Usage: amplify-transfer [OPTIONS]", "Try 'amplify-transfer --help' for help.", "")
    message = f"Error: {error.format_message()}"
    typer.echo(terminal.lines([*head, message]), err=True, nl=False)
    return error.exit_code


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"amplify-transfer {version('amplify-transfer')}")
        raise typer.Exit


@app.command(
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
def transfer(
    table: options.Table = None,
    bucket: options.Bucket = None,
    batch: options.Batch = False,
    date_column: options.DateColumn = None,
    date_format: options.DateFormat = None,
    sum_columns: options.SumColumns = None,
    key_columns: options.KeyColumns = None,
    drop_columns: options.DropColumns = None,
    drop_identifiers: options.DropIdentifiers = False,
    format: options.Format = None,  # noqa: A002  the option's name
    gzip: options.Gzip = False,
    csv_escape_formulas: options.CsvEscapeFormulas = False,
    file_name: options.FileName = None,
    if_exists: options.IfExists = None,
    on_bad_date: options.OnBadDate = None,
    timezone: options.Timezone = None,
    connection: options.Connection = None,
    warehouse: options.Warehouse = None,
    role: options.Role = None,
    aws_profile: options.AwsProfile = None,
    endpoint_url: options.EndpointUrl = None,
    expected_bucket_owner: options.ExpectedBucketOwner = None,
    storage_integration: options.StorageIntegration = None,
    stage: options.Stage = None,
    unload_credentials: options.UnloadCredentials = False,
    kms_key_id: options.KmsKeyId = None,
    max_file_size: options.MaxFileSize = None,
    engine: options.Engine = None,
    stream_limit: options.StreamLimit = None,
    verify: options.Verify = False,
    report: options.Report = None,
    memory_limit: options.MemoryLimit = None,
    max_retry_time: options.MaxRetryTime = None,
    dry_run: options.DryRun = False,
    exact: options.Exact = False,
    demo: options.Demo = False,
    web: options.Web = False,
    port: options.Port = None,
    quiet: options.Quiet = False,
    log_format: options.LogFormat = "text",
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Print it.", show_default=False
        ),
    ] = False,
) -> None:
    """Move a Snowflake table to an S3 bucket, aggregated by month."""
    given = dict(locals())
    manner = ("batch", "dry_run", "exact", "demo", "web", "port", "quiet", "log_format")
    how = {name: given.pop(name) for name in manner}
    del given["version"]
    request = {name: value for name, value in given.items() if value not in (None, False)}
    raise typer.Exit(_start(request, **how))


def _start(
    request: dict[str, Any],
    *,
    batch: bool,
    web: bool,
    port: int | None,
    log_format: str,
    **how: bool,
) -> int:
    if log_format not in ("text", "json"):
        raise typer.BadParameter("text or json", param_hint="--log-format")
    if how["exact"] and not how["dry_run"]:
        raise typer.BadParameter("goes with --dry-run", param_hint="--exact")
    batch = batch or how["dry_run"]
    if batch and web:
        raise typer.BadParameter(
            "is the app; --batch and --dry-run are without it", param_hint="--web"
        )
    if web:
        from tui.cli.batch import leave
        from tui.web.run import run as serve

        leave(serve(request, demo=how["demo"], port=port, json=log_format == "json"))
    if batch:
        from tui.cli.batch import Manner, leave, run

        leave(run(request, Manner(json=log_format == "json", **how)))
    if all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        from tui.cli.batch import leave
        from tui.launch import start

        leave(start(request, demo=how["demo"]))
    typer.echo("There is no terminal for the app here; add --batch to run without it.", err=True)
    return 2
