"""The settings that the app keeps between starts: theme, keys, recent names, last choices.

They are in one small file, private to the user. It holds no secret: connections are saved by name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from core import Request, TransferError, UsageError
from core.facade import TableName, opener, parse_table, replace, state_dir

_FILE: Final = "app.json"
_MOST_RECENT: Final = 5
_LARGEST: Final = 4 * 1024 * 1024  # bytes of the file
# The other fields of a request are secrets, or belong to the connection.
_KEPT: Final = (
    *("table", "bucket", "date_column", "date_format", "sum_columns", "key_columns"),
    *("drop_columns", "drop_identifiers", "format", "gzip", "file_name", "if_exists"),
    *("on_bad_date", "engine", "storage_integration", "stage", "unload_credentials", "verify"),
)
_DESTINATION: Final = ("bucket", "file_name")


class Memory:
    """The file of settings: read once, and written on each change if it can be.

    Args:
        path: the file; None to save nothing.

    Attributes:
        path: the file.
        profile: the name of the connection to which recent names and choices belong.
    """

    def __init__(self, path: Path | None) -> None:
        self.profile = ""
        self.path = path
        self._kept = _read(path)

    @classmethod
    def of_user(cls) -> Memory:
        """Return the settings of the user; nothing is saved if there is no state directory."""
        try:
            return cls(state_dir() / _FILE)
        except TransferError:
            return cls(None)

    @property
    def theme(self) -> str:
        """The name of the theme chosen last; empty if none was."""
        return str(self._kept.get("theme", ""))

    @theme.setter
    def theme(self, name: str) -> None:
        self._keep(theme=name)

    @property
    def keys(self) -> Mapping[str, str]:
        """Keys by the id of their binding, as the user wrote them into the file."""
        keys = self._kept.get("keys")
        return {str(k): str(v) for k, v in keys.items()} if isinstance(keys, dict) else {}

    @property
    def keymap(self) -> str:
        """The name of a preset of keys; empty for the default keys."""
        return str(self._kept.get("keymap") or "")

    @keymap.setter
    def keymap(self, name: str) -> None:
        self._keep(keymap=name)

    @property
    def job_file(self) -> str:
        """The path of the job file used last; empty if none was."""
        return str(self._kept.get("job_file") or "")

    @job_file.setter
    def job_file(self, path: str) -> None:
        self._keep(job_file=path)

    @property
    def recent_tables(self) -> list[TableName]:
        """The tables used last, most recent first."""
        names: list[TableName] = []
        for text in self._list_recent("tables"):
            with suppress(UsageError, TypeError):
                names.append(TableName(*parse_table(text)))
        return names

    @property
    def recent_buckets(self) -> list[str]:
        """The destinations used last, most recent first."""
        return self._list_recent("buckets")

    def use_table(self, name: TableName) -> None:
        """Put a table first in `recent_tables`."""
        self._use("tables", str(name))

    def use_bucket(self, text: str) -> None:
        """Put a destination first in `recent_buckets`."""
        self._use("buckets", text)

    def keep(self, request: Request) -> None:
        """Save the choices in `request`, but for its destination."""
        self._write_choices(request, [name for name in _KEPT if name not in _DESTINATION])

    def keep_destination(self, request: Request) -> None:
        """Save the destination of `request`, and put it first in `recent_buckets`.

        It is saved once it was tested or used: one that is being typed may be a slip of the hand.
        """
        self._write_choices(request, _DESTINATION)
        self.use_bucket(request.bucket)

    def _write_choices(self, request: Request, names: Sequence[str]) -> None:
        given = {name: getattr(request, name) for name in names}
        others = {name: value for name, value in self.choices.items() if name not in names}
        chosen = {k: v for k, v in given.items() if v not in (None, "?", (), False)}
        self._write_profile(choices={**others, **chosen})

    @property
    def choices(self) -> dict[str, Any]:
        """The options of the request saved last."""
        kept = self._read_profile().get("choices")
        return {k: v for k, v in kept.items() if k in _KEPT} if isinstance(kept, dict) else {}

    def _list_recent(self, what: str) -> list[str]:
        names = self._read_profile().get(what)
        return [text for text in names if isinstance(text, str)] if isinstance(names, list) else []

    def _use(self, what: str, text: str) -> None:
        others = [each for each in self._list_recent(what) if each != text]
        self._write_profile(**{what: [text, *others][:_MOST_RECENT]})

    def _read_profile(self) -> Mapping[str, Any]:
        profiles = self._kept.get("profiles")
        own = profiles.get(self.profile) if isinstance(profiles, dict) else None
        return own if isinstance(own, dict) else {}

    def _write_profile(self, **values: object) -> None:
        profiles = self._kept.get("profiles")
        known = profiles if isinstance(profiles, dict) else {}
        self._keep(profiles={**known, self.profile: {**self._read_profile(), **values}})

    def _keep(self, **values: object) -> None:
        changed = {**self._kept, **values}
        if changed == self._kept:
            return
        self._kept = changed
        if self.path is not None:
            with suppress(OSError):
                replace(self.path, json.dumps(changed, indent=1, default=_as_list))


def _read(path: Path | None) -> dict[str, Any]:
    try:
        if path is None:
            return {}
        with open(path, "rb", opener=opener) as file:
            kept = json.loads(file.read(_LARGEST))  # a larger file is cut, so it is not JSON
    except (OSError, ValueError, RecursionError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _as_list(value: object) -> Sequence[Any]:
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(type(value).__name__)
