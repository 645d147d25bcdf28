"""The protocol by which a caller cancels a run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import sleep
from typing import Final, Protocol

from core.errors import CancelledError, IntegrityError, TransferError
from core.runtime.deadline import Deadline

_LONG: Final = 3600.0  # seconds
_LOOK: Final = 0.1  # seconds between two looks at the other of two cancellations


class Cancel(Protocol):
    """An object by which a caller cancels: a `threading.Event`, or one with these methods."""

    def is_set(self) -> bool:
        """Whether the run should stop."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait up to `timeout` seconds for the cancellation; return `is_set()`."""


class _Never:
    """A Cancel that is never set."""

    def is_set(self) -> bool:
        """Return False."""
        return False

    def wait(self, timeout: float | None = None) -> bool:
        """Wait `timeout` seconds; forever if None."""
        while timeout is None:
            sleep(_LONG)
        sleep(timeout)
        return False


NEVER: Final[Cancel] = _Never()


class LinkedCancel:
    """A Cancel that its owner sets, and that is set too once another one is.

    Args:
        other: such as the one of the caller.
    """

    def __init__(self, other: Cancel) -> None:
        self._own, self._other = threading.Event(), other

    def set(self) -> None:
        """Set it; the other one is left as it is."""
        self._own.set()

    def is_set(self) -> bool:
        """Whether one of both is set."""
        return self._own.is_set() or self._other.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait up to `timeout` seconds for one of both; return `is_set()`."""
        deadline = None if timeout is None else Deadline(timeout)
        while not self.is_set():
            left = _LOOK if deadline is None else min(deadline.left, _LOOK)
            if left <= 0:
                break
            self._own.wait(left)
        return self.is_set()


@contextmanager
def translate_cancellation(cancel: Cancel) -> Iterator[None]:
    """Raise CancelledError for an error that a cancellation may have caused, as in polars.

    An error with another cause, such as a refusal, is raised unchanged.
    """
    try:
        yield
    except Exception as error:
        if _may_be_of_a_cancel(error) and cancel.is_set():
            raise CancelledError from error
        raise


def _may_be_of_a_cancel(error: Exception) -> bool:
    """Whether an error has no specific class, or reports data that ended too early."""
    if isinstance(error, TransferError):
        return type(error) is TransferError or isinstance(error, IntegrityError)
    return True


def check(cancel: Cancel) -> None:
    """Raise CancelledError if `cancel` is set."""
    if cancel.is_set():
        raise CancelledError
