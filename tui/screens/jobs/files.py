"""Which job file the app uses, and what is to be read from one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core import ConfigurationError, TransferError
from core.facade import JobEntry, config_dir, read_entries
from tui.format.remedies import in_app
from tui.format.text import visible
from tui.preferences import Memory

_FILE: Final = "jobs.toml"


@dataclass(frozen=True)
class JobPlace:
    """A transfer of a job file.

    Attributes:
        path: the file.
        name: its name there.
    """

    path: Path
    name: str


@dataclass(frozen=True)
class JobFile:
    """A job file as it was read last.

    Attributes:
        path: the file.
        exists: whether there is one.
        entries: its transfers; none if it has mistakes.
        mistakes: what is wrong with it, each with its line where that is known.
    """

    path: Path
    exists: bool
    entries: tuple[JobEntry, ...] = ()
    mistakes: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: Path) -> JobFile:
        """Read a file; what is wrong with it is an attribute, not an error."""
        try:
            if not path.exists():
                return cls(path, exists=False)
            return cls(path, exists=True, entries=read_entries(path))
        except ConfigurationError as error:
            # The screen shows the path of the job file already; another file is named.
            cut = (each.removeprefix(f"{path}, ") for each in error.mistakes)
            return cls(path, exists=True, mistakes=tuple(visible(each) for each in cut))
        except TransferError as error:
            return cls(path, exists=True, mistakes=(visible(in_app(str(error))),))
        except (OSError, ValueError) as error:  # ValueError: NUL in the path
            reason = getattr(error, "strerror", None) or "the path is invalid"
            return cls(path, exists=True, mistakes=(f"The file cannot be read: {reason}.",))

    def find(self, name: str) -> JobEntry | None:
        """Return the transfer of a name; None if the file has no such transfer."""
        return next((each for each in self.entries if each.name == name), None)


def find_job_file(memory: Memory) -> Path:
    """Return the job file that was used last, else `jobs.toml` in the configuration directory."""
    if memory.job_file:
        return Path(memory.job_file)
    try:
        return config_dir() / _FILE
    except TransferError:
        return Path(_FILE)


def parse_path(text: str) -> Path:
    """Return the path that a user has typed; `~` is the home directory."""
    path = Path(text.strip())
    try:
        return path.expanduser()
    except RuntimeError:  # no home directory
        return path
