"""What a caller cancels with."""

from __future__ import annotations

from typing import Protocol

from core.errors import CancelledError


class Cancel(Protocol):
    """What a caller cancels with: a `threading.Event`, or anything alike."""

    def is_set(self) -> bool:
        """Whether the run should stop."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait up to `timeout` seconds for the wish to stop; returns `is_set()`."""


def check(cancel: Cancel) -> None:
    """Raise CancelledError if `cancel` is set."""
    if cancel.is_set():
        raise CancelledError
