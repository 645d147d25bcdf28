"""The descriptions of AWS's services, from which botocore makes its clients.

botocore reads them again for each session, into dictionaries of its own kind, and looks into the
directories of all four hundred services before it reads those of one: half of the time that a
client takes. Here a process reads each once, into plain dictionaries, which keep their order too.
"""

from __future__ import annotations

import gzip
import json
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from botocore.loaders import JSONFileLoader, Loader, create_loader
from botocore.session import Session


def use_models(session: Session) -> None:
    """Have a new session use the descriptions that all sessions of this process share."""
    models = _open_models(session.get_config_variable("data_path"))
    session.register_component("data_loader", models)


class _Files(JSONFileLoader):  # type: ignore[misc]
    def load_file(self, file_path: str) -> Any:
        """Return what a file holds, whose path lacks its extension; None without a file."""
        for read, extension in ((open, ".json"), (gzip.open, ".json.gz")):
            with suppress(FileNotFoundError), read(file_path + extension, "rb") as file:
                return json.load(file)
        return None


class _Models(Loader):  # type: ignore[misc]
    FILE_LOADER_CLASS = _Files

    @property
    def search_paths(self) -> list[str]:
        """A copy, since each session of boto3 adds the directory of its resources."""
        return list(self._search_paths)

    def list_available_services(self, type_name: str) -> list[str]:
        """Return the names of all services, whatever kinds of descriptions each has."""
        paths = [path for path in map(Path, self.search_paths) if path.is_dir()]
        return sorted({each.name for path in paths for each in path.iterdir()})


@cache
def _open_models(more: str | None) -> Loader:
    """Return the descriptions, with those in further directories (`AWS_DATA_PATH`)."""
    places = create_loader(more).search_paths
    return _Models(extra_search_paths=places, include_default_search_paths=False)
