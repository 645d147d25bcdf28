"""Save a transfer as an entry of a job file, whose comments and order are kept."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

import tomlkit
from tomlkit.items import AoT

from core.configuration.destinations import fill_options, list_destinations
from core.configuration.tables import TomlFile
from core.errors import LocalResourceError, UsageError
from core.jobs.job_file import ALSO, KIND, NAME, TRANSFERS, parse_job
from core.planning.names import parse_table
from core.request.options import OPTIONS
from core.request.request import Request
from core.request.sizes import SIZES, StreamLimit, format_size
from core.runtime.disk.private_files import edit

_HEAD: Final = "# A job file of amplify-transfer.\n"


def add_transfer(
    path: Path, options: Mapping[str, Any], *, name: str | None = None
) -> tuple[str, str]:
    """Return a job file with one more transfer, without writing it.

    Args:
        path: the job file, which may be missing.
        options: the options that were given, as for `core.configuration.destinations.fill_options`.
        name: the name of the transfer; None for that of its table, with a number if it is taken.

    Returns:
        The name of the new transfer, and the text of the file.

    Raises:
        UsageError: the file has mistakes, the transfer cannot be written without a secret, or the
            defaults of the file do not allow it.
    """
    intended = Request.of(**fill_options(options))
    file = TomlFile.read(path, KIND)
    job = parse_job(file) if file and TRANSFERS in file.data else None
    taken = {name for each in (job.transfers if job else ()) for name in (each.name, each.entry)}
    name = name or choose_name(intended.table, taken)
    given = {key: to_toml(key, getattr(intended, key)) for key in _list_saved(options)}
    text = _append(path, file, name, point_to(options["bucket"]) | given)
    missed = find_differences(_read_back(path, text, name), intended)
    if missed:  # the defaults of the file have them
        given |= {key: to_toml(key, getattr(intended, key)) for key in missed}
        given = {key: value for key, value in given.items() if value is not None}
        text = _append(path, file, name, point_to(options["bucket"]) | given)
        missed = find_differences(_read_back(path, text, name), intended)
    if missed:
        raise UsageError(
            f"The defaults of {path} give each transfer {', '.join(missed)}, which this one does "
            "not have.",
            "Save it in another job file.",
        )
    return name, text


def save_transfer(path: Path, options: Mapping[str, Any], *, name: str | None = None) -> str:
    """Append a transfer to a job file, which is made if it is missing.

    Args:
        path: the job file.
        options, name: as for `add_transfer`.

    Returns:
        The name of the transfer.

    Raises:
        UsageError: as for `add_transfer`.
        LocalResourceError: the file cannot be written.
    """
    chosen, text = add_transfer(path, options, name=name)
    write_file(path, text)
    return chosen


def write_file(path: Path, text: str) -> None:
    """Write a job file; a link stays one, and the file keeps its mode.

    Raises:
        LocalResourceError: it cannot be written.
    """
    try:
        edit(path, text)
    except OSError as error:
        raise LocalResourceError(
            f"The job file {path} cannot be written: {error.strerror or 'I/O error'}.",
            "Name another.",
        ) from error


def choose_name(table: str, taken: Collection[str]) -> str:
    """Return a name that no transfer of a job has: that of the table, with a number if needed.

    Args:
        table: the table, with or without its schema.
        taken: the names that the job has.
    """
    base = re.sub(r"[^A-Za-z0-9_.-]", "_", parse_table(table)[-1].lower())
    base = base if is_job_name(base) else f"t{base}"
    numbered = (f"{base}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (base, *numbered) if name not in taken)


def is_job_name(name: str) -> bool:
    """Return whether a transfer of a job can have this name."""
    return NAME.fullmatch(name) is not None


def _list_saved(options: Mapping[str, Any]) -> list[str]:
    """Return the options to write, in the order of their declaration.

    Raises:
        UsageError: one of them may hold a secret.
    """
    if not isinstance(options.get("connection", ""), str) or options.get("s3_options"):
        raise UsageError(
            "A job file holds no secrets: name a connection and an AWS profile in place of their "
            "parameters."
        )
    given = {name for name, value in options.items() if value is not None}
    return [name for name in OPTIONS if name in given - {"bucket"}]


def point_to(bucket: str) -> dict[str, str]:
    """Return the key and value of the destination: `to` for a configured one, else the bucket."""
    if "/" not in bucket and bucket in list_destinations():
        return {ALSO: bucket}
    return {"bucket": _escape(bucket)}


def to_toml(name: str, value: Any) -> Any:
    """Return the value of an option as tomlkit writes it."""
    if isinstance(value, StreamLimit):
        return str(value)
    if isinstance(value, str):
        return _escape(value)
    if isinstance(value, Mapping):
        table = tomlkit.inline_table()
        table.update({key: _escape(each) for key, each in value.items()})
        return table
    if isinstance(value, tuple | list):
        return [_escape(each) if isinstance(each, str) else each for each in value]
    return format_size(value) if name in SIZES and isinstance(value, int) else value


def _escape(text: str) -> str:
    """Return a text in which `${` is no variable."""
    return text.replace("${", "$${")


def _append(path: Path, file: TomlFile | None, name: str, options: Mapping[str, Any]) -> str:
    before = file.text if file else _HEAD
    document = tomlkit.parse(before if before.endswith("\n") else f"{before}\n")
    table = tomlkit.table()
    order = ("table", ALSO, "bucket", *options)
    known = dict.fromkeys(key for key in order if key in options)
    for key, value in {"name": name, **{key: options[key] for key in known}}.items():
        table.add(key, value)
    transfers = document.get(TRANSFERS)
    if transfers is not None and not isinstance(transfers, AoT):
        raise UsageError(f"{path} has its transfers in a list.", f"Write them as [[{TRANSFERS}]].")
    if not document.as_string().endswith("\n\n"):  # a blank line stands before the table
        (transfers[-1] if transfers else document).add(tomlkit.nl())
    if transfers is None:
        document.append(TRANSFERS, transfers := tomlkit.aot())
    transfers.append(table)
    return tomlkit.dumps(document)


def _read_back(path: Path, text: str, name: str) -> Request:
    (found,) = (each for each in parse_job(TomlFile(path, text)).transfers if each.name == name)
    return found.request


def find_differences(one: Request, other: Request) -> list[str]:
    """Return the names of the options in which two requests differ."""
    return [name for name in OPTIONS if getattr(one, name) != getattr(other, name)]
