"""The options of the command line: those of a transfer, which core declares, and a few others.

The option that core names `date_column` is `--date-column` on the command line, and
`AMPLIFY_DATE_COLUMN` in the environment.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal

import click

from core.facade import GROUPS, Option
from tui.completion import SHELLS, complete, print_script

_PORTS: Final = (1024, 65535)  # lower ports are for the superuser
_MOST_JOBS: Final = 64

OWN: Final[Mapping[str, Option]] = {
    "batch": Option(
        help="Run without the app and without questions, and print the result as JSON on stdout.",
        type=bool,
        default=False,
    ),
    "dry_run": Option(
        help="Print the plan and what each engine would cost, without the app. Nothing is "
        "delivered.",
        type=bool,
        default=False,
    ),
    "exact": Option(
        help="Count the rows that would be delivered, for `dry_run`, instead of estimating them "
        "from a sample.",
        type=bool,
        default=False,
    ),
    "ddl": Option(
        help="Print the CREATE TABLE with which the system that reads the delivery loads it, and "
        "deliver nothing.",
        type=Literal["redshift", "athena", "spark", "snowflake", "postgres", "bigquery"] | None,
        placeholder="SYSTEM",
        examples=("redshift",),
    ),
    "check": Option(
        help="Check the account, and the table and the bucket if they are named, without a "
        "transfer: what differs from what a transfer relies on, and what to do.",
        type=bool,
        default=False,
    ),
    "probe_write": Option(
        help="With `check`, write a probe object to the bucket, and remove it.",
        type=bool,
        default=False,
    ),
    "record": Option(
        help="With `check`, the directory in which the answers are recorded, without names, values "
        "or secrets.",
        type=str | None,
        placeholder="DIR",
        examples=("answers",),
    ),
    "destinations": Option(
        help="List the configured destinations, with their buckets and options.",
        type=bool,
        default=False,
    ),
    "job": Option(
        help="Run the transfers of a job file, with `batch`, or print their plans, with `dry_run`. "
        "Other options win over those of the file.",
        type=str | None,
        placeholder="FILE",
        examples=("monthly.toml",),
    ),
    "only": Option(
        help="The transfers of `job` to run.",
        type=str | None,
        absent="all",
        placeholder="A,B",
        examples=("orders,returns",),
    ),
    "jobs": Option(
        help="How many transfers of `job` run at a time. They share the memory limit.",
        type=int | None,
        absent="1",
        placeholder="NUMBER",
        examples=("2",),
    ),
    "stop_on_failure": Option(
        help="Start no further transfer of `job` once one has failed.", type=bool, default=False
    ),
    "save_job": Option(
        help="Append the transfer to a job file once it is delivered, or planned with `dry_run`. "
        "The file is made if it is missing; its comments are kept.",
        type=str | None,
        placeholder="FILE",
        examples=("monthly.toml",),
    ),
    "schema": Option(
        help="Print the JSON schema of job files, for editors.", type=bool, default=False
    ),
    "history": Option(
        help="Print the runs of this machine, newest first, and transfer nothing. With `table`, "
        "those of one table; with `since`, those of a month, a day or a number of days on, such as "
        "`7d`.",
        type=bool,
        default=False,
    ),
    "limit": Option(
        help="With `history`, the most runs that are printed.",
        type=int,
        default=50,
        placeholder="NUMBER",
        examples=("10",),
    ),
    "json": Option(
        help="Print the plan of `dry_run`, the findings of `check`, the list of `destinations` and "
        "the runs of `history` as JSON on stdout, the runs as one line each.",
        type=bool,
        default=False,
    ),
    "demo": Option(
        help="Use an embedded warehouse and bucket with sample tables.", type=bool, default=False
    ),
    "web": Option(
        help="Serve the app to a browser on this machine, at the address that is printed.",
        type=bool,
        default=False,
    ),
    "port": Option(
        help="The port on which `web` listens.",
        type=int | None,
        absent="any free port",
        placeholder="NUMBER",
        examples=("8123",),
    ),
    "quiet": Option(help="Print only errors on stderr.", type=bool, default=False),
    "log_format": Option(
        help="The format of the messages on stderr.", type=Literal["text", "json"], default="text"
    ),
    "log_file": Option(
        help="A file to which the messages of a run without the app are written too, as JSON "
        "lines. It is rotated at 10 MB; five files are kept.",
        type=str | None,
        placeholder="FILE",
        examples=("/var/log/amplify-transfer.jsonl",),
    ),
    "completion": Option(
        help="Print the script that completes options, and the values of them that this machine "
        "knows, in a shell, and exit.",
        type=Literal["bash", "zsh", "fish"] | None,
    ),
    "man": Option(
        help="Print the manual page in the form of man(1), and exit.", type=bool, default=False
    ),
    "version": Option(help="Print the version and exit.", type=bool, default=False),
}
"""The options that only the command line has; they are not fields of the request."""

SECTIONS: Final[Mapping[str, Mapping[str, Option]]] = {
    **{
        group: {name: option for name, option in options.items() if option.is_written}
        for group, options in GROUPS.items()
    },
    "command line": OWN,
}
"""All options of the command line by subject, in the order of the help."""

ALSO: Final[Mapping[str, str]] = {"bucket": "to"}
"""Shorter names of options, which the help lists."""

ACCEPTED: Final[Mapping[str, str]] = {
    **{also: name for name, also in ALSO.items()},
    "table_name": "table",
    "sum_column": "sum-columns",
    "sum_columns": "sum-columns",
    "group_column": "date-column",
}
"""Other accepted spellings, which the help does not list, with their options."""

_NAMES: Final = frozenset(name for options in SECTIONS.values() for name in options)
_VALUES: Final[Mapping[str, click.ParamType[Any]]] = {
    "port": click.IntRange(*_PORTS),
    "jobs": click.IntRange(1, _MOST_JOBS),
    "limit": click.IntRange(1),
    "log_format": click.Choice(["text", "json"]),
    "ddl": click.Choice(["redshift", "athena", "spark", "snowflake", "postgres", "bigquery"]),
}


def spelling(name: str) -> str:
    """Return the spelling of an option, such as `--date-column`."""
    return f"--{name.replace('_', '-')}"


def variable(name: str) -> str:
    """Return the environment variable of an option, such as AMPLIFY_DATE_COLUMN."""
    return f"AMPLIFY_{name.upper()}"


def usage(name: str, option: Option) -> str:
    """Return an option with the form of its value, such as `--if-exists fail|overwrite`."""
    form = "|".join(option.choices) or option.placeholder
    names = ", ".join(spelling(each) for each in (name, ALSO.get(name)) if each)
    return f"{names} {form}".rstrip()


def spell_options(text: str, quote: str = "") -> str:
    """Return a help text with the options in it spelled as on the command line.

    Args:
        text: the text, with options and values in backticks.
        quote: the text that replaces each backtick.

    Example:
        >>> spell_options("Only with `dry_run`.")
        'Only with --dry-run.'
    """

    def replace(match: re.Match[str]) -> str:
        name = match[1]
        return f"{quote}{spelling(name) if name in _NAMES else name}{quote}"

    return re.sub("`([^`]+)`", replace, text)


def parameters() -> list[click.Parameter]:
    """Return the options for click."""
    return [
        _parameter(name, option)
        for options in SECTIONS.values()
        for name, option in options.items()
    ]


def _parameter(name: str, option: Option) -> click.Option:
    names = [spelling(name), name]
    if name == "version":
        return click.Option(
            names, is_flag=True, is_eager=True, expose_value=False, callback=_print_version
        )
    if name == "man":
        return click.Option(names, is_flag=True, is_eager=True, expose_value=False)
    if name == "completion":
        shells = click.Choice(SHELLS)
        return click.Option(
            names, type=shells, is_eager=True, expose_value=False, callback=print_script
        )
    about = spell_options(option.help).partition(". ")[0].removesuffix(".")
    if option.is_flag:
        return click.Option(names, is_flag=True, envvar=variable(name), help=about)
    if name in OWN:
        return click.Option(
            names,
            default=option.default,
            type=_VALUES.get(name),
            envvar=variable(name),
            help=about,
            shell_complete=complete(name, option),
        )
    # The request validates the values of a transfer, with the same messages for all front ends.
    return click.Option(
        names, envvar=variable(name), help=about, shell_complete=complete(name, option)
    )


def _print_version(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        click.echo(f"amplify-transfer {version('amplify-transfer')}")
        ctx.exit()
