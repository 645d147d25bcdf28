"""Destinations with names, kept in `amplify.toml` in the configuration directory.

    [destinations.partner]
    bucket = "partner-inbox"
    prefix = "from-us/"
    acl = "bucket-owner-full-control"
    format = "csv"

The options are those of the destination and of the file, and Snowflake's way to write there. Where
a request names a destination, these fill what the caller has not given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core.bucket.destination import Destination
from core.configuration.lines import Place
from core.configuration.tables import TomlFile, merge
from core.errors import LocalResourceError, UsageError
from core.request.lists import split_names
from core.request.options import GROUPS
from core.request.write_ways import WRITE_WAYS
from core.runtime.disk.paths import config_dir

FILE: Final = "amplify.toml"
TABLE: Final = "destinations"
# The groups of options that a destination may have, and further options.
_GROUPS: Final = ("output", "destination")
_MORE: Final = (*WRITE_WAYS, "max_file_size")
NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class NamedDestination:
    """A configured destination.

    Attributes:
        name: its name.
        url: the bucket and the prefix, as `s3://bucket/prefix/`.
        options: its other options, fields of `Request`.
    """

    name: str
    url: str
    options: Mapping[str, Any]


def list_destinations() -> dict[str, NamedDestination]:
    """Return the configured destinations by name, in the order of the file.

    Raises:
        UsageError: the file cannot be read, is not TOML, or could be changed by other users.
        ConfigurationError: it has mistakes; all of them are in the error.
    """
    path = find_file()
    file = TomlFile.read(path, "a configuration file") if path else None
    return {} if file is None else read_destinations(file)


def find_file() -> Path | None:
    """Return the path of the file, which may be missing; None if no directory can be used."""
    try:
        return config_dir() / FILE
    except LocalResourceError:
        return None


def fill_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a request, filled up by those of the destination that it names.

    Args:
        options: the options that the caller gave, by name. If `bucket` is the name of a configured
            destination, it wins over a bucket of the same name; `s3://name` is always the bucket.

    Returns:
        The arguments for `Request.of`. Among them is `destination`, the name, if there is one.

    Raises:
        UsageError, ConfigurationError: as for `list_destinations`.
    """
    wanted = options.get("bucket")
    if not isinstance(wanted, str) or not NAME.fullmatch(wanted):
        return dict(options)
    found = list_destinations().get(wanted)
    if found is None:
        return dict(options)
    return {**merge(found.options, options), "bucket": found.url, "destination": found.name}


def list_known_options() -> tuple[str, ...]:
    """Return the options that a destination may have, besides `prefix`."""
    return (*(name for group in _GROUPS for name in GROUPS[group]), *_MORE)


def read_destinations(file: TomlFile) -> dict[str, NamedDestination]:
    """Return the destinations of a file by name.

    Raises:
        ConfigurationError: it has mistakes; all of them are in the error.
    """
    found: dict[str, NamedDestination] = {}
    file.check_keys(file.data, (), (TABLE,))
    for name, table in file.tables(file.data.get(TABLE, {}), (TABLE,)):
        place: Place = (TABLE, name)
        if not NAME.fullmatch(name):
            file.refuse(place, f"the name {name!r} must have letters, digits and . _ - only")
        file.check_keys(table, place, ("prefix", *list_known_options()))
        options = {key: table[key] for key in list_known_options() if key in table}
        file.check_options(options, {"": place, **{key: (*place, key) for key in options}})
        if url := _find_url(file, table, place):
            del options["bucket"]
            if "encrypt_to" in options:
                options["encrypt_to"] = _find_keys(options["encrypt_to"], file.path.parent)
            found[name] = NamedDestination(name, url, options)
    file.check()
    return found


def _find_keys(value: Any, directory: Path) -> Any:
    """Return the files of keys, those of a relative path in the directory of the configuration."""
    names = split_names(value)
    if not isinstance(names, list | tuple) or not all(isinstance(each, str) for each in names):
        return value  # which is refused
    return [str(directory / Path(each).expanduser()) for each in names]


def _find_url(file: TomlFile, table: Mapping[str, Any], place: Place) -> str:
    """Return the URL of a destination's bucket and prefix; empty if it is invalid."""
    bucket, prefix = table.get("bucket"), table.get("prefix", "")
    if not isinstance(bucket, str):
        if "bucket" not in table:
            file.refuse(place, "bucket is missing")
        return ""
    if not isinstance(prefix, str):
        file.refuse((*place, "prefix"), "prefix: must be text")
        return ""
    try:
        base = Destination.parse(bucket).url()
    except UsageError as error:
        file.refuse((*place, "bucket"), f"bucket: {error.message}".rstrip("."))
        return ""
    try:
        joined = base + ("" if base.endswith("/") or not prefix else "/") + prefix.removeprefix("/")
        return Destination.parse(joined).url()
    except UsageError as error:
        file.refuse((*place, "prefix"), f"prefix: {error.message}".rstrip("."))
        return ""
