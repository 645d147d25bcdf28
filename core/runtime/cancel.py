"""What a caller cancels with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import sleep
from typing import Final, Protocol

from core.errors import CancelledError, IntegrityError, TransferError

_LONG: Final = 3600.0  # seconds


class Cancel(Protocol):
    """What a caller cancels with: a `threading.Event`, or anything alike."""

    def is_set(self) -> bool:
        """Whether the run should stop."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait up to `timeout` seconds for the wish to stop; returns `is_set()`."""


class _Never:
    """A Cancel that nobody can set."""

    def is_set(self) -> bool:
        """False."""
        return False

    def wait(self, timeout: float | None = None) -> bool:
        """Wait the whole time."""
        while timeout is None:
            sleep(_LONG)
        sleep(timeout)
        return False


NEVER: Final[Cancel] = _Never()


@contextmanager
def failing_of(cancel: Cancel) -> Iterator[None]:
    """Raise CancelledError where something else breaks of a cancel, as polars' threads may.

    A failure that stands for itself, such as a refusal, is raised as it is.
    """
    try:
        yield
    except Exception as error:
        if _may_be_of_a_cancel(error) and cancel.is_set():
            raise CancelledError from error
        raise


def _may_be_of_a_cancel(error: Exception) -> bool:
    """Whether an error has no class of its own, or reports data that ended too early."""
    if isinstance(error, TransferError):
        return type(error) is TransferError or isinstance(error, IntegrityError)
    return True


def check(cancel: Cancel) -> None:
    """Raise CancelledError if `cancel` is set."""
    if cancel.is_set():
        raise CancelledError
