"""Completion in bash, zsh and fish: of options, and of values that this machine knows.

These are choices, connections and what they name, destinations, AWS profiles and regions, time
zones, months, and what former runs used: tables, their columns, warehouses, roles and so on.
Nothing is asked of a network. A shell inserts a completion as if it were typed, so only values are
offered in which no shell expands anything.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final, get_args

import click
from click.shell_completion import CompletionItem, get_completion_class

from core.facade import Option

SHELLS: Final = ("bash", "zsh", "fish")
Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem[str]]]

_PROGRAM: Final = "amplify-transfer"
_VARIABLE: Final = "_AMPLIFY_TRANSFER_COMPLETE"
_BARE: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_@%+./-]*", re.ASCII)
_FILES: Final = {
    **dict.fromkeys(("report", "job", "save_job", "log_file", "encrypt_to"), "file"),
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
        # Of a list, the last name is completed, by those that it does not have yet.
        before, comma, last = start.rpartition(",") if name in _LISTS else ("", "", start)
        values: Iterable[str] = option.choices
        with suppress(Exception):  # a file that cannot be read: nothing is offered
            values = values or _list_values(name, context)
        others = {
            value
            for value in values
            if value.lower().startswith(last.lower()) and value not in before.split(",")
        }
        return [
            CompletionItem(before + comma + value)
            for value in sorted(others)
            if _BARE.fullmatch(value)
        ]

    return found


def _list_values(name: str, context: click.Context) -> Iterable[str]:
    if name in _COLUMNS:
        return _list_columns(str(context.params.get("table") or ""))
    own = _SOURCES.get(name)
    values = own(context) if own else ()
    return [*values, *_list_used(name)]


def _list_used(name: str) -> Iterator[str]:
    """Yield the values of an option that former runs had."""
    from core.facade import read_history

    for entry in read_history(demo=False):
        value = getattr(entry.request, name, None)
        if isinstance(value, str):
            yield value


def _list_columns(table: str) -> Iterator[str]:
    """Yield the columns of a table, by the last runs of it; without a table, those of all."""
    from core.facade import read_history

    for entry in read_history(table=table, demo=False):
        yield from (str(each["name"]) for each in entry.columns)


def _list_transfers(context: click.Context) -> Iterable[str]:
    job = tomllib.loads(Path(context.params["job"]).read_text(encoding="utf-8"))
    return [each["name"] for each in job["transfers"]]


def _list_connections(context: click.Context) -> Iterable[str]:
    from core.facade import discovery

    return discovery.list_connections()


def _list_of_connections(name: str, context: click.Context) -> Iterator[str]:
    """Yield a parameter of the connection in the command line; without one, of each."""
    from core.facade import discovery

    known, wanted = discovery.list_connections(), context.params.get("connection")
    for each in [known[wanted]] if wanted in known else known.values():
        if isinstance(value := each.parameters.get(name), str):
            yield value


def _list_tables(context: click.Context) -> Iterable[str]:
    from core.facade import read_history

    return [entry.table for entry in read_history(demo=False)]


def _list_buckets(context: click.Context) -> Iterable[str]:
    from core.facade import list_destinations, read_history

    urls = [entry.destination for entry in read_history(demo=False)]
    # bash separates words at colons, so a URL cannot be completed there.
    return [*list_destinations(), *(url[5:-1] for url in urls if url.count("/") == 3)]


def _list_profiles(context: click.Context) -> Iterable[str]:
    from core.facade import list_profiles

    return list_profiles()


def _list_regions(context: click.Context) -> Iterable[str]:
    from core.facade import list_regions

    return list_regions()


def _list_storage_classes(context: click.Context) -> Iterable[str]:
    from core.facade import StorageClass

    return get_args(StorageClass)


def _list_zones(context: click.Context) -> Iterable[str]:
    import zoneinfo

    return zoneinfo.available_timezones()


def _list_months(context: click.Context) -> Iterator[str]:
    """Yield this month and those of two years before it."""
    today = datetime.now(UTC)
    last = today.year * 12 + today.month - 1
    for each in range(last - _MONTHS, last + 1):
        yield f"{each // 12}-{each % 12 + 1:02}"


_MONTHS: Final = 24  # before this one
_COLUMNS: Final = ("date_column", "sum_columns", "key_columns", "drop_columns")
_LISTS: Final = ("only", *_COLUMNS[1:])
_SOURCES: Final[dict[str, Callable[[click.Context], Iterable[str]]]] = {
    "only": _list_transfers,
    "connection": _list_connections,
    "warehouse": partial(_list_of_connections, "warehouse"),
    "role": partial(_list_of_connections, "role"),
    "table": _list_tables,
    "bucket": _list_buckets,
    "aws_profile": _list_profiles,
    "region": _list_regions,
    "timezone": _list_zones,
    "since": _list_months,
    "until": _list_months,
    "date_format": lambda _: ("iso", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns"),
    "storage_class": _list_storage_classes,
}
