"""Change an entry of a job file, and write a request as one; comments and order are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import AoT, Null, Table

from core.configuration.destinations import NamedDestination, fill_options, list_destinations
from core.configuration.tables import TomlFile
from core.errors import UsageError
from core.jobs.job_file import ALSO, TRANSFERS, WINDOW, JobTransfer, open_job_file, parse_job
from core.jobs.save import find_differences, point_to, to_toml, write_file
from core.planning.names import nearest_hint
from core.request.options import PLACE
from core.request.reproduce import list_given
from core.request.request import DEFAULTS, Request


def list_job_options(request: Request, *, demo: bool = False) -> dict[str, Any]:
    """Return the options with which a job file has a request, for `save_transfer`.

    Those at their default are left out, as are secrets. If the destination has a name, it is named,
    and its own options are left out too.

    Args:
        request: the request.
        demo: leave out how the embedded warehouse and bucket are reached.
    """
    given = dict(list_given(request, demo=demo))
    named = _find_named(request)
    if named is None:
        return given
    short: dict[str, Any] = {"table": request.table, "bucket": named.name}
    there = Request.of(**fill_options(short))
    for name in find_differences(there, request):
        if name not in given and name in (*PLACE, "notify"):
            continue
        value = given.get(name, getattr(request, name))
        if value is None:  # the destination has an option that the request must not have
            return given
        short[name] = value
    return short


def change_transfer(path: Path, name: str, request: Request) -> None:
    """Give a transfer of a job file the options of a request.

    Only the keys whose values differ are written: variables, comments and the order stay. How the
    services are reached stays as the file has it.

    Args:
        path: the job file.
        name: the name of the transfer in it.
        request: the request.

    Raises:
        UsageError: the file has mistakes or no such transfer, or has it a month at a time and other
            months are wanted, or its defaults do not allow the change.
        LocalResourceError: the file cannot be written.
    """
    file = open_job_file(path)
    document = tomlkit.parse(file.text)
    table = find_table(document.get(TRANSFERS), path, name)
    before = _read(file, name)
    _check_window(before, request)
    if (before.request.bucket, before.request.destination) != (request.bucket, request.destination):
        _set_destination(table, request)
    for final in (False, True):  # first without the keys whose values are the defaults
        now = _read(TomlFile(path, tomlkit.dumps(document)), name).request
        for option in _list_changes(now, request):
            _set(table, option, request, final=final)
    text = tomlkit.dumps(document)
    missed = _list_changes(_read(TomlFile(path, text), name).request, request)
    if missed:
        raise UsageError(
            f"The defaults of {path} give {name} {', '.join(missed)}, which it shall not have.",
            "Save it in another job file.",
        )
    if text != file.text:
        write_file(path, text)


def _find_named(request: Request) -> NamedDestination | None:
    """Return the configured destination of a request, unless its bucket is another one by now."""
    named = list_destinations().get(request.destination or "")
    return named if named and named.url == request.bucket else None


def find_table(transfers: object, path: Path, name: str) -> Table:
    """Return the table of a transfer.

    Args:
        transfers: the transfers of a parsed job file.
        path: the file, for errors.
        name: the name of the transfer.

    Raises:
        UsageError: it has no such transfer, or its transfers are written as a list of values.
    """
    if not isinstance(transfers, AoT):
        raise UsageError(f"{path} has its transfers in a list.", f"Write them as [[{TRANSFERS}]].")
    for table in transfers:
        if isinstance(table, Table) and table.get("name") == name:
            return table
    names = dict.fromkeys(str(each.get("name")) for each in transfers)
    raise UsageError(f"{path} has no transfer {name!r}.", nearest_hint(name, names))


def _read(file: TomlFile, name: str) -> JobTransfer:
    """Return the transfer of an entry, the first one of a backfill."""
    return next(each for each in parse_job(file).transfers if each.entry == name)


def _check_window(before: JobTransfer, request: Request) -> None:
    if before.name == before.entry:
        return
    if any(getattr(before.request, each) != getattr(request, each) for each in WINDOW):
        raise UsageError(
            f"{before.entry} runs a transfer a month, so its months cannot be changed here.",
            "Change its backfill in the file.",
        )


def _set_destination(table: Table, request: Request) -> None:
    named = _find_named(request)
    ((key, value),) = point_to(named.name if named else request.bucket).items()
    for other in {ALSO, "bucket"} - {key}:
        if other in table:
            table.remove(other)
    if key in table:
        table[key] = value
    else:
        _add(table, key, value)


def _list_changes(now: Request, wanted: Request) -> list[str]:
    return [name for name in find_differences(now, wanted) if name not in PLACE]


def _set(table: Table, name: str, request: Request, *, final: bool) -> None:
    value = getattr(request, name)
    if name in table and (value is None or (value == DEFAULTS.get(name) and not final)):
        table.remove(name)
    elif name in table:
        table[name] = to_toml(name, value)
    elif value is not None:
        _add(table, name, to_toml(name, value))


def _add(table: Table, key: str, value: object) -> None:
    """Add a key after the last one: what follows that belongs to the next table of the file."""
    body = table.value.body
    following = []
    while body and body[-1][0] is None:
        following.append(body.pop()[1])
    table.add(key, tomlkit.item(value))
    for item in reversed(following):
        if not isinstance(item, Null):
            table.add(item)  # type: ignore[call-overload]  # a comment or white space
