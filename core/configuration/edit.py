"""Make, change and remove destinations in `amplify.toml`; the rest of the file stays as it is.

A destination is edited as the text below its heading, so its comments and its order are the
user's. What has a heading of its own, such as `[destinations.partner.s3_options]`, is not part of
that text, and stays.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

from core.configuration.destinations import (
    FILE,
    NAME,
    TABLE,
    NamedDestination,
    find_file,
    read_destinations,
)
from core.configuration.lines import find_lines
from core.configuration.tables import TomlFile
from core.errors import LocalResourceError, UsageError
from core.runtime.disk.private_files import edit

_KIND: Final = "a configuration file"


def parse_destination(name: str, body: str) -> NamedDestination:
    """Return the destination that a text describes.

    Args:
        name: its name.
        body: the text below its heading, which is line 1 in errors.

    Raises:
        UsageError: the name is invalid, or the text is not TOML.
        ConfigurationError: the text has mistakes; all of them are in the error.
    """
    _check_name(name)
    found = read_destinations(TomlFile(Path(FILE), f"[{TABLE}.{name}]\n{body}"))
    if set(found) != {name}:
        raise UsageError("The text must be that of one destination.")
    return found[name]


def get_destination_text(name: str) -> str:
    """Return the text below the heading of a destination, without what belongs to the next one.

    Raises:
        UsageError: the file has mistakes or no such destination, or has it without a heading.
    """
    file = _read_file()
    start, end = _find(file, name)
    return "\n".join(file.text.splitlines()[start:end])


def write_destination(name: str, body: str, *, former: str | None = None) -> None:
    """Write a destination into the file, which is made if it is missing.

    Args:
        name: its name.
        body: the text below its heading.
        former: the name that it had; None for a new one.

    Raises:
        UsageError: as for `parse_destination`, or another destination has the name.
        LocalResourceError: the file cannot be written.
    """
    parse_destination(name, body)
    path = _find_path()
    file = TomlFile.read(path, _KIND)
    known = read_destinations(file) if file else {}
    if name != former and name in known:
        raise UsageError(f"There is a destination {name} already.", "Choose another name.")
    added = [f"[{TABLE}.{name}]", *body.rstrip().splitlines()]
    lines = file.text.splitlines() if file else []
    if file is None or former is None:
        lines += [*([""] if lines and lines[-1].strip() else []), *added]
    else:
        start, end = _find(file, former)
        lines[start - 1 : end] = added
        if name != former:  # its further headings have the name too
            lines = [line.replace(f"[{TABLE}.{former}.", f"[{TABLE}.{name}.") for line in lines]
    _write(path, lines)


def remove_destination(name: str) -> None:
    """Remove a destination from the file, with its comments.

    Raises:
        UsageError: as for `get_destination_text`, or a part of it has a heading of its own.
        LocalResourceError: the file cannot be written.
    """
    file = _read_file()
    start, end = _find(file, name)
    lines = file.text.splitlines()
    if any(line.lstrip().startswith(f"[{TABLE}.{name}.") for line in lines):
        raise UsageError(f"{name} has several headings in {FILE}.", "Remove it there.")
    del lines[start - 1 : end]
    while start - 1 < len(lines) and start > 1 and not lines[start - 1].strip():
        if lines[start - 2].strip():
            break
        del lines[start - 1]
    _write(file.path, lines)


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name) or "." in name:
        raise UsageError("The name must have letters, digits and _ - only.")


def _find_path() -> Path:
    path = find_file()
    if path is None:
        raise LocalResourceError("There is no configuration directory.", "Name one.")
    return path


def _read_file() -> TomlFile:
    path = _find_path()
    file = TomlFile.read(path, _KIND)
    if file is None:
        raise UsageError(f"{path} does not exist.")
    return file


def _find(file: TomlFile, name: str) -> tuple[int, int]:
    """Return the line of a heading, from 1, and the last line that belongs to it."""
    found = find_lines(file.text)
    lines = file.text.splitlines()
    start = found.get((TABLE, name), 0)
    if not start:
        raise UsageError(f"{file.path} has no destination {name}.")
    heading = lines[start - 1].strip()
    try:
        is_own = heading.startswith("[") and tomllib.loads(heading) == {TABLE: {name: {}}}
    except tomllib.TOMLDecodeError:
        is_own = False
    if not is_own:
        raise UsageError(
            f"{name} has no heading [{TABLE}.{name}] in {file.path}.", "Change it there."
        )
    headings = (n for n in found.values() if n > start and lines[n - 1].lstrip().startswith("["))
    end = min(headings, default=len(lines) + 1) - 1
    if end < len(lines):  # comments right above the next heading, below a blank line, are its own
        above = end
        while above > start and lines[above - 1].lstrip().startswith("#"):
            above -= 1
        end = end if lines[above - 1].strip() else above
    while end > start and not lines[end - 1].strip():
        end -= 1
    return start, end


def _write(path: Path, lines: list[str]) -> None:
    text = "\n".join(lines).rstrip("\n") + "\n"
    read_destinations(TomlFile(path, text))  # nothing is written that cannot be read
    try:
        edit(path, text)
    except OSError as error:
        raise LocalResourceError(
            f"{path} cannot be written: {error.strerror or 'I/O error'}.", "Check the directory."
        ) from error
