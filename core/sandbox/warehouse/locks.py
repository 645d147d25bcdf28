"""Locks that a statement which is to stop does not wait for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_PATIENCE = 0.05  # seconds between checks whether the statement was stopped


@contextmanager
def patiently(lock: threading.Lock, check: Callable[[], None]) -> Iterator[None]:
    """Hold `lock`; `check` is called again and again while waiting, and may raise."""
    while not lock.acquire(timeout=_PATIENCE):
        check()
    try:
        yield
    finally:
        lock.release()
