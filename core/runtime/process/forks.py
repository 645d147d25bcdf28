"""Refuse to work in a process that was forked from one whose libraries have threads.

After `os.fork()` the child has none of its parent's threads, but shares its descriptors. Measured
with connector 5.2 and polars 2.1 on Linux:

- A session that the child opens is registered with the event queue that the connector shares with
  the parent since its import. The parent reads the child's events, and dies of SIGSEGV.
- If polars has computed anything in the parent, the child waits for its threads for ever.

Child processes that were started otherwise (`spawn`, `forkserver`, `subprocess`) are not affected,
nor are those that were forked before either library was loaded, as Airflow's are.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

_TASKS = Path("/proc/self/task")  # Linux: a directory for each thread, with its name
_before: list[str] = []  # the libraries with threads, in the process that forks
_inherited: list[str] = []  # the same, in a child


def check_not_forked() -> None:
    """Refuse to work with libraries whose threads this process has lost.

    Raises:
        UsageError: the process was forked after they had been loaded.
    """
    if _inherited:
        from core.errors import UsageError

        raise UsageError(
            f"This process was forked from one that had loaded {' and '.join(_inherited)}, which "
            "cannot be used after a fork.",
            'Start it with multiprocessing\'s "spawn" or "forkserver" method, or fork before '
            "the first transfer.",
        )


def _note() -> None:
    _before[:] = [
        *(["the Snowflake connector"] if "snowflake.connector" in sys.modules else []),
        *(["polars"] if "polars" in sys.modules and _has_pool() else []),
    ]


def _inherit() -> None:
    _inherited[:] = _before


def _has_pool() -> bool:
    """Whether polars has started its threads; assumed where threads have no names."""
    if not _TASKS.is_dir():
        return True
    for task in _TASKS.iterdir():
        with suppress(OSError):  # a thread that has ended
            if (task / "comm").read_text().startswith("polars-0"):
                return True
    return False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_note, after_in_child=_inherit)
