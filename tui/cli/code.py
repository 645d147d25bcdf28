"""Ask on the terminal for the code of an AWS profile's second factor."""

from __future__ import annotations

import sys
from pathlib import Path

_TERMINAL = Path("/dev/tty")


def can_ask() -> bool:
    """Return whether a person is at the terminal: not in cron, a pipe or a service."""
    return sys.stdin.isatty() and sys.stdout is not None and _TERMINAL.exists()


def ask_on_terminal(device: str) -> str:
    """Ask for the code, on the terminal itself: stdout and stderr may go elsewhere.

    It is shown as it is typed, since it expires within a minute, and a stopped run need not restore
    the terminal.
    """
    with _TERMINAL.open("w", encoding="utf-8") as screen:
        screen.write(f"MFA code of {device}: ")
    with _TERMINAL.open(encoding="utf-8") as keyboard:
        return keyboard.readline().strip()
