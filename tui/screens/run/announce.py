"""Announces the end of a run: the bell, and a notification of the desktop where there is one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from textual.app import App

from core import CancelledError, Skipped
from tui.format.figures import count
from tui.format.text import visible

if TYPE_CHECKING:
    from core import Outcome

# Terminals that show `OSC 777;notify`; most others that show notifications know OSC 9, and the rest
# ignore both. A terminal that knows both would show two.
_KNOW_777: Final = ("foot", "rxvt")
# The console of Linux prints what it does not know.
_KNOW_NONE: Final = ("linux", "dumb")


def announce(app: App[Any], text: str) -> None:
    """Ring the bell, and have the terminal show `text` as a notification of the desktop.

    In a browser only the app itself shows it.
    """
    app.bell()
    driver = app._driver  # the public way to write to a terminal is that of its own sequences
    if driver is None or app.is_web:
        return
    if sequence := make_notification(text, os.environ):
        driver.write(sequence)
        driver.flush()


def announce_end(
    app: App[Any], table: str, outcome: Outcome | Skipped | None, error: BaseException | None
) -> None:
    """Announce how the run of `table` ended, unless the user has cancelled it."""
    if isinstance(error, CancelledError):
        return
    if outcome is None:
        end = "not delivered"
    elif isinstance(outcome, Skipped):
        unchanged = outcome.restatement is not None
        end = "unchanged" if unchanged else "skipped, the file exists already"
    else:
        end = f"delivered, {count(outcome.row_count, 'row')}"
    announce(app, f"{table}: {end}")


def make_notification(text: str, environment: Mapping[str, str]) -> str:
    """Return the sequence that shows a notification; empty for terminals that have none.

    Args:
        text: the text; characters that are not printable are replaced.
        environment: the variables that name the terminal.
    """
    terminal = environment.get("TERM", "")
    if terminal in _KNOW_NONE:
        return ""
    # A semicolon ends a field of OSC 777, and `OSC 9;4;` is a bar of progress.
    shown = visible(text).replace(";", ",")
    if terminal.startswith(_KNOW_777):
        return f"\x1b]777;notify;amplify-transfer;{shown}\x07"
    return f"\x1b]9;amplify-transfer: {shown}\x07"
