"""The file of the history, as lines of text."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from core.runtime.disk.private_files import opener

HISTORY_FILE: Final = "history.jsonl"  # in the state directory
_LARGEST: Final = 64 * 1024 * 1024  # bytes


def read_lines(path: Path) -> list[str]:
    """Return the lines of the file with their line ends, which the last may lack.

    Raises:
        OSError: the file exists and cannot be read.
    """
    try:
        with open(path, "rb", opener=opener) as file:
            if os.fstat(file.fileno()).st_size > _LARGEST:  # not a history: it is overwritten
                return []
            return [line.decode("utf-8", "replace") for line in file]
    except FileNotFoundError:
        return []
