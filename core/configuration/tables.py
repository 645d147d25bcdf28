"""Options in a TOML file: each mistake has its line, and an unknown key the nearest known one."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from core.configuration.lines import Place, find_lines, get_line
from core.connections.toml_file import parse_text, read_text
from core.errors import ConfigurationError
from core.request.request import Request
from core.request.validation_messages import InvalidOptionsError, Mistake
from core.request.write_ways import WRITE_WAYS

# The arguments of boto3's client that hold no secret. Keys belong into an AWS profile.
_PLAIN_S3_OPTIONS: Final = ("region_name", "endpoint_url")
_S3_OPTIONS: Final = "s3_options"
_KEYS: Final = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
# In place of what a table of options lacks, since a request has both.
_NEEDED: Final = {"table": "TABLE", "bucket": "s3://bucket"}
# Options that replace others, since no request has both.
_REPLACED: Final = (
    *(({way}, set(WRITE_WAYS) - {way}) for way in WRITE_WAYS),
    ({"since", "until"}, {"last_months", "include_current", "restate_months"}),
    ({"last_months"}, {"since", "until"}),
)


class TomlFile:
    """A TOML file, and the mistakes that were found in it.

    Args:
        path: the file.
        text: its text.

    Attributes:
        path, text: the arguments.
        data: its content.

    Raises:
        UsageError: the text is not TOML.
    """

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.text = text
        self.data = parse_text(path, text)
        self._lines = find_lines(text)
        self._mistakes: list[tuple[int, str]] = []

    @classmethod
    def read(cls, path: Path, kind: str) -> TomlFile | None:
        """Read a file; None if it is missing.

        Args:
            path: the file.
            kind: what the file is, for errors.

        Raises:
            UsageError: it cannot be read, or is not TOML.
        """
        text = read_text(path, kind)
        return None if text is None else cls(path, text)

    def line(self, place: Place) -> int:
        """Return the line of a value, or that of the nearest table around it."""
        return get_line(self._lines, place)

    def refuse(self, place: Place, text: str) -> None:
        """Note a mistake, which `check` raises."""
        if (mistake := (self.line(place), text)) not in self._mistakes:
            self._mistakes.append(mistake)

    def check(self, hint: str = "Correct the file.") -> None:
        """Raise all mistakes.

        Raises:
            ConfigurationError: there are some.
        """
        if self._mistakes:
            raise ConfigurationError(str(self.path), self._mistakes, hint)

    def tables(self, value: Any, place: Place) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the tables in a table by name; what is no table is a mistake."""
        if not isinstance(value, dict):
            self.refuse(place, f"{_name(place)} must be a table")
            return
        for name, inner in value.items():
            if isinstance(inner, dict):
                yield name, inner
            else:
                self.refuse((*place, name), f"{_name((*place, name))} must be a table")

    def check_keys(self, table: Mapping[str, Any], place: Place, known: Collection[str]) -> None:
        """Note each key of a table that is not among the known ones."""
        for name in table:
            if name not in known:
                self.refuse((*place, name), f"there is no key {name!r} here{suggest(name, known)}")

    def check_options(
        self,
        options: Mapping[str, Any],
        places: Mapping[str, Place],
        adapt: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict,
    ) -> None:
        """Note what is wrong with options of `Request`, all of them known.

        Args:
            options: the options by name.
            places: where each of them is given; under "" the table, for mistakes that concern
                several.
            adapt: what will be done to the options before they are a request.
        """
        self._check_secrets(options, places)
        for name, text in _validate({**_NEEDED, **adapt(options)}):
            self.refuse(places.get(name, places[""]), f"{name}: {text}" if name else text)

    def _check_secrets(self, options: Mapping[str, Any], places: Mapping[str, Place]) -> None:
        if not isinstance(options.get("connection", ""), str):
            text = "connection: must be the name of a connection, which is where secrets belong"
            self.refuse(places["connection"], text)
        s3 = options.get(_S3_OPTIONS)
        for name in s3 if isinstance(s3, dict) else ():
            place = (*places[_S3_OPTIONS], name)
            if name in _KEYS:
                text = f"{name} is a secret, which does not belong into a file: name an AWS profile"
                self.refuse(place, f"{_S3_OPTIONS}: {text} or a role")
            elif name not in _PLAIN_S3_OPTIONS:
                more = suggest(name, _PLAIN_S3_OPTIONS)
                self.refuse(place, f"{_S3_OPTIONS}: there is no key {name!r}{more}")


def merge(options: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return `options` with those of `given`, which win over them and over those they exclude.

    Example:
        >>> merge({"last_months": 1, "gzip": True}, {"since": "2024-01"})
        {'gzip': True, 'since': '2024-01'}
    """
    lost: set[str] = set()
    for names, others in _REPLACED:
        if not names.isdisjoint(given):
            lost |= others
    if given.get("format") == "parquet":
        lost.add("gzip")  # which parquet excludes
    return {**{name: each for name, each in options.items() if name not in lost}, **given}


def suggest(name: str, known: Collection[str]) -> str:
    """Return `; did you mean ...?` with the nearest of the known names, if one is near."""
    near = difflib.get_close_matches(name.lower().replace("-", "_"), known, n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""


def _validate(options: Mapping[str, Any]) -> list[Mistake]:
    try:
        Request(**options)
    except InvalidOptionsError as error:
        return error.mistakes
    return []


def _name(place: Place) -> str:
    return ".".join(map(str, place))
