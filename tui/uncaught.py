"""Uncaught errors of threads and of clean-ups: reported in one line, without a traceback.

Python prints them to stderr, with texts that may hold data, secrets and control characters from
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
def handle(report: Callable[[BaseException], object]) -> Iterator[None]:
    """Report errors that end a thread or occur in a clean-up, instead of printing them.

    Args:
        report: called with each error, in the thread that it ends; must not raise.
    """
    usual = threading.excepthook, sys.unraisablehook

    def of_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            report(args.exc_value)

    def of_cleanup(args: UnraisableHookArgs) -> None:
        if args.exc_value is not None:
            report(args.exc_value)

    threading.excepthook, sys.unraisablehook = of_thread, of_cleanup
    try:
        yield
    finally:
        threading.excepthook, sys.unraisablehook = usual


def describe(error: BaseException) -> str:
    """Log an uncaught error, and return one line about it, without its text.

    Args:
        error: the error that ended a thread or a clean-up.
    """
    path = log(error)
    where = f"; see {path}" if path else ""
    return f"A part of the program failed in the background ({type(error).__name__}){where}."


def log(error: BaseException | None) -> str | None:
    """Append the traceback of `error` and of its causes, without their texts, to the log file.

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
