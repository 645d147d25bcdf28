"""The program's directories: spilled data, run state, demo data, settings, logs.

Each follows the platform's conventions (platformdirs), can be set by an environment variable, and
has a fallback, because under cron or in a container HOME may be missing or read-only. A directory
is used only if no other user can replace it or its content (`core.runtime.disk.directories`).
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from core.errors import LocalResourceError
from core.runtime.disk.directories import UnsafeDirectoryError, private_directory, user_name

APP_NAME: Final = "amplify-transfer"
_MEMORY_FILE_SYSTEMS: Final = frozenset({"tmpfs", "ramfs", "devtmpfs"})


def spill_root() -> Path:
    """Return the directory under which runs spill, on a real disk if there is one.

    It is `AMPLIFY_SPILL_DIR`, else the user's cache directory, else `/var/tmp` or the temporary
    directory. Files on a tmpfs take memory, so such a directory is tried last.

    Raises:
        LocalResourceError: `AMPLIFY_SPILL_DIR` cannot be written, or no candidate can.
    """
    candidates = [
        *(cache / "spill" for cache in _get_user_directory("user_cache_path")),
        *_get_fallbacks("spill"),
    ]
    return _find_usable("AMPLIFY_SPILL_DIR", sorted(candidates, key=is_memory_backed))


def state_dir() -> Path:
    """Return the directory for state kept after a run: history, open uploads (`AMPLIFY_STATE_DIR`).

    Raises:
        LocalResourceError: no candidate can be written.
    """
    return _find_user_directory("state")


def data_dir() -> Path:
    """Return the directory for the demo's data (`AMPLIFY_DATA_DIR`).

    Raises:
        LocalResourceError: no candidate can be written.
    """
    return _find_user_directory("data")


def config_dir() -> Path:
    """Return the directory for settings and saved connections (`AMPLIFY_CONFIG_DIR`).

    Raises:
        LocalResourceError: no candidate can be written.
    """
    return _find_user_directory("config")


def log_dir() -> Path:
    """Return the directory for log files (`AMPLIFY_LOG_DIR`).

    Raises:
        LocalResourceError: no candidate can be written.
    """
    return _find_user_directory("log")


def is_memory_backed(path: Path) -> bool:
    """Whether `path`, or its nearest existing parent, is on a file system in memory.

    Detected on Linux only (`/proc/self/mounts`); False elsewhere.
    """
    real = path.expanduser().resolve()
    longest, kind = -1, ""
    for mount_point, file_system in _list_mounts():
        if real.is_relative_to(mount_point) and len(mount_point) >= longest:
            longest, kind = len(mount_point), file_system
    return kind in _MEMORY_FILE_SYSTEMS


def _list_mounts() -> list[tuple[str, str]]:
    try:
        lines = Path("/proc/self/mounts").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return []
    fields = (line.split(" ") for line in lines)
    return [(parts[1].replace("\\040", " "), parts[2]) for parts in fields if len(parts) > 2]


def _get_user_directory(kind: str) -> list[Path]:
    """Return the user's directory that platformdirs names; empty without a home directory."""
    import platformdirs

    try:
        return [Path(getattr(platformdirs, kind)(APP_NAME, appauthor=False))]
    except RuntimeError:  # no HOME, and no entry in the user database
        return []


def _get_fallbacks(kind: str) -> list[Path]:
    shared = ("/var/tmp", tempfile.gettempdir())  # noqa: S108  checked like any other
    return [Path(root, user_name(), kind) for root in dict.fromkeys(shared)]


def _find_user_directory(kind: str) -> Path:
    """Return the first usable directory of a kind that platformdirs knows, as state or log."""
    candidates = [*_get_user_directory(f"user_{kind}_path"), *_get_fallbacks(kind)]
    return _find_usable(f"AMPLIFY_{kind.upper()}_DIR", candidates)


def _find_usable(variable: str, candidates: list[Path]) -> Path:
    if chosen := os.environ.get(variable):
        path = Path(chosen).expanduser()
        with suppress(OSError):  # the current directory may be gone
            path = path.absolute()
        return _prepare_chosen(variable, path)
    refused = []
    for path in candidates:
        try:
            return _prepare(path)
        except (OSError, ValueError) as error:
            refused.append(f"{path} ({_describe(error)})")
    raise LocalResourceError(
        f"None of these directories can be used: {', '.join(refused)}.",
        f"Set {variable} to one that only you can write.",
    )


def _prepare_chosen(variable: str, path: Path) -> Path:
    try:
        return _prepare(path)
    except UnsafeDirectoryError as error:
        remedy = f", or {error.remedy}" if error.remedy else ""
        raise LocalResourceError(
            f"The directory {path} is not safe to use: {error.filename} {error.strerror}.",
            f"Set {variable} to a directory that belongs to you and that no other user can write"
            f"{remedy}.",
        ) from error
    except (OSError, ValueError) as error:
        raise LocalResourceError(
            f"The directory {path} cannot be written.",
            f"Set {variable} to a directory that you own.",
        ) from error


def _prepare(path: Path) -> Path:
    """Return `path`, or the user's directory in it if it is shared; check that it is writable."""
    if not path.is_absolute():
        raise ValueError("is not absolute")
    directory = private_directory(path)
    if not os.access(directory, os.W_OK | os.X_OK):
        raise PermissionError("cannot be written")
    return directory


def _describe(error: OSError | ValueError) -> str:
    if isinstance(error, UnsafeDirectoryError):
        return f"{error.filename} {error.strerror}"
    return getattr(error, "strerror", None) or str(error)
