"""Rename and remove the transfers of a job file; what stands around them is kept as it is."""

from __future__ import annotations

from pathlib import Path

import tomlkit

from core.configuration.tables import TomlFile
from core.errors import UsageError
from core.jobs.change import find_table
from core.jobs.job_file import TRANSFERS, open_job_file, parse_job
from core.jobs.save import is_job_name, write_file


def rename_transfer(path: Path, name: str, new: str) -> None:
    """Give a transfer of a job file another name.

    Args:
        path: the job file.
        name: its name.
        new: the name that it gets.

    Raises:
        UsageError: the file has mistakes or no such transfer, or the new name is invalid or taken.
        LocalResourceError: the file cannot be written.
    """
    file = open_job_file(path)
    document = tomlkit.parse(file.text)
    find_table(document.get(TRANSFERS), path, name)["name"] = new
    if not is_job_name(new):
        raise UsageError(
            f"{new!r} cannot be the name of a transfer.", "Use letters, digits, '.', '_' and '-'."
        )
    text = tomlkit.dumps(document)
    parse_job(TomlFile(path, text))  # another transfer may have the name
    write_file(path, text)


def remove_transfer(path: Path, name: str) -> None:
    """Remove a transfer from a job file, with the comments that stand directly above it.

    Args:
        path: the job file.
        name: the name of the transfer.

    Raises:
        UsageError: the file has no such transfer, or is written in a way in which it cannot be cut
            out.
        LocalResourceError: the file cannot be written.
    """
    file = open_job_file(path)
    find_table(tomlkit.parse(file.text).get(TRANSFERS), path, name)
    rows = file.data[TRANSFERS]
    index = next(n for n, row in enumerate(rows) if row.get("name") == name)
    text = _cut(file.text, file.line((TRANSFERS, index)) - 1)
    kept = [row for n, row in enumerate(rows) if n != index]
    wanted = {key: value for key, value in file.data.items() if key != TRANSFERS}
    if kept:
        wanted[TRANSFERS] = kept
    if TomlFile(path, text).data != wanted:
        raise UsageError(
            f"{name} cannot be cut out of {path} without a change of the rest.",
            "Remove it in an editor.",
        )
    write_file(path, text)


def _cut(text: str, start: int) -> str:
    """Return a text without the table whose heading is in the line `start`, counted from 0."""
    lines = text.splitlines(keepends=True)
    end = start + 1
    while end < len(lines) and not _is_heading_of_another(lines[end]):
        end += 1
    while end > start + 1 and _is_around(lines[end - 1]):  # belongs to what follows
        end -= 1
    while start and lines[start - 1].lstrip().startswith("#"):
        start -= 1
    before, after = lines[:start], lines[end:]
    while before and after and not before[-1].strip() and not after[0].strip():
        del after[0]
    while before and not after and not before[-1].strip():
        del before[-1]
    return "".join((*before, *after))


def _is_heading_of_another(line: str) -> bool:
    """Return whether a line begins a table that is not part of the transfer before it."""
    bare = line.lstrip()
    return bare.startswith("[") and not bare.lstrip("[ \t").startswith(f"{TRANSFERS}.")


def _is_around(line: str) -> bool:
    bare = line.strip()
    return not bare or bare.startswith("#")
