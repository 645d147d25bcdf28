"""Errors that nobody catches, of threads and of clean-ups: told in one line, not as a traceback.

Python prints those to stderr, with texts that may hold data, secrets and control characters of
servers.
"""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from core import TransferError

if TYPE_CHECKING:
    from sys import UnraisableHookArgs


@contextmanager
def told(tell: Callable[[BaseException], object]) -> Iterator[None]:
    """Have errors that end a thread, or come of a clean-up, told in place of being printed.

    Args:
        tell: takes each error, in the thread that it ends; must not raise.
    """
    usual = threading.excepthook, sys.unraisablehook

    def of_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            tell(args.exc_value)

    def of_cleanup(args: UnraisableHookArgs) -> None:
        if args.exc_value is not None:
            tell(args.exc_value)

    threading.excepthook, sys.unraisablehook = of_thread, of_cleanup
    try:
        yield
    finally:
        threading.excepthook, sys.unraisablehook = usual


def sentence(error: BaseException) -> str:
    """One line about an error that nobody has caught, without its text; it is logged.

    Args:
        error: that ended a thread or a clean-up.
    """
    path = log(error)
    where = f"; see {path}" if path else ""
    return f"A part of the program failed in the background ({type(error).__name__}){where}."


def log(error: BaseException | None) -> str | None:
    """Append where `error` and its causes come from, without their texts, to the log file.

    Returns:
        The path of the file; None if it cannot be written.
    """
    from core.facade import append, log_dir

    lines: list[str] = []
    while error is not None:
        lines += traceback.format_tb(error.__traceback__)
        lines.append(f"{type(error).__module__}.{type(error).__qualname__}\n")
        error = error.__cause__ or error.__context__
    try:
        path = log_dir() / "errors.log"
        append(path, "".join([*lines, "\n"]))
    except (OSError, TransferError):
        return None
    return str(path)
