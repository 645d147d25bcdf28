"""Job files: read, checked, and turned into the requests of their transfers.

    [defaults]
    connection = "prod"
    to = "partner"

    [[transfers]]
    name = "orders"
    table = "SALES.PUBLIC.ORDERS"
    last_months = 1

Every option has the name of its keyword in Python; `to` is another name of `bucket`. A transfer's
own option wins over that of `[defaults]`, and both over those of a configured destination.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from core.bucket.destination import Destination
from core.bucket.target import object_key
from core.configuration.destinations import FILE as DESTINATIONS_FILE
from core.configuration.destinations import fill_options, list_destinations
from core.configuration.lines import Place
from core.configuration.tables import TomlFile, merge, suggest
from core.errors import TransferError, UsageError
from core.jobs.variables import expand
from core.planning.names import TableName, nearest_hint, parse_table
from core.planning.window import add_months, write_month
from core.request.months import MOST_MONTHS, parse_month
from core.request.options import OPTIONS
from core.request.request import DEFAULT_MEMORY_LIMIT, Request
from core.request.sizes import parse_size

KIND: Final = "a job file"
DEFAULTS, TRANSFERS = "defaults", "transfers"
ALSO: Final = "to"  # another name of the option bucket
OWN: Final = ("name", "schema", "backfill")  # keys of a transfer that are no options
SCHEMAS: Final = ("free", "frozen")
PER_TRANSFER: Final = ("table", "bucket", "file_name", "report")
NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_BACKFILL: Final = re.compile(r"\s*(\S+?)\s*\.\.\s*(\S+)\s*")
WINDOW: Final = ("since", "until", "last_months", "include_current", "restate_months")
_MONTHLY_NAME: Final = "{table}_monthly_{month}.{ext}"  # of the files of a backfill

Options = Mapping[str, Any]
Adapt = Callable[[Options], Options]


@dataclass(frozen=True)
class JobTransfer:
    """One transfer of a job.

    Attributes:
        name: its name; of a backfill, with the month: `orders-2024-01`.
        request: its request.
        frozen: whether it fails if columns were gained or lost since the last delivery.
        entry: the name in the file.
    """

    name: str
    request: Request
    frozen: bool
    entry: str


@dataclass(frozen=True)
class Job:
    """The transfers of a job file.

    Attributes:
        path: the file.
        transfers: the selected transfers, in the order of the file.
        memory_limit: the memory in bytes that all of them share.
    """

    path: Path
    transfers: tuple[JobTransfer, ...]
    memory_limit: int


@dataclass
class _Entry:
    """A table of the file: its options, and where each of them is given."""

    name: str
    place: Place
    options: dict[str, Any]
    places: dict[str, Place]
    frozen: bool = False
    months: Sequence[str] = field(default_factory=tuple)


def read_job(
    path: Path,
    *,
    only: Collection[str] = (),
    given: Options | None = None,
    adapt: Adapt = dict,
) -> Job:
    """Read a job file.

    Args:
        path: the file.
        only: the names of the transfers to select; all if empty. The name of a backfill in the file
            selects all of its months.
        given: options that win over those of every transfer.
        adapt: changes the options of each transfer after they were checked.

    Raises:
        UsageError: the file cannot be read, or has no transfer of a name in `only`.
        ConfigurationError: the file, or that of the destinations, has mistakes; all of them are in
            the error.
    """
    return parse_job(open_job_file(path), only=only, given=given, adapt=adapt)


def open_job_file(path: Path) -> TomlFile:
    """Return the text and the tables of a job file.

    Raises:
        UsageError: it is missing, or cannot be read.
    """
    file = TomlFile.read(path, KIND)
    if file is None:
        raise UsageError(f"The job file {path} does not exist.", "Check the path.")
    return file


def parse_job(
    file: TomlFile,
    *,
    only: Collection[str] = (),
    given: Options | None = None,
    adapt: Adapt = dict,
) -> Job:
    """Return the job of a file that was read; see `read_job`."""
    if only_given := sorted({*PER_TRANSFER} & {*(given or {})}):
        raise UsageError(
            f"A job file gives each transfer its own {', '.join(only_given)}.",
            "Leave it out here, and in the environment.",
        )
    Request.of(**{"table": "TABLE", "bucket": "s3://bucket", **(given or {})})
    entries = _read_entries(file, given or {}, adapt)
    _check_names(file, entries)
    file.check()
    found = tuple(each for entry in entries for each in _make_transfers(entry, adapt))
    _check_objects(file, entries, found)
    file.check()
    defaults = expand(file.data.get(DEFAULTS, {}), file, (DEFAULTS,))
    limit = {**defaults, **(given or {})}.get("memory_limit", DEFAULT_MEMORY_LIMIT)
    return Job(file.path, _select(found, only), parse_size(limit))


def _read_entries(file: TomlFile, given: Options, adapt: Adapt) -> list[_Entry]:
    file.check_keys(file.data, (), (DEFAULTS, TRANSFERS))
    table = file.data.get(DEFAULTS, {})
    if not isinstance(table, dict):
        file.refuse((DEFAULTS,), f"{DEFAULTS} must be a table")
        table = {}
    defaults = _read_table(file, table, (DEFAULTS,), (*OPTIONS, ALSO, "schema"))
    rows = file.data.get(TRANSFERS, [])
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        file.refuse((TRANSFERS,), f"there is no transfer: each begins with [[{TRANSFERS}]]")
        return []
    known = (*OPTIONS, ALSO, *OWN)
    return [
        _read_entry(file, _read_table(file, row, (TRANSFERS, n), known), defaults, given, adapt)
        for n, row in enumerate(rows)
    ]


def _read_table(file: TomlFile, table: Options, place: Place, known: Collection[str]) -> _Entry:
    """Read a table of options, whose own keys are still among them."""
    file.check_keys(table, place, known)
    options = {name: expand(table[name], file, (*place, name)) for name in table if name in known}
    places = {name: (*place, name) for name in options}
    if ALSO in options:
        if "bucket" in options:
            file.refuse(places[ALSO], f"{ALSO} and bucket are the same option")
        _check_destination(file, options[ALSO], places[ALSO])
        options["bucket"] = options.pop(ALSO)
        places["bucket"] = places.pop(ALSO)
    return _Entry("", place, options, places)


def _check_destination(file: TomlFile, to: object, place: Place) -> None:
    """Note a destination that is not configured, which would be the bucket of someone else."""
    if isinstance(to, str) and not to.startswith(("s3://", "arn:")):
        known = list_destinations()
        if to not in known:
            text = f"there is no destination {to!r} in {DESTINATIONS_FILE}{suggest(to, known)}"
            file.refuse(place, f"{text}; a bucket is written s3://{to}")


def _read_entry(
    file: TomlFile, own: _Entry, defaults: _Entry, given: Options, adapt: Adapt
) -> _Entry:
    backfill = own.options.pop("backfill", None)
    name, frozen = _read_name(file, own), _is_frozen(file, own, defaults)
    options = merge(merge(defaults.options, own.options), given)
    options.pop("schema", None)
    entry = _Entry(
        name, own.place, options, {"": own.place, **defaults.places, **own.places}, frozen
    )
    if backfill is not None:
        _plan_backfill(file, entry, own, backfill)
    missing = [key for key in ("table", "bucket") if key not in options]
    for key in missing:
        file.refuse(own.place, f"{key} is missing")
    entry.options = fill_options(options)
    checked = {key: value for key, value in entry.options.items() if key != "destination"}
    places = {key: entry.places.get(key, entry.places.get("bucket", own.place)) for key in checked}
    file.check_options({**checked, **_window_of(entry)}, {"": own.place, **places}, adapt)
    return entry


def _read_name(file: TomlFile, own: _Entry) -> str:
    name = own.options.pop("name", None)
    if name is None:
        file.refuse(own.place, "name is missing")
    elif not isinstance(name, str) or not NAME.fullmatch(name):
        file.refuse(own.places["name"], "name: must have letters, digits and . _ - only")
    return str(name)


def _is_frozen(file: TomlFile, own: _Entry, defaults: _Entry) -> bool:
    for entry in (own, defaults):
        if "schema" in entry.options:
            schema = entry.options["schema"]
            if schema not in SCHEMAS:
                file.refuse(entry.places["schema"], f"schema: must be {' or '.join(SCHEMAS)}")
            return bool(schema == "frozen")
    return False


def _plan_backfill(file: TomlFile, entry: _Entry, own: _Entry, backfill: object) -> None:
    place = own.places["backfill"]
    for key in WINDOW:
        if key in own.options:
            file.refuse(place, f"backfill and {key} exclude each other")
        entry.options.pop(key, None)
    try:
        entry.months = list_months(backfill)
    except ValueError as error:
        file.refuse(place, f"backfill: {error}")
    named = entry.options.setdefault("file_name", _MONTHLY_NAME)
    fields = ("{month}", "{since}", "{until}", "{run_id}")
    if isinstance(named, str) and not any(each in named for each in fields):
        where = entry.places.get("file_name", place)
        file.refuse(where, "a backfill has an object a month: put {month} into the file name")


def list_months(backfill: object) -> tuple[str, ...]:
    """Return the months of a backfill.

    Raises:
        ValueError: it is not a range of months.

    Example:
        >>> list_months("2023-11..2024-01")
        ('2023-11', '2023-12', '2024-01')
    """
    match = _BACKFILL.fullmatch(backfill) if isinstance(backfill, str) else None
    if match is None:
        raise ValueError("must be a range of months such as 2023-01..2023-12")
    first, last = parse_month(match[1]), parse_month(match[2])
    number = (last.year - first.year) * 12 + last.month - first.month + 1
    if not 1 <= number <= MOST_MONTHS:
        raise ValueError(f"must be 1 to {MOST_MONTHS} months, the first of them first")
    return tuple(write_month(add_months(first, n)) for n in range(number))


def _window_of(entry: _Entry, month: str | None = None) -> dict[str, str]:
    """Return the window of a month of a backfill, the first by default; empty without one."""
    found = month or next(iter(entry.months), None)
    return {"since": found, "until": found} if found else {}


def _make_transfers(entry: _Entry, adapt: Adapt) -> Iterator[JobTransfer]:
    for month in entry.months or (None,):
        options = {**entry.options, **_window_of(entry, month)}
        name = f"{entry.name}-{month}" if month else entry.name
        yield JobTransfer(name, Request.of(**adapt(options)), entry.frozen, entry.name)


def _check_names(file: TomlFile, entries: Sequence[_Entry]) -> None:
    first: dict[str, _Entry] = {}
    for entry in entries:
        for name in (entry.name, *(f"{entry.name}-{month}" for month in entry.months)):
            if name in first and first[name] is not entry:
                text = f"the name {name!r} is taken by line {file.line(first[name].place)}"
                file.refuse(entry.places.get("name", entry.place), text)
                break
            first[name] = entry


def _check_objects(
    file: TomlFile, entries: Sequence[_Entry], transfers: Sequence[JobTransfer]
) -> None:
    """Note transfers whose objects would have the same name if they started in one second."""
    by_name = {entry.name: entry for entry in entries}
    first: dict[tuple[object, ...], str] = {}
    for each in transfers:
        entry = by_name[each.entry]
        try:
            found = _name_object(each.request)
        except TransferError as error:
            file.refuse(entry.places.get("bucket", entry.place), error.message.rstrip("."))
            continue
        if "{run_id}" not in (each.request.file_name or "") and found in first:
            text = f"the object may have the name of that of {first[found]!r}: name the file"
            file.refuse(entry.places.get("file_name", entry.place), text)
        first.setdefault(found, each.name)


def _name_object(request: Request) -> tuple[object, ...]:
    """Return what decides the name of an object, the moment of the start aside.

    Raises:
        UsageError: the destination, the file name or the name of the table is invalid.
    """
    parts = parse_table(request.table)
    name = TableName(*("", "")[len(parts) - 1 :], *parts)
    key = object_key(request, name, started=datetime(2000, 1, 1, tzinfo=UTC))
    url = Destination.parse(request.bucket).url(key)
    dated = any(f"{{{each}}}" in (request.file_name or "") for each in ("since", "until", "month"))
    return (url, *((request.last_months, request.include_current) if dated else ()))


def _select(transfers: Sequence[JobTransfer], only: Collection[str]) -> tuple[JobTransfer, ...]:
    names = {name for each in transfers for name in (each.name, each.entry)}
    for wanted in only:
        if wanted not in names:
            raise UsageError(
                f"The job has no transfer {wanted!r}.",
                nearest_hint(wanted, dict.fromkeys(each.entry for each in transfers)),
            )
    return tuple(each for each in transfers if not only or each.name in only or each.entry in only)
