"""A request as something to paste: the `--batch` command, and the Python call.

Neither holds a secret: connections that are not known by name, and boto3's options, are left out.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from core.request.request import MEBIBYTE, Request, StreamLimit

_SIZES = frozenset({"memory_limit", "max_file_size"})
_NEVER = frozenset({"s3_options"})
_LINE = 88  # characters of a Python call on one line


def as_command(request: Request, *, demo: bool = False) -> str:
    """The shell command that does the same, for a POSIX shell.

    Column names that begin or end with a blank cannot be said on a command line; the run then
    ends with an error that names the column.

    Args:
        request: what to do.
        demo: against the embedded warehouse and bucket.
    """
    words = ["amplify-transfer", "--batch", *(["--demo"] if demo else [])]
    for name, value in _given(request, demo=demo):
        option = f"--{name.replace('_', '-')}"
        if value is True:
            words.append(option)
        else:
            text = str(value) if isinstance(value, str | int) else _joined(value)
            # An argument of its own must not begin like an option.
            words += [f"{option}={text}"] if text.startswith("-") else [option, text]
    return shlex.join(words)


def as_python(request: Request) -> str:
    """The Python code that does the same, its result printed."""
    given = dict(_given(request, demo=False))
    table, bucket = given.pop("table"), given.pop("bucket")
    arguments = [_literal(table), _literal(bucket)]
    arguments += [f"{name}={_literal(value)}" for name, value in given.items()]
    call = f"transfer_data({', '.join(arguments)})"
    if len(call) > _LINE:
        call = "transfer_data(\n" + "".join(f"    {each},\n" for each in arguments) + ")"
    return f"from core import transfer_data\n\nresult = {call}\nprint(result)\n"


def _given(request: Request, *, demo: bool) -> Iterator[tuple[str, str | int | Sequence[str]]]:
    """The options that are not at their defaults, by name."""
    for name, field in Request.model_fields.items():
        value = getattr(request, name)
        if name in _NEVER or (value == field.default and not field.is_required()):
            continue
        if name == "connection" and (demo or not isinstance(value, str)):
            continue
        if name == "endpoint_url" and demo:
            continue
        if name in _SIZES:
            value = _size(value)
        yield name, str(value) if isinstance(value, StreamLimit) else value


def _size(size: int) -> str | int:
    return f"{size // MEBIBYTE}MB" if size % MEBIBYTE == 0 else size


def _joined(names: Sequence[str]) -> str:
    """Names as `core.request.request.split_names` reads them."""
    if not names:
        return "none"
    return ",".join(_name(name) for name in names)


def _name(name: str) -> str:
    plain = name.strip() == name and name.lower() != "none" and not set(name) & set(',"\r\n')
    return name if plain else '"' + name.replace('"', '""') + '"'


def _literal(value: object) -> str:
    """A Python literal with double quotes, as formatters write it."""
    if isinstance(value, str):
        text = repr(value)
        return text if '"' in value else '"' + text[1:-1].replace("\\'", "'") + '"'
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_literal, value))}]"
    return repr(value)
