"""Runs the program as on a system that lacks what only POSIX has.

    python -m tests.support.programs.foreign_system ARGUMENT...

The modules and functions that Windows does not have cannot be imported or called, /proc is absent,
a shared library of the process itself cannot be opened (`ctypes.CDLL(None)` raises TypeError
there), and stdout and stderr encode cp1252, as a console of western Windows does. `os.name` stays,
because the standard library itself depends on it: so what the program selects by it is not tried.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Any

import filelock  # noqa: F401  uses this system's locks, as it uses those of Windows there
import platformdirs.unix  # noqa: F401  imports os.getuid, but only calls it for one directory

MODULES = ("fcntl", "resource", "termios", "tty", "pty", "pwd", "grp")
FUNCTIONS = (
    *("getuid", "geteuid", "getgid", "getegid", "fork", "forkpty", "register_at_fork", "killpg"),
    *("setsid", "getpgid", "getpgrp", "tcgetpgrp", "mkfifo", "chown", "fchown", "fchmod"),
    *("getloadavg", "O_NOFOLLOW"),
    *("O_DIRECTORY", "O_CLOEXEC", "O_NONBLOCK", "pread", "preadv"),
)
SIGNALS = ("SIGHUP", "SIGQUIT", "SIGWINCH", "SIGTSTP", "SIGCONT", "SIGUSR1", "SIGKILL", "SIGPIPE")


class _Missing:
    """Finds no module of Windows's missing ones."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name in MODULES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def _hide_proc(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("open", "os.listdir", "os.scandir") and str(arguments[0]).startswith("/proc"):
        raise FileNotFoundError(2, "No such file or directory", arguments[0])


def _open_library(name: object, *arguments: Any, **more: Any) -> Any:
    if name is None:
        raise TypeError("argument of type 'NoneType' is not iterable")
    return _CDLL(name, *arguments, **more)


_CDLL = ctypes.CDLL


def become() -> None:
    """Take everything away from this process."""
    for name in MODULES:
        sys.modules.pop(name, None)
    sys.meta_path.insert(0, _Missing())  # type: ignore[arg-type]
    for name in FUNCTIONS:
        if hasattr(os, name):
            delattr(os, name)
    for name in SIGNALS:
        if hasattr(signal, name):
            delattr(signal, name)
    ctypes.CDLL = _open_library  # type: ignore[misc,assignment]
    sys.addaudithook(_hide_proc)
    sys.stdout.reconfigure(encoding="cp1252")  # type: ignore[union-attr]
    sys.stderr.reconfigure(encoding="cp1252", errors="backslashreplace")  # type: ignore[union-attr]


if __name__ == "__main__":
    become()
    from tui.cli.main import main

    sys.exit(main())
