"""Completion in bash, zsh and fish: of options, and of values that this machine knows.

These are choices, names of connections and destinations, and tables and buckets of the history;
nothing is asked of a network. A shell inserts a completion as if it were typed, so only values are
offered in which no shell expands anything.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

import click
from click.shell_completion import CompletionItem, get_completion_class

from core.facade import Option

SHELLS: Final = ("bash", "zsh", "fish")
Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem[str]]]

_PROGRAM: Final = "amplify-transfer"
_VARIABLE: Final = "_AMPLIFY_TRANSFER_COMPLETE"
_BARE: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_@%+./-]*", re.ASCII)
_FILES: Final = {
    **dict.fromkeys(("report", "job", "save_job", "log_file"), "file"),
    "record": "dir",
}


def print_script(context: click.Context, parameter: click.Parameter, shell: str | None) -> None:
    """Print the script of a shell, and exit."""
    if shell is None or context.resilient_parsing:
        return
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101  of a choice
    click.echo(kind(context.command, {}, _PROGRAM, _VARIABLE).source())
    context.exit()


def complete(name: str, option: Option) -> Complete:
    """Return the function that completes the values of an option."""

    def found(
        context: click.Context, parameter: click.Parameter, start: str
    ) -> list[CompletionItem[str]]:
        if name in _FILES:
            return [CompletionItem(start, type=_FILES[name])]
        if name == "only":
            return _complete_transfers(context, start)
        values: Iterable[str] = option.choices
        if name in _SOURCES:
            values = ()
            with suppress(Exception):  # a file that cannot be read: nothing is offered
                values = _SOURCES[name]()
        matching = sorted({value for value in values if value.lower().startswith(start.lower())})
        return [CompletionItem(value) for value in matching if _BARE.fullmatch(value)]

    return found


def _complete_transfers(context: click.Context, start: str) -> list[CompletionItem[str]]:
    """Complete the last name of a list by the transfers of the job file in the command line."""
    before, comma, last = start.rpartition(",")
    known: list[str] = []
    with suppress(Exception):  # no file is named, or it cannot be read
        job = tomllib.loads(Path(context.params["job"]).read_text(encoding="utf-8"))
        known = [each["name"] for each in job["transfers"]]
    taken = before.split(",")
    matching = [name for name in known if name.startswith(last) and name not in taken]
    return [CompletionItem(before + comma + name) for name in matching if _BARE.fullmatch(name)]


def _list_connections() -> Iterable[str]:
    from core.facade import discovery

    return discovery.list_connections()


def _list_tables() -> Iterable[str]:
    from core.facade import read_history

    return [entry.table for entry in read_history(demo=False)]


def _list_buckets() -> Iterable[str]:
    from core.facade import list_destinations, read_history

    urls = [entry.destination for entry in read_history(demo=False)]
    # bash separates words at colons, so a URL cannot be completed there.
    return [*list_destinations(), *(url[5:-1] for url in urls if url.count("/") == 3)]


_SOURCES: Final[dict[str, Callable[[], Iterable[str]]]] = {
    "connection": _list_connections,
    "table": _list_tables,
    "bucket": _list_buckets,
}
